#include "kernels/plain/plain_ops.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

namespace orrery::kernels::plain {

at::Tensor bias_act(const at::Tensor& x, const at::Tensor& b, const BiasAct& o) {
  at::Tensor u = x;
  if (b.defined()) {
    std::vector<std::int64_t> shape(x.dim(), 1);
    shape[o.dim] = -1;
    u = u + b.reshape(shape);
  }
  switch (o.activation) {
    case Activation::linear: break;
    case Activation::relu: u = at::relu(u); break;
    case Activation::lrelu: u = at::leaky_relu(u, o.alpha); break;
    case Activation::tanh: u = at::tanh(u); break;
    case Activation::sigmoid: u = at::sigmoid(u); break;
    case Activation::elu: u = at::elu(u); break;
    case Activation::selu: u = at::selu(u); break;
    case Activation::softplus: u = at::softplus(u); break;
    case Activation::swish: u = at::sigmoid(u) * u; break;
  }
  if (o.gain != 1.0) u = u * o.gain;
  return o.clamp >= 0 ? u.clamp(-o.clamp, o.clamp) : u;
}

at::Tensor upfirdn2d(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& o) {
  const std::int64_t n = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3);
  at::Tensor z = x;
  if (o.up_x > 1 || o.up_y > 1) {
    z = at::constant_pad_nd(x.reshape({n, c, h, 1, w, 1}), {0, o.up_x - 1, 0, 0, 0, o.up_y - 1}).reshape({n, c, h * o.up_y, w * o.up_x});
  }
  z = at::constant_pad_nd(z, o.padding);  // negative amounts crop
  at::Tensor f = filter.defined() ? filter.to(x.scalar_type()) : at::ones({1, 1}, x.options());
  const double gain = filter.defined() && f.dim() == 1 ? std::sqrt(o.gain) : o.gain;
  f = f * gain;
  if (!o.flip_filter) f = f.dim() == 1 ? f.flip({0}) : f.flip({0, 1});
  const auto each_channel = [c](const at::Tensor& input, const at::Tensor& taps) {
    const std::vector<std::int64_t> one{1, 1}, none{0, 0};
    return at::conv2d(input, taps.expand({c, 1, taps.size(0), taps.size(1)}).contiguous(), {}, one, none, one, c);
  };
  z = f.dim() == 1 ? each_channel(each_channel(z, f.view({-1, 1})), f.view({1, -1})) : each_channel(z, f);
  if (o.down_y > 1) z = z.slice(2, 0, z.size(2), o.down_y);
  if (o.down_x > 1) z = z.slice(3, 0, z.size(3), o.down_x);
  return z;
}

at::Tensor to_rgba8(const at::Tensor& x) {
  at::Tensor v = (x * 127.5 + 127.5).clamp(0, 255).add(0.5).floor();
  if (v.size(0) == 1) v = v.expand({3, v.size(1), v.size(2)});
  if (v.size(0) == 3) v = at::cat({v, at::full({1, v.size(1), v.size(2)}, 255.0, v.options())});
  return v.permute({1, 2, 0}).to(at::kByte).contiguous();
}

at::Tensor nearest_code(const at::Tensor& x, const at::Tensor& codebook) {
  return (x.square().sum(1, true) - 2.0 * x.matmul(codebook.t()) + codebook.square().sum(1).unsqueeze(0)).argmin(1);
}

void adam_step(const std::vector<at::Tensor>& params, const std::vector<at::Tensor>& grads, const std::vector<at::Tensor>& m,
               const std::vector<at::Tensor>& v, std::int64_t step, const Adam& o) {
  const at::NoGradGuard no_grad;
  const double c1 = 1.0 - std::pow(o.beta1, static_cast<double>(step)), c2 = 1.0 - std::pow(o.beta2, static_cast<double>(step));
  for (std::size_t k = 0; k < params.size(); ++k) {
    if (!grads[k].defined()) continue;
    at::Tensor g = grads[k], mean = m[k], square = v[k], p = params[k];
    if (o.replace_non_finite) g = at::nan_to_num(g, 0.0, 1e5, -1e5);
    mean.mul_(o.beta1).add_(g, 1.0 - o.beta1);
    square.mul_(o.beta2).addcmul_(g, g, 1.0 - o.beta2);
    const at::Tensor denominator = (square.sqrt() / std::sqrt(c2)).add_(o.eps);
    p.addcdiv_(mean, denominator, -o.lr / c1);
  }
}

void ema_step(const std::vector<at::Tensor>& ema, const std::vector<at::Tensor>& params, double weight) {
  const at::NoGradGuard no_grad;
  for (std::size_t k = 0; k < ema.size(); ++k) at::Tensor(ema[k]).add_((params[k] - ema[k]).mul_(weight));
}

}  // namespace orrery::kernels::plain
