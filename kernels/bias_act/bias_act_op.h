// The three device functions behind bias_act, and the layout they agree on. Inner header.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>

#include "kernels/bias_act/bias_act.h"
#include "kernels/dispatch.h"

namespace orrery::kernels {

// y = clamp(act(x + b) * gain); x dense in some order that keeps `dim` whole (bias_act_layout).
using BiasActForward = at::Tensor(const at::Tensor& x, const at::Tensor& b, const BiasAct& options);
// dx = dy * dy/dx, and its sum over all but `dim` (undefined unless `want_db`). `saved` is y, or x where derivatives_need_input.
using BiasActGradient = std::pair<at::Tensor, at::Tensor>(const at::Tensor& dy, const at::Tensor& saved, const at::Tensor& b, const BiasAct& options, bool want_db);
// ddx * dy * d(dy/dx) / d saved.
using BiasActSecond = at::Tensor(const at::Tensor& ddx, const at::Tensor& dy, const at::Tensor& saved, const at::Tensor& b, const BiasAct& options);

extern Op<BiasActForward> bias_act_forward_op;
extern Op<BiasActGradient> bias_act_gradient_op;
extern Op<BiasActSecond> bias_act_second_op;

// The output does not tell the input apart (swish; lrelu with a negative slope).
inline bool derivatives_need_input(const BiasAct& o) {
  return o.activation == Activation::swish || (o.activation == Activation::lrelu && o.alpha < 0);
}
inline bool piecewise_linear(Activation a) { return a == Activation::linear || a == Activation::relu || a == Activation::lrelu; }

struct BiasActLayout {
  at::MemoryFormat format = at::MemoryFormat::Contiguous;
  std::int64_t inner = 1, channels = 1;
};
// Channels-last pictures stay so when the bias runs along channels; everything else is made contiguous.
BiasActLayout bias_act_layout(const at::Tensor& x, const BiasAct& options);

}  // namespace orrery::kernels
