// StyleGAN2's networks composed of ordinary ATen operations, step by step as the papers describe them: the peer of our networks. They
// take the very parameters of a network of ours. Sources: Karras et al. 2020 (StyleGAN2), section 2 and appendix B, figure 7.
#pragma once

#include <memory>

#include "engine/gan/discriminator.h"
#include "engine/nn/stylegan2_discriminator.h"
#include "engine/nn/stylegan2_generator.h"

namespace orrery::bench {

// fused: weights modulated per sample and one grouped convolution; otherwise styles scale the input and demodulation the output.
// The skip architecture only. Throws std::invalid_argument.
std::shared_ptr<Generator> plain_generator(std::shared_ptr<nn::StyleGan2Generator> g, bool fused);
// The resnet architecture only. Throws std::invalid_argument.
std::shared_ptr<Discriminator> plain_discriminator(std::shared_ptr<nn::StyleGan2Discriminator> d);

}  // namespace orrery::bench
