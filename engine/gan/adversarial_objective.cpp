#include "engine/gan/adversarial_objective.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/lerp.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "engine/nn/reset.h"

namespace orrery::gan {
namespace {

Generator& generator_of(const TrainState& state) { return dynamic_cast<Generator&>(*state.modules.at("g")); }
Discriminator& discriminator_of(const TrainState& state) { return dynamic_cast<Discriminator&>(*state.modules.at("d")); }

double average(const at::Tensor& x) { return x.detach().mean().item<double>(); }

void count_signs(const at::Tensor& real_logits, TrainState& state) {
  const at::Tensor logits = real_logits.detach();
  state.tensors.at("d.sign_sum") += logits.sign().sum().to(at::kCPU, at::kDouble);
  state.tensors.at("d.sign_count") += static_cast<double>(logits.numel());
}

}  // namespace

at::Tensor to_network_range(const at::Tensor& pictures, at::ScalarType dtype) { return pictures.to(dtype).div_(127.5).sub_(1.0); }

AdversarialObjective::AdversarialObjective(MakeNetworks make_networks, const AdversarialOptions& options, Hooks hooks)
    : make_networks_(std::move(make_networks)), options_(options), hooks_(std::move(hooks)) {}

TrainState AdversarialObjective::make_state(Rng rng, const std::string& device) {
  const GanNetworks networks = make_networks_();
  nn::reset_all(*networks.g, rng.fork("g"));
  nn::reset_all(*networks.d, rng.fork("d"));
  networks.g->to(at::Device(device));
  networks.d->to(at::Device(device));
  TrainState state;
  state.modules = {{"g", networks.g}, {"d", networks.d}};
  state.tensors = {{"pl_mean", at::zeros({}, at::TensorOptions().device(at::Device(device)))},
                   {"d.sign_sum", at::zeros({}, at::kDouble)},
                   {"d.sign_count", at::zeros({}, at::kDouble)}};
  if (hooks_.make_state) hooks_.make_state(state);
  return state;
}

std::vector<Phase> AdversarialObjective::phases() const {
  std::vector<Phase> list;
  list.push_back({"g", {"g"}, 1, 1.0, false});
  if (options_.pl_weight > 0) list.push_back({"g.pl", {"g"}, options_.pl_interval, static_cast<double>(options_.pl_interval), true});
  list.push_back({"d", {"d"}, 1, 1.0, false});
  if (options_.r1_gamma > 0) list.push_back({"d.r1", {"d"}, options_.r1_interval, static_cast<double>(options_.r1_interval), true});
  return list;
}

GanDraws AdversarialObjective::draw(const std::string& phase, const Batch& batch, const Generator& g, Rng rng) const {
  const GeneratorShape shape = g.shape();
  const auto parameters = g.parameters();
  const auto options = parameters.front().options().requires_grad(false);
  GanDraws draws;
  draws.augment = rng.fork("augment");
  if (phase == "d.r1") return draws;
  auto n = batch.pictures.size(0);
  if (phase == "g.pl") n = std::max<std::int64_t>(n / options_.pl_batch_shrink, 1);
  Rng latents = rng.fork("z"), labels = rng.fork("c"), mixing = rng.fork("mix"), noise = rng.fork("noise");
  draws.z = latents.normal({n, shape.z_dim}, options);
  draws.mix_z = latents.normal({n, shape.z_dim}, options);
  if (shape.c_dim > 0) {  // labels as frequent as among the pictures
    std::vector<std::int64_t> rows(static_cast<std::size_t>(n));
    for (auto& row : rows) row = labels.below(batch.labels.size(0));
    draws.c = batch.labels.index_select(0, at::tensor(rows, at::TensorOptions(at::kLong).device(batch.labels.device()))).to(options);
  }
  if (shape.num_ws > 1 && mixing.uniform01() < options_.style_mixing) draws.mix_from = 1 + mixing.below(shape.num_ws - 1);
  draws.noise.mode = SynthesisNoise::Mode::random;
  for (std::int64_t i = 0; i < n; ++i)
    draws.noise.seeds.push_back(static_cast<std::uint64_t>(noise.below(std::numeric_limits<std::int64_t>::max())));
  if (phase == "g.pl") draws.pl_noise = rng.fork("pl").normal({n, shape.channels, shape.resolution_px, shape.resolution_px}, options);
  return draws;
}

at::Tensor AdversarialObjective::generate(Generator& g, const GanDraws& draws, at::Tensor* ws_out) const {
  at::Tensor ws = g.map(draws.z, draws.c);
  g.track_w(ws, draws.c);
  if (draws.mix_from >= 0) {
    const auto count = ws.size(1) - draws.mix_from;
    ws = at::cat({ws.narrow(1, 0, draws.mix_from), g.map(draws.mix_z, draws.c).narrow(1, draws.mix_from, count)}, 1);
  }
  if (ws_out != nullptr) *ws_out = ws;
  return g.synthesise(ws, draws.noise);
}

at::Tensor AdversarialObjective::judge(TrainState& state, const at::Tensor& images, const at::Tensor& c, Rng rng) const {
  return discriminator_of(state).forward(hooks_.augment ? hooks_.augment(images, rng, state) : images, c);
}

PhaseLoss AdversarialObjective::loss(const Phase& phase, const Batch& batch, TrainState& state, Rng rng, const StepInfo&) {
  const Generator& g = generator_of(state);
  const bool needs_pictures = phase.name == "d" || phase.name == "d.r1";
  const GanDraws draws = draw(phase.name, batch, g, rng);
  const auto options = g.parameters().front().options().requires_grad(false);
  at::Tensor real, real_c;
  if (needs_pictures) {
    real = to_network_range(batch.pictures.to(options.device()), options.dtype().toScalarType());
    if (batch.labels.defined()) real_c = batch.labels.to(options);
  }
  return evaluate(phase.name, real, real_c, draws, state);
}

PhaseLoss AdversarialObjective::evaluate(const std::string& phase, const at::Tensor& real, const at::Tensor& real_c, const GanDraws& draws,
                                         TrainState& state, Seen* seen) const {
  if (phase == "g") return generator_phase(draws, state, seen);
  if (phase == "g.pl") return path_length_phase(draws, state, seen);
  if (phase == "d") return discriminator_phase(real, real_c, draws, state, seen);
  if (phase == "d.r1") return r1_phase(real, real_c, draws, state, seen);
  throw std::invalid_argument("unknown phase \"" + phase + "\"");
}

PhaseLoss AdversarialObjective::generator_phase(const GanDraws& draws, TrainState& state, Seen* seen) const {
  const at::Tensor images = generate(generator_of(state), draws);
  const at::Tensor logits = judge(state, images, draws.c, draws.augment.fork("fake"));
  PhaseLoss out;
  out.terms["g"] = generator_loss(logits, options_.loss);
  out.watched = {{"scores.fake", average(logits)}};
  if (seen != nullptr) *seen = {{"scores.fake", logits}, {"loss", out.terms["g"]}};
  return out;
}

PhaseLoss AdversarialObjective::path_length_phase(const GanDraws& draws, TrainState& state, Seen* seen) const {
  at::Tensor ws;
  const at::Tensor images = generate(generator_of(state), draws, &ws);
  const at::Tensor lengths = path_lengths(images, ws, draws.pl_noise);
  at::Tensor& pl_mean = state.tensors.at("pl_mean");
  // The penalty goes back through the newest mean too.
  const at::Tensor centre = at::lerp(pl_mean.to(lengths.options()), lengths.mean(), options_.pl_decay);
  pl_mean = centre.detach().to(pl_mean.options());
  const at::Tensor penalty = (lengths - centre).square();
  PhaseLoss out;
  out.terms["pl"] = penalty * options_.pl_weight;
  out.watched = {{"pl", average(penalty)}, {"pl_mean", average(centre)}};
  if (seen != nullptr) *seen = {{"penalty", penalty}, {"loss", out.terms["pl"]}};
  return out;
}

PhaseLoss AdversarialObjective::discriminator_phase(const at::Tensor& real, const at::Tensor& real_c, const GanDraws& draws,
                                                    TrainState& state, Seen* seen) const {
  at::Tensor fake;
  {
    const at::NoGradGuard no_grad;  // G stands still in this phase
    fake = generate(generator_of(state), draws);
  }
  const at::Tensor fake_logits = judge(state, fake, draws.c, draws.augment.fork("fake"));
  const at::Tensor real_logits = judge(state, real, real_c, draws.augment.fork("real"));
  count_signs(real_logits, state);
  PhaseLoss out;
  out.terms["d.fake"] = discriminator_fake_loss(fake_logits, options_.loss);
  out.terms["d.real"] = discriminator_real_loss(real_logits, options_.loss);
  out.watched = {{"loss.d", average(out.terms["d.fake"]) + average(out.terms["d.real"])},
                 {"scores.fake", average(fake_logits)},
                 {"scores.real", average(real_logits)},
                 {"signs.real", average(real_logits.detach().sign())}};
  if (seen != nullptr)
    *seen = {{"scores.fake", fake_logits}, {"scores.real", real_logits}, {"loss", out.terms["d.fake"] + out.terms["d.real"]}};
  return out;
}

PhaseLoss AdversarialObjective::r1_phase(const at::Tensor& real, const at::Tensor& real_c, const GanDraws& draws, TrainState& state,
                                         Seen* seen) const {
  const at::Tensor images = real.detach().requires_grad_(true);
  const at::Tensor logits = judge(state, images, real_c, draws.augment.fork("real"));
  count_signs(logits, state);
  const at::Tensor penalty = squared_gradient(logits, images);
  PhaseLoss out;
  out.terms["r1"] = penalty * (options_.r1_gamma / 2);
  out.watched = {{"r1", average(penalty)}, {"scores.real", average(logits)}};
  if (seen != nullptr) *seen = {{"scores.real", logits}, {"penalty", penalty}, {"loss", out.terms["r1"]}};
  return out;
}

void AdversarialObjective::after_step(TrainState& state, const StepInfo& info, std::map<std::string, double>& watched) {
  if (hooks_.after_step) hooks_.after_step(state, info, watched);
}

}  // namespace orrery::gan
