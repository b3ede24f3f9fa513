#include "engine/diffusion/discrete_denoiser.h"

#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>

#include "engine/api/result.h"
#include "engine/diffusion/discrete_steps.h"

namespace orrery::diffusion {
namespace {

at::Tensor per_sample(const at::Tensor& values, const at::Tensor& like) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(like.dim()), 1);
  shape[0] = -1;
  return values.to(like.options().requires_grad(false)).view(shape);
}

std::vector<double> numbers(const at::Tensor& values) {
  const at::Tensor flat = values.detach().to(at::kCPU, at::kDouble).reshape({-1}).contiguous();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

}  // namespace

DiscreteDenoiser::DiscreteDenoiser(std::shared_ptr<nn::RawNetwork> network, std::vector<double> alpha_bars, DenoiserShape shape)
    : network_(std::move(network)), alpha_bars_(std::move(alpha_bars)), shape_(std::move(shape)) {
  if (alpha_bars_.size() < 2) throw Error(ErrorCode::wrong_use, "A network in discrete time needs at least two timesteps.");
  for (const double power : alpha_bars_) {
    if (!(power > 0.0 && power < 1.0) || (!sigmas_.empty() && sigma_of(power) <= sigmas_.back())) throw Error(ErrorCode::wrong_use, "The signal powers of a network in discrete time must fall between 1 and 0.");
    sigmas_.push_back(sigma_of(power));
  }
  shape_.sigma_min = sigmas_.front();
  shape_.sigma_max = sigmas_.back();
  for (const auto& child : network_->named_children()) register_module(child.key(), child.value());
  like_ = network_->parameters().front();
}

double DiscreteDenoiser::timestep_of(double sigma) const {
  if (sigma <= sigmas_.front()) return 0.0;
  if (sigma >= sigmas_.back()) return static_cast<double>(sigmas_.size() - 1);
  const auto above = static_cast<std::size_t>(std::upper_bound(sigmas_.begin(), sigmas_.end(), sigma) - sigmas_.begin());
  const double low = std::log(sigmas_[above - 1]), high = std::log(sigmas_[above]), part = (std::log(sigma) - low) / (high - low);
  // A level that went through float32 or through x0 + sigma noise and back is still the timestep it came from.
  const double t = static_cast<double>(above - 1) + part, whole = std::nearbyint(t);
  return std::abs(std::log(sigma) - std::log(sigmas_[static_cast<std::size_t>(whole)])) < 1e-6 ? whole : t;
}

at::Tensor DiscreteDenoiser::round_sigma(const at::Tensor& sigma) const {
  std::vector<double> values = numbers(sigma);
  for (double& value : values) {
    const auto above = std::lower_bound(sigmas_.begin(), sigmas_.end(), value);
    if (above == sigmas_.begin()) value = sigmas_.front();
    else if (above == sigmas_.end()) value = sigmas_.back();
    else value = value - *(above - 1) <= *above - value ? *(above - 1) : *above;
  }
  return at::tensor(values, at::kDouble).view(sigma.sizes()).to(sigma.options());
}

at::Tensor DiscreteDenoiser::predict_noise(const at::Tensor& x_t, const at::Tensor& t, const Condition& condition) {
  nn::NetworkInput input;
  const auto options = like_.options().requires_grad(false);
  input.x = x_t.to(options);
  input.noise = t.to(options);
  input.classes = condition.classes;
  input.augment = condition.augment;
  input.dropout = condition.dropout;
  const at::Tensor out = network_->forward(input);
  const auto channels = shape_.sample.front();
  return out.size(1) > channels ? out.narrow(1, 0, channels) : out;
}

at::Tensor DiscreteDenoiser::denoise(const at::Tensor& x, const at::Tensor& sigma, const Condition& condition) {
  std::vector<double> times = numbers(sigma);
  for (double& value : times) value = timestep_of(value);
  at::Tensor t = at::tensor(times, at::kDouble);
  if (t.size(0) == 1 && x.size(0) != 1) t = t.expand({x.size(0)});
  const at::Tensor wide = per_sample(sigma, x);
  const at::Tensor noise = predict_noise(x / (wide.square() + 1.0).sqrt(), t, condition);
  return x - noise.to(x.scalar_type()) * wide;
}

}  // namespace orrery::diffusion
