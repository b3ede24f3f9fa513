// Losses of models of tokens and of codebooks.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace orrery::tokens {

// Cross entropy against targets softened by `smoothing`: 1 - smoothing on the right code and the rest spread evenly over all codes (Szegedy et al.
// 2016, section 7). logits [..., codes], targets [...] int64 -> [...].
at::Tensor smoothed_cross_entropy(const at::Tensor& logits, const at::Tensor& targets, double smoothing);
// Its mean over the weighted tokens of each row (MaskGIT, equation 1): logits [N, T, codes], targets and weights [N, T] -> [N]. A row needs a weight.
at::Tensor masked_cross_entropy(const at::Tensor& logits, const at::Tensor& targets, const at::Tensor& weights, double smoothing);

// Makes a codebook used: entropy of each sample's assignment to codes less the entropy of the mean assignment. `affinity` [samples, codes] is
// larger where a code is nearer (negative squared distances). The mean assignment is that of softmax(affinity / temperature), or of the nearest
// codes with its gradient straight through (`hard`). A number.
at::Tensor entropy_loss(const at::Tensor& affinity, double temperature, bool hard);

}  // namespace orrery::tokens
