// How a codebook is used: counts, perplexity, codes that nobody chooses.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>

namespace orrery::tokens {

// int64 [size]: how often each code stands in `codes` (int64, any shape, in [0, size)).
at::Tensor count_codes(const at::Tensor& codes, std::int64_t size);
// exp of the entropy of counts (any type, not negative): the number of codes that would be used as evenly. 0 where nothing was counted.
double perplexity(const at::Tensor& counts);

// Running counts per batch: usage = decay usage + (1 - decay) counts, in place. usage float [size].
void track_usage(at::Tensor& usage, const at::Tensor& counts, double decay);
// int64 [n], rising: codes whose running count is below `least`.
at::Tensor dead_codes(const at::Tensor& usage, double least);

// What stats.jsonl says of a codebook in training, one plot: codes.perplexity of the step's counts; codes.used and codes.dead, of the running ones.
void watch_codes(std::map<std::string, double>& watched, const at::Tensor& counts, const at::Tensor& usage, double least);

}  // namespace orrery::tokens
