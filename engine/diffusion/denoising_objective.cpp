#include "engine/diffusion/denoising_objective.h"

#include "engine/nn/reset.h"

namespace orrery::diffusion {
namespace {

at::Tensor per_sample(const at::Tensor& values, const at::Tensor& like) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(like.dim()), 1);
  shape[0] = -1;
  return values.reshape(shape);
}

}  // namespace

at::Tensor to_samples(const at::Tensor& data, const at::TensorOptions& options) {
  const at::Tensor samples = data.to(options);
  return data.is_floating_point() ? samples : samples.div(127.5).sub_(1.0);
}

DenoisingObjective::DenoisingObjective(MakeNetwork make_network, const DenoisingOptions& options, Augment augment)
    : make_network_(std::move(make_network)), options_(options), augment_(std::move(augment)) {}

TrainState DenoisingObjective::make_state(Rng rng, const std::string& device) {
  const auto net = make_network_();
  nn::reset_all(*net, rng.fork("net"));
  net->to(at::Device(device));
  TrainState state;
  state.modules = {{"net", net}};
  return state;
}

at::Tensor DenoisingObjective::loss_map(Denoiser& net, const at::Tensor& samples, const at::Tensor& classes, const DenoisingDraws& draws) const {
  const at::Tensor sigma = options_.noise.sigma(draws.level.reshape({-1}));
  Condition condition;
  condition.classes = classes;
  if (classes.defined() && draws.keep.defined()) condition.classes = classes * draws.keep.reshape({-1, 1}).ge(options_.drop_classes).to(classes.scalar_type());
  condition.augment = draws.augment;
  condition.dropout = draws.dropout;
  const at::Tensor wide = per_sample(sigma, samples);
  const at::Tensor denoised = net.denoise(samples + draws.noise * wide, sigma, condition);
  return (denoised - samples).square() * options_.noise.weight(wide);
}

PhaseLoss DenoisingObjective::loss(const Phase&, const Batch& batch, TrainState& state, Rng rng, const StepInfo&) {
  auto& net = dynamic_cast<Denoiser&>(*state.modules.at("net"));
  const auto options = state.modules.at("net")->parameters().front().options().requires_grad(false);
  at::Tensor samples = to_samples(batch.pictures, options), classes;
  if (batch.labels.defined() && net.shape().classes > 0) classes = batch.labels.to(options);
  const auto count = samples.size(0);
  DenoisingDraws draws;
  draws.level = options_.noise.draws_normal() ? rng.fork("level").normal({count}, options) : rng.fork("level").uniform({count}, options);
  if (augment_) {
    Augmented changed = augment_(samples, rng.fork("augment"));
    samples = changed.samples;
    draws.augment = changed.labels;
  }
  draws.noise = rng.fork("noise").normal(samples.sizes(), options);
  if (options_.drop_classes > 0.0) draws.keep = rng.fork("keep").uniform({count}, options);
  Rng dropout = rng.fork("dropout");
  draws.dropout = &dropout;
  const at::Tensor map = loss_map(net, samples, classes, draws);
  PhaseLoss out;
  out.terms["denoise"] = map.flatten(1).sum(1);
  out.watched["loss_per_value"] = map.detach().mean().item<double>();
  return out;
}

}  // namespace orrery::diffusion
