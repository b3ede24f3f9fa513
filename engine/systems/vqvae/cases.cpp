#include "engine/systems/vqvae/cases.h"

#include "engine/api/result.h"
#include "engine/tokens/cases.h"

namespace orrery::vqvae {

void run_case(parity::Case& reference) {
  if (reference.has("out.reconstruction")) return run_autoencoder_case(reference);
  if (reference.has("out.step0.embed")) return tokens::run_ema_quantizer_case(reference);
  if (reference.has("out.ar_sample")) return run_pixelcnn_case(reference);
  throw Error(ErrorCode::bad_input, "This case is of no kind that VQ-VAE has.");
}

}  // namespace orrery::vqvae
