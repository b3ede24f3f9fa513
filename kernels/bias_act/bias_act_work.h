// Tensors and options as the loops of both devices take them. Inner header.
#pragma once

#include <ATen/core/Tensor.h>

#include <limits>

#include "kernels/bias_act/bias_act_loops.h"
#include "kernels/bias_act/bias_act_op.h"

namespace orrery::kernels {

// x: input, or for gradients the saved tensor; all contiguous in layout.format. Gradients add dy and ddx.
template <class T>
BiasActWork<T> bias_act_work(const at::Tensor& x, const at::Tensor& b, const BiasActLayout& layout, const BiasAct& options, const at::Tensor& out) {
  BiasActWork<T> w;
  w.x = x.const_data_ptr<T>();
  w.b = b.defined() ? b.const_data_ptr<T>() : nullptr;
  w.out = out.mutable_data_ptr<T>();
  w.inner = layout.inner;
  w.channels = layout.channels;
  w.activation = static_cast<int>(options.activation);
  w.saved_input = derivatives_need_input(options);
  w.alpha = static_cast<T>(options.alpha);
  w.gain = static_cast<T>(options.gain);
  w.inverse_gain = static_cast<T>(1.0 / options.gain);
  w.clamp = options.clamp < 0 ? std::numeric_limits<T>::quiet_NaN() : static_cast<T>(options.clamp);
  return w;
}

}  // namespace orrery::kernels
