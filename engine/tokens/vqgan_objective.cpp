#include "engine/tokens/vqgan_objective.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "engine/api/result.h"
#include "engine/features/weights.h"
#include "engine/gan/adversarial_objective.h"
#include "engine/nn/reset.h"
#include "engine/nn/vqgan_discriminators.h"
#include "engine/tokens/code_statistics.h"
#include "engine/tokens/gumbel_quantizer.h"
#include "engine/tokens/token_losses.h"
#include "engine/tokens/vqgan_loss.h"

namespace orrery::tokens {
namespace {

constexpr double kUsageDecay = 0.99;
constexpr double kLeastUse = 0.01;  // a code chosen less often than so many times a batch starts anew

TokenNetwork& net_of(const TrainState& state) { return dynamic_cast<TokenNetwork&>(*state.modules.at("net")); }
VqganTokenizer& tokenizer_of(const TrainState& state) { return dynamic_cast<VqganTokenizer&>(*net_of(state).tokenizer); }
double number(const at::Tensor& x) { return x.detach().item<double>(); }

// A loss of nothing, for a phase that has nothing to do yet.
at::Tensor nothing(const torch::nn::Module& module) { return module.parameters().front().sum() * 0.0; }

}  // namespace

VqganObjective::VqganObjective(MakeNetwork make_network, const VqganTraining& options) : make_network_(std::move(make_network)), options_(options) {
  if (options_.perceptual > 0.0 && options_.perceptual_file.empty()) features::weights_path("vgg16_shift_tolerant");
}

TrainState VqganObjective::make_state(Rng rng, const std::string& device) {
  TrainState state;
  const auto net = make_network_();
  nn::reset_all(*net, rng.fork("net"));
  net->set_prior_ready(false);
  net->to(at::Device(device));
  state.modules["net"] = net;
  const AutoencoderShape shape = net->tokenizer->shape();
  if (options_.adversarial > 0.0) {
    std::shared_ptr<torch::nn::Module> d;
    if (options_.residual) {
      nn::ResidualDiscriminatorOptions o;
      o.channels = shape.channels;
      o.image_px = shape.resolution_px;
      for (std::int64_t px = 4; px <= o.image_px; px *= 2) o.widths[px] = std::min(options_.discriminator_width * 8, options_.discriminator_width * std::max<std::int64_t>(1, o.image_px / px));
      d = std::make_shared<nn::ResidualDiscriminator>(o);
    } else {
      nn::PatchDiscriminatorOptions o;
      o.channels = shape.channels;
      o.width = options_.discriminator_width;
      o.layers = options_.discriminator_layers;
      d = std::make_shared<nn::PatchDiscriminator>(o);
    }
    nn::reset_all(*d, rng.fork("d"));
    d->to(at::Device(device));
    state.modules["d"] = d;
  }
  state.tensors["codes.usage"] = at::ones({shape.levels.front().codes}, at::TensorOptions().device(at::Device(device)));
  return state;
}

std::vector<Phase> VqganObjective::phases() const {
  std::vector<Phase> list{{"tokenizer", {"net"}, 1, 1.0, false}};
  if (options_.adversarial <= 0.0) return list;
  list.push_back({"d", {"d"}, 1, 1.0, false});
  if (options_.r1 > 0.0) list.push_back({"d.r1", {"d"}, options_.r1_interval, static_cast<double>(options_.r1_interval), true});
  return list;
}

at::Tensor VqganObjective::logits(const TrainState& state, const at::Tensor& pictures) const {
  auto& d = *state.modules.at("d");
  return options_.residual ? dynamic_cast<nn::ResidualDiscriminator&>(d).forward(pictures) : dynamic_cast<nn::PatchDiscriminator&>(d).forward(pictures);
}

const features::PerceptualDistance& VqganObjective::distance(const at::Device& device) {
  if (!distance_) distance_ = options_.perceptual_file.empty() ? features::PerceptualDistance::load(device.str()) : features::PerceptualDistance::from_file(options_.perceptual_file, device.str());
  return *distance_;
}

PhaseLoss VqganObjective::loss(const Phase& phase, const Batch& batch, TrainState& state, Rng, const StepInfo& info) {
  const at::Tensor real = gan::to_network_range(batch.pictures);
  if (phase.name == "tokenizer") return tokenizer_phase(real, state, info);
  if (phase.name == "d") return discriminator_phase(real, state, info);
  return r1_phase(real, state, info);
}

PhaseLoss VqganObjective::tokenizer_phase(const at::Tensor& real, TrainState& state, const StepInfo& info) {
  VqganTokenizer& net = tokenizer_of(state);
  const at::Tensor rows = to_rows(net.latents(net.to_own_range(real)));
  const Quantized q = net.quantizer().quantize(rows);
  const at::Tensor built = net.from_own_range(net.pictures(to_maps(q.vectors)));
  PhaseLoss out;
  const at::Tensor difference = built - real;
  if (options_.l1 > 0.0) out.terms["l1"] = difference.abs().mean({1, 2, 3}) * options_.l1;
  if (options_.l2 > 0.0) out.terms["l2"] = difference.square().mean({1, 2, 3}) * options_.l2;
  if (options_.perceptual > 0.0) {
    const auto& eye = distance(real.device());
    features::PerceptualDistance::Features of_real;
    {
      const at::NoGradGuard no_grad;
      of_real = eye.features(real);
    }
    out.terms["perceptual"] = eye.between(eye.features(built), of_real).flatten() * options_.perceptual;
  }
  if (judged(info)) {
    at::Tensor nll;
    for (const auto& [name, term] : out.terms) nll = nll.defined() ? nll + term.mean() : term.mean();
    const at::Tensor adversarial = gan::generator_loss(logits(state, built), options_.loss).mean();
    const at::Tensor weight = options_.adaptive ? adaptive_weight(nll, adversarial, net.last_weight()) : at::ones({}, nll.options().requires_grad(false));
    out.terms["adversarial"] = adversarial * weight * options_.adversarial;
    out.watched["adaptive_weight"] = number(weight);
  }
  out.terms["codebook"] = codebook_loss(rows, q.looked_up);
  out.terms["commitment"] = commitment_loss(rows, q.looked_up) * options_.commitment;
  if (options_.entropy > 0.0) out.terms["entropy"] = entropy_loss(-squared_distances(rows.flatten(0, 2), net.quantizer().codebook()), options_.entropy_temperature, false) * options_.entropy;

  const at::NoGradGuard no_grad;
  const at::Tensor counts = count_codes(q.codes, net.codebook().size(0));
  track_usage(state.tensors.at("codes.usage"), counts, kUsageDecay);
  watch_codes(out.watched, counts, state.tensors.at("codes.usage"), kLeastUse);
  rows_ = rows.detach().flatten(0, 2);
  built_ = built.detach();
  net_of(state).set_examples(q.codes.flatten(1));
  return out;
}

PhaseLoss VqganObjective::discriminator_phase(const at::Tensor& real, TrainState& state, const StepInfo& info) {
  PhaseLoss out;
  if (!judged(info)) {
    out.terms["d"] = nothing(*state.modules.at("d"));
    return out;
  }
  at::Tensor built = built_;
  if (!built.defined() || built.sizes() != real.sizes() || real.size(0) != info.batch) {  // a piece of a batch: what was built last is of another one
    const at::NoGradGuard no_grad;
    VqganTokenizer& net = tokenizer_of(state);
    built = net.decode({to_maps(net.quantizer().quantize(to_rows(net.encode(real).front())).vectors)});
  }
  const at::Tensor real_logits = logits(state, real), fake_logits = logits(state, built);
  out.terms["d"] = discriminator_terms(real_logits, fake_logits, options_.loss);
  out.watched = {{"scores.real", number(real_logits.mean())}, {"scores.fake", number(fake_logits.mean())}};
  return out;
}

PhaseLoss VqganObjective::r1_phase(const at::Tensor& real, TrainState& state, const StepInfo& info) const {
  PhaseLoss out;
  if (!judged(info)) {
    out.terms["r1"] = nothing(*state.modules.at("d"));
    return out;
  }
  const at::Tensor pictures = real.detach().requires_grad_(true);
  out.terms["r1"] = gan::squared_gradient(logits(state, pictures), pictures) * options_.r1;
  return out;
}

// Codes that nobody chooses move to latents of this step.
void VqganObjective::after_step(TrainState& state, const StepInfo& info, std::map<std::string, double>& watched) {
  if (options_.restart_interval <= 0 || info.step % options_.restart_interval != 0 || !rows_.defined()) return;
  at::Tensor& usage = state.tensors.at("codes.usage");
  const at::Tensor dead = dead_codes(usage, kLeastUse);
  const auto count = std::min(dead.size(0), rows_.size(0));
  watched["codes.restarted"] = static_cast<double>(count);
  if (count == 0) return;
  Rng rng = Rng(static_cast<std::uint64_t>(info.step)).fork("restart");
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < count; ++i) places.push_back(rng.below(rows_.size(0)));
  const at::Tensor chosen = dead.narrow(0, 0, count);
  tokenizer_of(state).quantizer().restart(chosen, rows_.index_select(0, at::tensor(places, at::kLong).to(rows_.device())), 1.0);
  usage.index_fill_(0, chosen, 1.0);
}

}  // namespace orrery::tokens
