// Reference cases of parts that several systems of tokens share. Each computes every tensor of its case.
#pragma once

#include "engine/parity/case.h"

namespace orrery::tokens {

void run_ema_quantizer_case(parity::Case& reference);    // vqvae/quantizer
void run_vqgan_quantizer_case(parity::Case& reference);  // maskgit/vqgan_quantizer
void run_gumbel_vq_case(parity::Case& reference);        // maskgit/gumbel_vq
void run_permuter_case(parity::Case& reference);         // maskgit/vqgan_permuter
void run_gpt_case(parity::Case& reference);              // maskgit/vqgan_gpt, vqgan_gpt_prefix

}  // namespace orrery::tokens
