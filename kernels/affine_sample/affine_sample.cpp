#include "kernels/affine_sample/affine_sample.h"

#include <torch/csrc/autograd/custom_function.h>

#include "kernels/affine_sample/affine_sample_cpu.h"
#include "kernels/affine_sample/affine_sample_op.h"

namespace orrery::kernels {

Op<AffineSample> affine_sample_op{"affine_sample", affine_sample_cpu};
Op<AffineSample> affine_sample_adjoint_op{"affine_sample (adjoint)", affine_sample_adjoint_cpu};

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The map (or its adjoint) as a function whose derivative is the other one.
struct LinearSample : torch::autograd::Function<LinearSample> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& theta, std::int64_t height, std::int64_t width,
                            bool adjoint) {
    context->saved_data["theta"] = theta;
    context->saved_data["height"] = x.size(2);
    context->saved_data["width"] = x.size(3);
    context->saved_data["adjoint"] = adjoint;
    return call(adjoint ? affine_sample_adjoint_op : affine_sample_op, x.device(), x.contiguous(), theta, height, width);
  }
  static variable_list backward(AutogradContext* context, variable_list grads) {
    auto& saved = context->saved_data;
    const at::Tensor grad = apply(grads[0], saved["theta"].toTensor(), saved["height"].toInt(), saved["width"].toInt(), !saved["adjoint"].toBool());
    return {grad, at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor affine_sample(const at::Tensor& x, const at::Tensor& theta, std::int64_t out_height, std::int64_t out_width) {
  TORCH_CHECK(x.dim() == 4 && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble), "affine_sample: x must be [N, C, H, W] float");
  TORCH_CHECK(theta.dim() == 3 && theta.size(0) == x.size(0) && theta.size(1) == 2 && theta.size(2) == 3 && theta.is_cpu() &&
                  theta.scalar_type() == at::kDouble && !theta.requires_grad(),
              "affine_sample: theta must be [N, 2, 3] float64 on the CPU, without gradient");
  TORCH_CHECK(out_height >= 0 && out_width >= 0, "affine_sample: negative output size");
  return LinearSample::apply(x, theta.contiguous(), out_height, out_width, false);
}

}  // namespace orrery::kernels
