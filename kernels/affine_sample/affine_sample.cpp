#include "kernels/affine_sample/affine_sample.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/affine_sample/affine_sample_cpu.h"
#include "kernels/affine_sample/affine_sample_op.h"

namespace orrery::kernels {

Op<AffineSampleFunction> affine_sample_op("affine_sample", &affine_sample_cpu);
Op<AffineSampleFunction> affine_sample_adjoint_op("affine_sample (adjoint)", &affine_sample_adjoint_cpu);

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Runs an operator where its tensors are; without a CUDA version on the CPU and back.
void run(Op<AffineSampleFunction>& op, const at::Tensor& in, const at::Tensor& theta, at::Tensor& out) {
  if (!in.is_cuda()) return op.cpu(in, theta, out);
  if (auto* on_cuda = op.cuda.load()) return on_cuda(in, theta, out);
  note_cpu_fallback(op.name);
  at::Tensor host = out.cpu();
  op.cpu(in.cpu(), theta, host);
  out.copy_(host);
}

at::Tensor sample(const at::Tensor& x, const at::Tensor& theta, std::int64_t height, std::int64_t width, bool adjoint);

struct AffineSample : torch::autograd::Function<AffineSample> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& theta, std::int64_t height, std::int64_t width,
                            bool adjoint) {
    context->saved_data["theta"] = theta;
    context->saved_data["height"] = x.size(2);
    context->saved_data["width"] = x.size(3);
    context->saved_data["adjoint"] = adjoint;
    const at::Tensor in = x.contiguous();
    const std::vector<std::int64_t> shape{x.size(0), x.size(1), height, width};
    at::Tensor out = adjoint ? at::zeros(shape, x.options()) : at::empty(shape, x.options());
    if (out.numel() != 0 && in.numel() != 0) run(adjoint ? affine_sample_adjoint_op : affine_sample_op, in, theta, out);
    else out.zero_();
    return out;
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    auto& saved = context->saved_data;
    return {sample(grads[0], saved["theta"].toTensor(), saved["height"].toInt(), saved["width"].toInt(), !saved["adjoint"].toBool()), at::Tensor(),
            at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

at::Tensor sample(const at::Tensor& x, const at::Tensor& theta, std::int64_t height, std::int64_t width, bool adjoint) {
  return AffineSample::apply(x, theta, height, width, adjoint);
}

}  // namespace

at::Tensor affine_sample(const at::Tensor& x, const at::Tensor& theta, std::int64_t out_height, std::int64_t out_width) {
  TORCH_CHECK(x.dim() == 4 && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble), "affine_sample: x must be [N, C, H, W] float");
  TORCH_CHECK(theta.dim() == 3 && theta.size(0) == x.size(0) && theta.size(1) == 2 && theta.size(2) == 3 && theta.is_cpu() &&
                  theta.scalar_type() == at::kDouble && !theta.requires_grad(),
              "affine_sample: theta must be [N, 2, 3] float64 on the CPU, without gradient");
  TORCH_CHECK(out_height >= 0 && out_width >= 0, "affine_sample: negative output size");
  return sample(x, theta.contiguous(), out_height, out_width, false);
}

}  // namespace orrery::kernels
