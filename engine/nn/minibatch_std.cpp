#include "engine/nn/minibatch_std.h"

#include <ATen/ops/cat.h>

#include <algorithm>

namespace orrery::nn {

at::Tensor minibatch_std(const at::Tensor& x, std::int64_t group_size, std::int64_t channels) {
  const auto n = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3);
  auto members = group_size > 0 ? std::min(group_size, n) : n;
  while (members > 1 && n % members != 0) --members;
  if (members == 0) return at::cat({x, x.new_zeros({n, channels, h, w})}, 1);
  at::Tensor y = x.reshape({members, n / members, channels, c / channels, h, w});
  y = y - y.mean(0);
  y = (y.square().mean(0) + 1e-8).sqrt().mean({2, 3, 4});
  return at::cat({x, y.view({-1, channels, 1, 1}).repeat({members, 1, h, w})}, 1);
}

}  // namespace orrery::nn
