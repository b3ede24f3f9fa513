// Reference cases of VQ-VAE. Each computes every tensor of its case.
#pragma once

#include "engine/parity/case.h"

namespace orrery::vqvae {

void run_case(parity::Case& reference);
void run_autoencoder_case(parity::Case& reference);
void run_pixelcnn_case(parity::Case& reference);

}  // namespace orrery::vqvae
