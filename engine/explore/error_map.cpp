#include "engine/explore/error_map.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/tensor.h>

#include "engine/api/error_scale.h"

namespace orrery {

at::Tensor error_map(const at::Tensor& of, const at::Tensor& from) {
  const std::int64_t colours = of.size(1) == 4 ? 3 : of.size(1);
  const at::Tensor error = (of.to(at::kFloat) - from.to(at::kFloat)).narrow(1, 0, colours).abs().mean(1, /*keepdim=*/true) / 2.0;
  const at::Tensor heat = (error / kErrorWhite).clamp(0.0, 1.0);
  if (colours != 3) return (heat * 2.0 - 1.0).expand_as(of).contiguous();
  const at::Tensor ramp = at::tensor({0.0, 0.0, 0.0, 0.25, 0.05, 0.45, 0.78, 0.16, 0.32, 0.98, 0.60, 0.10, 1.0, 1.0, 1.0}, heat.options()).view({5, 3});
  const at::Tensor place = (heat * 4.0).squeeze(1), below = place.floor().clamp_max(3.0);
  const at::Tensor index = below.to(at::kLong), part = (place - below).unsqueeze(-1);
  const auto anchor = [&](const at::Tensor& which) { return ramp.index_select(0, which.flatten()).view({which.size(0), which.size(1), which.size(2), 3}); };
  const at::Tensor picture = (anchor(index) * (1.0 - part) + anchor(index + 1) * part).permute({0, 3, 1, 2}) * 2.0 - 1.0;
  return of.size(1) == 4 ? at::cat({picture, at::ones_like(heat)}, 1) : picture.contiguous();
}

}  // namespace orrery
