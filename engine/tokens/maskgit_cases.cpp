#include "engine/tokens/maskgit_cases.h"

#include "engine/api/result.h"
#include "engine/tokens/cases.h"

namespace orrery::tokens {

void run_maskgit_case(parity::Case& reference) {
  const auto& args = reference.args();
  if (reference.has("out.loss_tok")) return run_transformer_case(reference);
  if (reference.meta.contains("runs")) return run_masked_decoding_case(reference);
  if (reference.has("in.ratio")) return run_mask_schedule_case(reference);
  if (args.contains("nb_point")) return run_halton_case(reference);
  if (args.contains("vqvae")) return run_flax_tokenizer_case(reference);
  if (args.contains("hidden_channels")) return run_hf_tokenizer_case(reference);
  if (args.contains("ddconfig")) return run_vqgan_autoencoder_case(reference);
  if (args.contains("penalty_cost")) return run_residual_discriminator_case(reference);
  if (args.contains("use_actnorm")) return run_patch_discriminator_case(reference);
  if (args.contains("tau")) return run_gumbel_vq_case(reference);
  if (args.contains("sizes")) return run_permuter_case(reference);
  if (args.contains("e_dim")) return run_vqgan_quantizer_case(reference);
  if (args.contains("n_embd")) return run_gpt_case(reference);
  throw Error(ErrorCode::bad_input, "This case is of no kind that MaskGIT has.");
}

}  // namespace orrery::tokens
