// Reference cases of MaskGIT's parts. Each computes every tensor of its case.
#pragma once

#include "engine/nn/bert_transformer.h"
#include "engine/parity/case.h"

namespace orrery::tokens {

void run_transformer_case(parity::Case& reference);     // logits, losses, gradients
void run_masked_decoding_case(parity::Case& reference);  // meta.runs with recorded noise
void run_mask_schedule_case(parity::Case& reference);
void run_halton_case(parity::Case& reference);
void run_flax_tokenizer_case(parity::Case& reference);   // args.vqvae
void run_hf_tokenizer_case(parity::Case& reference);
void run_vqgan_autoencoder_case(parity::Case& reference);  // args.ddconfig; with both phases of the loss
void run_residual_discriminator_case(parity::Case& reference);
void run_patch_discriminator_case(parity::Case& reference);

// From the published constructor arguments. Throws Error(bad_input) for one that nobody knows.
nn::BertOptions bert_options(const nlohmann::json& args);
std::shared_ptr<nn::BertTransformer> loaded_bert(const parity::Case& reference, at::ScalarType type);

// Throws Error(bad_input) when the case is of no kind above.
void run_maskgit_case(parity::Case& reference);

}  // namespace orrery::tokens
