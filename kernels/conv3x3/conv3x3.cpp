#include "kernels/conv3x3/conv3x3.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/pixel_shuffle.h>
#include <ATen/ops/pixel_unshuffle.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>

#include "kernels/conv3x3/conv3x3_op.h"

namespace orrery::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Conv3x3Form adjoint(Conv3x3Form form) {
  return form == Conv3x3Form::up ? Conv3x3Form::down : form == Conv3x3Form::down ? Conv3x3Form::up : form;
}

bool by_loops(const at::Tensor& x) { return x.device().is_cpu() && x.scalar_type() == at::kFloat; }

// Channels as groups of pixels and back; LibTorch's order has the group innermost, ours outermost.
at::Tensor to_groups(const at::Tensor& x) {
  const auto n = x.size(0), c = x.size(1), h = x.size(2) / 2, w = x.size(3) / 2;
  return at::pixel_unshuffle(x, 2).view({n, c, 4, h, w}).transpose(1, 2).reshape({n, 4 * c, h, w});
}
at::Tensor from_groups(const at::Tensor& y) {
  const auto n = y.size(0), c = y.size(1) / 4, h = y.size(2), w = y.size(3);
  return at::pixel_shuffle(y.reshape({n, 4, c, h, w}).transpose(1, 2).reshape({n, 4 * c, h, w}), 2);
}

at::Tensor forward(const at::Tensor& x, const at::Tensor& w, Conv3x3Form form, bool transposed) {
  if (by_loops(x)) return conv3x3_run(x, conv3x3_pack(w, transposed), form, {});
  const at::Tensor in = form == Conv3x3Form::down ? to_groups(x) : x;
  const std::vector<std::int64_t> one{1, 1};
  const at::Tensor y = transposed ? at::conv_transpose2d(in, w, {}, one, one) : at::conv2d(in, w, {}, one, one);
  return (form == Conv3x3Form::up ? from_groups(y) : y).contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& dy, Conv3x3Form form) {
  if (by_loops(x)) return conv3x3_weight_gradient(x, dy, form);
  const at::Tensor in = form == Conv3x3Form::down ? to_groups(x) : x, out = form == Conv3x3Form::up ? to_groups(dy) : dy;
  const std::vector<std::int64_t> one{1, 1}, none{0, 0};
  const at::Tensor w = at::empty({out.size(1), in.size(1), 3, 3}, x.options());
  return std::get<1>(at::convolution_backward(out, in, w, std::nullopt, one, one, one, false, none, 1, std::array<bool, 3>{false, true, false}));
}

bool wants_graph(const at::Tensor& a, const at::Tensor& b) { return at::GradMode::is_enabled() && (a.requires_grad() || b.requires_grad()); }

at::Tensor convolve(const at::Tensor& x, const at::Tensor& w, Conv3x3Form form, bool transposed);
at::Tensor weigh(const at::Tensor& x, const at::Tensor& dy, Conv3x3Form form);

// A convolution is linear in either argument, so its derivatives are convolutions and sums over places, and so are theirs.
struct Convolution : torch::autograd::Function<Convolution> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& w, std::int64_t form, bool transposed) {
    ctx->save_for_backward({x, w});
    ctx->saved_data["form"] = form;
    ctx->saved_data["transposed"] = transposed;
    return kernels::forward(x, w, static_cast<Conv3x3Form>(form), transposed);
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &w = saved[1], &dy = grads[0];
    const auto form = static_cast<Conv3x3Form>(ctx->saved_data["form"].toInt());
    const bool transposed = ctx->saved_data["transposed"].toBool();
    at::Tensor dx, dw;
    if (ctx->needs_input_grad(0)) dx = convolve(dy, w, adjoint(form), !transposed);
    if (ctx->needs_input_grad(1)) dw = transposed ? weigh(dy, x, adjoint(form)) : weigh(x, dy, form);
    return {dx, dw, {}, {}};
  }
};

struct Weighing : torch::autograd::Function<Weighing> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& dy, std::int64_t form) {
    ctx->save_for_backward({x, dy});
    ctx->saved_data["form"] = form;
    return weight_gradient(x, dy, static_cast<Conv3x3Form>(form));
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const auto form = static_cast<Conv3x3Form>(ctx->saved_data["form"].toInt());
    at::Tensor in_x, in_dy;
    if (ctx->needs_input_grad(0)) in_x = convolve(saved[1], grads[0], adjoint(form), true);
    if (ctx->needs_input_grad(1)) in_dy = convolve(saved[0], grads[0], form, false);
    return {in_x, in_dy, {}};
  }
};

at::Tensor convolve(const at::Tensor& x, const at::Tensor& w, Conv3x3Form form, bool transposed) {
  return wants_graph(x, w) ? Convolution::apply(x, w, static_cast<std::int64_t>(form), transposed) : forward(x, w, form, transposed);
}
at::Tensor weigh(const at::Tensor& x, const at::Tensor& dy, Conv3x3Form form) {
  return wants_graph(x, dy) ? Weighing::apply(x, dy, static_cast<std::int64_t>(form)) : weight_gradient(x, dy, form);
}

void check(const at::Tensor& x, std::int64_t in, std::int64_t out, Conv3x3Form form) {
  TORCH_CHECK(x.dim() == 4 && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble), "conv3x3: x must be [N, C, H, W] of float32 or float64.");
  TORCH_CHECK(form != Conv3x3Form::down || (x.size(2) % 2 == 0 && x.size(3) % 2 == 0), "conv3x3: twice down needs even sides.");
  TORCH_CHECK(x.size(1) * (form == Conv3x3Form::down ? 4 : 1) == in, "conv3x3: x has ", x.size(1), " channels, and the weights do not fit them.");
  TORCH_CHECK(form != Conv3x3Form::up || out % 4 == 0, "conv3x3: twice up needs four groups of channels.");
}

// [9, 3, 2, 3, 2]: how the 9 weights of a kernel make the 6 x 6 that does what the filter and the kernel do one after the other; 6 x 6 as
// [tap, phase, tap, phase].
at::Tensor merged(const at::Tensor& w, const at::Tensor& filter) {
  TORCH_CHECK(filter.dim() == 2 && filter.size(0) == 4 && filter.size(1) == 4, "conv3x3: the filter must be [4, 4].");
  const std::vector<std::int64_t> one{1, 1}, none{0, 0};
  const at::TensorOptions options = w.options().requires_grad(false);
  const at::Tensor taps = filter.detach().to(options).flip({0, 1}).view({1, 1, 4, 4});
  return at::conv_transpose2d(at::eye(9, options).view({9, 1, 3, 3}), taps, {}, one, none).view({9, 3, 2, 3, 2});
}

}  // namespace

bool conv3x3_pays(const at::Tensor& x, std::int64_t out_channels, Conv3x3Form form) {
  if (!by_loops(x)) return false;
  const bool fine = form == Conv3x3Form::down;
  const std::int64_t rows = x.size(2) / (fine ? 2 : 1), columns = x.size(3) / (fine ? 2 : 1), in = x.size(1) * (fine ? 4 : 1), out = out_channels * (form == Conv3x3Form::up ? 4 : 1);
  if (fine && (x.size(2) % 2 != 0 || x.size(3) % 2 != 0)) return false;
  const std::int64_t tiles = ((rows + 3) / 4) * ((columns + 3) / 4), weights_bytes = 36 * in * out * 4;
  if (x.size(1) < 32 || out_channels < 32 || rows < 8 || columns < 8) return false;
  // Transformed weights are read once for each sample at least: few tiles do not repay large ones.
  return weights_bytes <= (std::int64_t{12} << 20) || (tiles >= (form == Conv3x3Form::same ? 16 : 64) && weights_bytes <= (std::int64_t{80} << 20));
}

at::Tensor conv3x3(const at::Tensor& x, const at::Tensor& w, Conv3x3Form form) {
  TORCH_CHECK(w.dim() == 4 && w.size(2) == 3 && w.size(3) == 3 && w.scalar_type() == x.scalar_type(), "conv3x3: w must be [out, in, 3, 3] of x's type.");
  check(x, w.size(1), w.size(0), form);
  return convolve(x, w, form, false);
}

Conv3x3Weights conv3x3_weights(const at::Tensor& w) {
  TORCH_CHECK(w.dim() == 4 && w.size(2) == 3 && w.size(3) == 3 && by_loops(w), "conv3x3: w must be [out, in, 3, 3] of float32 on the CPU.");
  return conv3x3_pack(w.detach(), false);
}

at::Tensor conv3x3_layer(const at::Tensor& x, const Conv3x3Weights& w, Conv3x3Form form, const at::Tensor& styles, const at::Tensor& scale, const at::Tensor& noise,
                         const at::Tensor& bias, const BiasAct& act) {
  TORCH_CHECK(by_loops(x), "conv3x3: x must be float32 on the CPU.");
  check(x, w.in, w.out, form);
  TORCH_CHECK(act.activation == Activation::linear || act.activation == Activation::relu || act.activation == Activation::lrelu, "conv3x3: the activation must be linear, relu or lrelu.");
  const std::int64_t n = x.size(0), out = form == Conv3x3Form::up ? w.out / 4 : w.out, times = form == Conv3x3Form::up ? 4 : 1, parts = form == Conv3x3Form::down ? 4 : 1;
  const std::int64_t pixels = x.size(2) * x.size(3) * times / parts;
  TORCH_CHECK(!styles.defined() || styles.sizes() == at::IntArrayRef({n, x.size(1)}), "conv3x3: styles must be [N, channels of x].");
  TORCH_CHECK(!scale.defined() || scale.sizes() == at::IntArrayRef({n, out}), "conv3x3: scale must be [N, channels of the result].");
  TORCH_CHECK(!bias.defined() || bias.numel() == out, "conv3x3: bias must be [channels of the result].");
  TORCH_CHECK(!noise.defined() || noise.numel() == pixels || noise.numel() == n * pixels, "conv3x3: noise must have the result's pixels.");
  return conv3x3_run(x, w, form, {styles, scale, noise, bias, true, act});
}

// With 3 zeros before and 2 after the zero-inserted picture, output 2 h + a reads taps k of positions 2 h + a - 3 + k: pixels h - 1, h, h + 1
// at k = 1 - a, 3 - a, 5 - a.
at::Tensor conv3x3_up_weights(const at::Tensor& w, const at::Tensor& filter) {
  const auto o = w.size(0), i = w.size(1);
  const at::Tensor columns = merged(w, filter).flip({2, 4}).permute({0, 2, 4, 1, 3}).reshape({9, 36}).mul_(4.0);  // [9, (a, b, taps)]
  return at::matmul(w.reshape({o * i, 9}), columns).view({o, i, 4, 9}).permute({2, 0, 1, 3}).reshape({4 * o, i, 3, 3});
}

// With 2 zeros before, output h reads taps k of positions 2 h - 2 + k: the pixels 2 (h + t - 1) + a at k = 2 t + a.
at::Tensor conv3x3_down_weights(const at::Tensor& w, const at::Tensor& filter) {
  const auto o = w.size(0), i = w.size(1);
  const at::Tensor columns = merged(w, filter).permute({0, 2, 4, 1, 3}).reshape({9, 36});
  return at::matmul(w.reshape({o * i, 9}), columns).view({o, i, 4, 9}).permute({0, 2, 1, 3}).reshape({o, 4 * i, 3, 3});
}

}  // namespace orrery::kernels
