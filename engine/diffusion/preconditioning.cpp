#include "engine/diffusion/preconditioning.h"

#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>

#include <limits>

#include "engine/diffusion/names.h"

namespace orrery::diffusion {
namespace {

// Rounded once: a Fourier embedding multiplies the last digit by hundreds.
at::Tensor exact_log(const at::Tensor& sigma) { return sigma.to(at::kDouble).log().to(sigma.scalar_type()); }

}  // namespace

Precondition precondition_from_name(const std::string& name) {
  return by_name<Precondition>(name, "preconditioning", {{"vp", Precondition::vp}, {"ve", Precondition::ve}, {"iddpm", Precondition::iddpm}, {"edm", Precondition::edm}});
}

void set_sigma_range(const PreconditionOptions& options, DenoiserShape& shape) {
  shape.sigma_data = options.sigma_data;
  switch (options.kind) {
    case Precondition::vp:
      shape.sigma_min = options.vp.sigma(options.vp_time_min);
      shape.sigma_max = options.vp.sigma(1.0);
      break;
    case Precondition::ve:
      shape.sigma_min = options.ve_sigma_min;
      shape.sigma_max = options.ve_sigma_max;
      break;
    case Precondition::iddpm: {
      const at::Tensor u = options.iddpm.u(at::kFloat, at::kFloat);
      shape.sigma_min = u[options.iddpm.steps - 1].item<double>();
      shape.sigma_max = u[0].item<double>();
      break;
    }
    case Precondition::edm:
      shape.sigma_min = 0.0;
      shape.sigma_max = std::numeric_limits<double>::infinity();
      break;
  }
}

PreconditionedDenoiser::PreconditionedDenoiser(std::shared_ptr<nn::RawNetwork> model, const PreconditionOptions& options, DenoiserShape shape)
    : options_(options), shape_(std::move(shape)) {
  set_sigma_range(options, shape_);
  model_ = register_module("model", std::move(model));
  like_ = model_->parameters().front();
  if (options.kind == Precondition::iddpm) u_ = register_buffer("u", options.iddpm.u(at::kFloat, at::kFloat));
}

Coefficients PreconditionedDenoiser::coefficients(const at::Tensor& sigma) const {
  Coefficients c;
  switch (options_.kind) {
    case Precondition::vp:
      c.skip = at::ones_like(sigma);
      c.out = -sigma;
      c.in = (sigma.square() + 1).rsqrt();
      c.noise = options_.vp.time(sigma) * (options_.vp_steps - 1.0);
      break;
    case Precondition::ve:
      c.skip = at::ones_like(sigma);
      c.out = sigma;
      c.in = at::ones_like(sigma);
      c.noise = exact_log(sigma * 0.5);
      break;
    case Precondition::iddpm:
      c.skip = at::ones_like(sigma);
      c.out = -sigma;
      c.in = (sigma.square() + 1).rsqrt();
      c.noise = static_cast<double>(options_.iddpm.steps - 1) - nearest_index(u_, sigma).to(sigma.scalar_type());
      break;
    case Precondition::edm: {
      const double data = options_.sigma_data;
      const at::Tensor total = sigma.square() + data * data;
      c.skip = data * data / total;
      c.out = sigma * data / total.sqrt();
      c.in = total.rsqrt();
      c.noise = exact_log(sigma) / 4;
      break;
    }
  }
  return c;
}

at::Tensor PreconditionedDenoiser::denoise_tapped(const at::Tensor& x_in, const at::Tensor& sigma_in, const Condition& condition, const LayerTap& tap) {
  const auto options = like_.options().requires_grad(false);
  const at::Tensor x = x_in.to(options), sigma = sigma_in.to(options).reshape({-1});
  const Coefficients c = coefficients(sigma);
  std::vector<std::int64_t> broadcast(static_cast<std::size_t>(x.dim()), 1);
  broadcast[0] = -1;
  nn::NetworkInput input;
  input.x = c.in.view(broadcast) * x;
  input.noise = c.noise;
  if (shape_.classes > 0) input.classes = condition.classes.defined() ? condition.classes.to(options) : at::zeros({1, shape_.classes}, options);
  if (shape_.augment_dim > 0 && condition.augment.defined()) input.augment = condition.augment.to(options);
  input.dropout = condition.dropout;
  at::Tensor f = model_->forward(input, tap);
  if (f.size(1) != x.size(1)) f = f.narrow(1, 0, x.size(1));
  return (c.skip.view(broadcast) * x + c.out.view(broadcast) * f).to(x_in.scalar_type());
}

at::Tensor PreconditionedDenoiser::round_sigma(const at::Tensor& sigma) const {
  if (options_.kind != Precondition::iddpm) return sigma;
  return u_.to(sigma.scalar_type()).index_select(0, nearest_index(u_, sigma).reshape({-1})).reshape(sigma.sizes());
}

}  // namespace orrery::diffusion
