#include "kernels/upfirdn2d/upfirdn2d.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/outer.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <optional>

#include "kernels/upfirdn2d/upfirdn2d_op.h"

namespace orrery::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor differentiable(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& options);

// The transposed operation is the same one with rates exchanged and the filter turned round.
UpFirDn transposed(const UpFirDn& o, FilterSize f, std::int64_t in_w, std::int64_t in_h, std::int64_t out_w, std::int64_t out_h) {
  UpFirDn t;
  t.up_x = o.down_x, t.up_y = o.down_y, t.down_x = o.up_x, t.down_y = o.up_y;
  t.padding = {f.width - o.padding[0] - 1, in_w * o.up_x - out_w * o.down_x + o.padding[0] - o.up_x + 1,
               f.height - o.padding[2] - 1, in_h * o.up_y - out_h * o.down_y + o.padding[2] - o.up_y + 1};
  t.flip_filter = !o.flip_filter;
  t.gain = o.gain;
  return t;
}

struct UpFirDnNode : torch::autograd::Function<UpFirDnNode> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const std::optional<at::Tensor>& maybe_filter, const UpFirDn& o) {
    const at::Tensor filter = maybe_filter ? *maybe_filter : at::Tensor();
    at::Tensor y = call(upfirdn2d_op, x.device(), x, filter, o);
    const UpFirDn t = transposed(o, filter_size(filter), x.size(3), x.size(2), y.size(3), y.size(2));
    ctx->saved_data["rates"] = std::vector<std::int64_t>{t.up_x, t.up_y, t.down_x, t.down_y, t.padding[0], t.padding[1], t.padding[2], t.padding[3], t.flip_filter};
    ctx->saved_data["gain"] = t.gain;
    ctx->save_for_backward({filter});
    return y;
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto r = ctx->saved_data["rates"].toIntVector();
    const UpFirDn t{r[0], r[1], r[2], r[3], {r[4], r[5], r[6], r[7]}, r[8] != 0, ctx->saved_data["gain"].toDouble()};
    return {differentiable(grads[0], ctx->get_saved_variables()[0], t), {}, {}};
  }
};

at::Tensor differentiable(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& options) {
  if (at::GradMode::is_enabled() && x.requires_grad()) {
    return UpFirDnNode::apply(x, filter.defined() ? std::optional<at::Tensor>(filter) : std::nullopt, options);
  }
  return call(upfirdn2d_op, x.device(), x, filter, options);
}

std::int64_t half(std::int64_t value) { return value >> 1; }  // rounds down, for negative values too

}  // namespace

FilterSize filter_size(const at::Tensor& filter) {
  if (!filter.defined()) return {1, 1};
  return {filter.size(-1), filter.size(0)};
}

std::int64_t upfirdn_size(std::int64_t in, std::int64_t taps, std::int64_t up, std::int64_t down, std::int64_t before, std::int64_t after) {
  const std::int64_t padded = in * up + before + after;
  TORCH_CHECK(padded >= taps, "upfirdn2d: ", in, " pixels, upsampled ", up, " times and padded to ", padded, ", are fewer than the filter's ", taps, " taps.");
  return (padded - taps) / down + 1;
}

at::Tensor upfirdn2d(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& o) {
  TORCH_CHECK(x.dim() == 4 && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble), "upfirdn2d: x must be [N, C, H, W] of float32 or float64.");
  TORCH_CHECK(o.up_x >= 1 && o.up_y >= 1 && o.down_x >= 1 && o.down_y >= 1, "upfirdn2d: up and down must be at least 1.");
  TORCH_CHECK(!filter.defined() || ((filter.dim() == 1 || filter.dim() == 2) && filter.numel() > 0 && filter.is_floating_point()),
              "upfirdn2d: the filter must be [f] or [fh, fw] of a floating type, not empty.");
  TORCH_CHECK(!filter.defined() || filter.device() == x.device(), "upfirdn2d: x and the filter must be on one device.");
  return differentiable(x, filter, o);
}

at::Tensor setup_filter(const at::Tensor& taps, bool normalise, bool flip, double gain) {
  TORCH_CHECK((taps.dim() == 1 || taps.dim() == 2) && taps.numel() > 0, "setup_filter: taps must be [f] or [fh, fw], not empty.");
  at::Tensor f = taps.to(at::kFloat);
  if (normalise) f = f.div(f.sum());
  if (flip) f = f.dim() == 1 ? f.flip({0}) : f.flip({0, 1});
  return f.mul(std::pow(gain, f.dim() / 2.0)).contiguous();
}

at::Tensor setup_filter(at::ArrayRef<double> taps, bool normalise, bool flip, double gain, bool separable) {
  at::Tensor f = at::empty({static_cast<std::int64_t>(taps.size())}, at::kFloat);
  for (std::size_t k = 0; k < taps.size(); ++k) f.mutable_data_ptr<float>()[k] = static_cast<float>(taps[k]);
  return setup_filter(separable ? f : at::outer(f, f), normalise, flip, gain);
}

at::Tensor upsample2d(const at::Tensor& x, const at::Tensor& filter, std::int64_t up, double gain) {
  const auto [fw, fh] = filter_size(filter);
  return upfirdn2d(x, filter, {up, up, 1, 1, {half(fw + up - 1), half(fw - up), half(fh + up - 1), half(fh - up)}, false, gain * static_cast<double>(up * up)});
}

at::Tensor downsample2d(const at::Tensor& x, const at::Tensor& filter, std::int64_t down, double gain) {
  const auto [fw, fh] = filter_size(filter);
  return upfirdn2d(x, filter, {1, 1, down, down, {half(fw - down + 1), half(fw - down), half(fh - down + 1), half(fh - down)}, false, gain});
}

at::Tensor filter2d(const at::Tensor& x, const at::Tensor& filter, double gain) {
  const auto [fw, fh] = filter_size(filter);
  return upfirdn2d(x, filter, {1, 1, 1, 1, {half(fw), half(fw - 1), half(fh), half(fh - 1)}, false, gain});
}

}  // namespace orrery::kernels
