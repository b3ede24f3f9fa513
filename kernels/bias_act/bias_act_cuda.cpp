#include <ATen/Dispatch.h>
#include <ATen/ops/empty_like.h>

#include "kernels/bias_act/bias_act_launch.h"
#include "kernels/bias_act/bias_act_op.h"
#include "kernels/bias_act/bias_act_work.h"
#include "kernels/cuda/glue.h"

namespace orrery::kernels {
namespace {

at::Tensor forward_cuda(const at::Tensor& x, const at::Tensor& b, const BiasAct& options) {
  const OnDeviceOf device(x);
  const auto layout = bias_act_layout(x, options);
  const at::Tensor from = x.contiguous(layout.format), bias = b.defined() ? b.contiguous() : b;
  at::Tensor y = at::empty_like(from, layout.format);
  if (y.numel() == 0) return y;
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "bias_act", [&] {
    bias_act_launch(BiasActPass::forward, bias_act_work<scalar_t>(from, bias, layout, options, y), from.numel(), device.stream());
  });
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return y;
}

std::pair<at::Tensor, at::Tensor> gradient_cuda(const at::Tensor& dy, const at::Tensor& saved, const at::Tensor& b, const BiasAct& options, bool want_db) {
  const OnDeviceOf device(saved);
  const auto layout = bias_act_layout(saved, options);
  const at::Tensor from = saved.contiguous(layout.format), grad = dy.contiguous(layout.format), bias = b.defined() ? b.contiguous() : b;
  at::Tensor dx = at::empty_like(from, layout.format);
  if (dx.numel() > 0) {
    AT_DISPATCH_FLOATING_TYPES(saved.scalar_type(), "bias_act_gradient", [&] {
      auto w = bias_act_work<scalar_t>(from, bias, layout, options, dx);
      w.dy = grad.const_data_ptr<scalar_t>();
      bias_act_launch(BiasActPass::gradient, w, from.numel(), device.stream());
    });
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  }
  if (!want_db) return {dx, {}};
  std::vector<std::int64_t> others;
  for (std::int64_t d = 0; d < dx.dim(); ++d) {
    if (d != options.dim) others.push_back(d);
  }
  return {dx, others.empty() ? dx.clone() : dx.sum(others)};
}

at::Tensor second_cuda(const at::Tensor& ddx, const at::Tensor& dy, const at::Tensor& saved, const at::Tensor& b, const BiasAct& options) {
  const OnDeviceOf device(saved);
  const auto layout = bias_act_layout(saved, options);
  const at::Tensor from = saved.contiguous(layout.format), grad = dy.contiguous(layout.format), outer = ddx.contiguous(layout.format);
  const at::Tensor bias = b.defined() ? b.contiguous() : b;
  at::Tensor out = at::empty_like(from, layout.format);
  if (out.numel() == 0) return out;
  AT_DISPATCH_FLOATING_TYPES(saved.scalar_type(), "bias_act_second", [&] {
    auto w = bias_act_work<scalar_t>(from, bias, layout, options, out);
    w.dy = grad.const_data_ptr<scalar_t>();
    w.ddx = outer.const_data_ptr<scalar_t>();
    bias_act_launch(BiasActPass::second, w, from.numel(), device.stream());
  });
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return out;
}

}  // namespace

void register_bias_act() {
  bias_act_forward_op.cuda = forward_cuda;
  bias_act_gradient_op.cuda = gradient_cuda;
  bias_act_second_op.cuda = second_cuda;
}

}  // namespace orrery::kernels
