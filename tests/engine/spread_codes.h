// Networks of tokens with random weights have one code for every picture, or two: their photos and blends would all look the same.
#pragma once

#include <ATen/ops/cat.h>
#include <ATen/core/grad_mode.h>

#include <vector>

#include "engine/device/rng.h"
#include "engine/tokens/quantizer.h"
#include "engine/tokens/token_network.h"

namespace orrery::tests {

// Puts the codes where random pictures of the network's size have their latents.
inline void spread_codes(TokenNetwork& net) {
  const at::NoGradGuard no_grad;
  const AutoencoderShape shape = net.tokenizer->shape();
  const std::int64_t factor = shape.levels.front().factor;
  at::Tensor book = net.tokenizer->codebook();
  std::vector<at::Tensor> rows;
  for (std::int64_t have = 0; have < book.size(0); have += rows.back().size(0)) {
    const at::Tensor coarse = Rng(100 + static_cast<std::uint64_t>(rows.size())).uniform({1, shape.channels, net.rows(), net.cols()}, at::kFloat) * 2.0 - 1.0;
    const at::Tensor picture = coarse.repeat_interleave(factor, 2).repeat_interleave(factor, 3);
    rows.push_back(tokens::to_rows(net.tokenizer->encode(picture).front()).flatten(0, 2));
  }
  book.copy_(at::cat(rows).narrow(0, 0, book.size(0)));
}

}  // namespace orrery::tests
