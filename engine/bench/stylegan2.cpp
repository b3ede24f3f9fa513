// StyleGAN2 against the same networks composed of plain ATen operations, on the same weights: synthesis, and an iteration of training.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "engine/bench/bench.h"
#include "engine/bench/stylegan2_plain.h"
#include "engine/gan/adversarial_objective.h"
#include "engine/nn/reset.h"

namespace orrery::bench {
namespace {

using Tensors = std::vector<at::Tensor>;

std::shared_ptr<nn::StyleGan2Generator> generator(std::int64_t size_px, std::int64_t base, std::int64_t most, std::int64_t latent = 512) {
  nn::MappingOptions mapping;
  mapping.z_dim = latent;
  mapping.num_layers = 2;
  nn::SynthesisOptions synthesis;
  synthesis.w_dim = latent;
  synthesis.resolution_px = size_px;
  synthesis.channel_base = base;
  synthesis.channel_max = most;
  auto g = std::make_shared<nn::StyleGan2Generator>(mapping, synthesis);
  nn::reset_all(*g, Rng(7));
  const at::NoGradGuard no_grad;
  for (auto& item : g->named_parameters()) {
    if (item.key().find("noise_strength") != std::string::npos) item.value().fill_(0.1);
  }
  return g;
}

double seconds(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Contest synthesis(std::int64_t size_px, std::int64_t base, std::int64_t most) {
  const auto g = generator(size_px, base, most);
  g->eval();
  for (auto& p : g->parameters()) p.requires_grad_(false);
  at::manual_seed(1);
  const at::Tensor ws = g->map(at::randn({1, 512}), {});
  const auto once = [ws](const std::shared_ptr<Generator>& net) {
    return [ws, net] {
      const c10::InferenceMode inference;
      return net->synthesise(ws, {});
    };
  };
  const auto ours = once(g);
  // The composition has two forms, and which is faster depends on sizes and machine: the faster one is the peer.
  const auto fused = once(plain_generator(g, true)), apart = once(plain_generator(g, false));
  double fused_s = std::numeric_limits<double>::infinity(), apart_s = fused_s;
  for (int k = 0; k < 3; ++k) fused_s = std::min(fused_s, seconds([&] { fused(); })), apart_s = std::min(apart_s, seconds([&] { apart(); }));
  const auto peer = fused_s < apart_s ? fused : apart;
  return {[ours] { ours(); }, [peer] { peer(); }, [=] { return relative_distance(ours(), peer()); }, 1e-3};
}

// One phase of training on given networks, random numbers and pictures: the loss and all gradients.
class Training {
 public:
  explicit Training(std::int64_t batch) {
    const auto g = generator(64, 8192, 128);
    nn::DiscriminatorOptions options;
    options.resolution_px = 64;
    options.channel_base = 8192;
    options.channel_max = 128;
    const auto d = std::make_shared<nn::StyleGan2Discriminator>(options);
    nn::reset_all(*d, Rng(8));
    ours_.modules = {{"g", g}, {"d", d}};
    peer_.modules = {{"g", plain_generator(g, false)}, {"d", plain_discriminator(d)}};
    at::manual_seed(1);
    batch_.pictures = at::randint(256, {batch, 3, 64, 64}, at::kByte);
    gan::AdversarialOptions losses;
    losses.r1_gamma = 0.0512;
    objective_ = std::make_shared<gan::AdversarialObjective>([] { return gan::GanNetworks{}; }, losses);
  }

  std::vector<Phase> phases() const { return objective_->phases(); }

  // The gradients of the phase's network, in the order of its parameters.
  Tensors run(const Phase& phase, bool with_ours) {
    TrainState& state = with_ours ? ours_ : peer_;
    state.tensors = {{"pl_mean", at::full({}, 0.5)}, {"d.sign_sum", at::zeros({}, at::kDouble)}, {"d.sign_count", at::zeros({}, at::kDouble)}};
    for (auto& [name, module] : state.modules) {
      for (auto& p : module->parameters()) {
        p.requires_grad_(name == phase.modules.front());
        p.mutable_grad() = at::Tensor();
      }
    }
    const PhaseLoss loss = objective_->loss(phase, batch_, state, Rng(3).fork(phase.name), {});
    at::Tensor total;
    for (const auto& [name, term] : loss.terms) total = total.defined() ? total + term.mean() : term.mean();
    total.backward();
    Tensors gradients;
    for (const auto& p : state.modules.at(phase.modules.front())->parameters()) gradients.push_back(p.grad());
    return gradients;
  }

  // How far the gradients of a phase are apart, taken as one vector.
  double error(const Phase& phase) {
    const Tensors ours = run(phase, true), peer = run(phase, false);
    double apart = 0.0, size = 0.0;
    for (std::size_t k = 0; k < ours.size(); ++k) {
      if (!ours[k].defined() && !peer[k].defined()) continue;  // a parameter that the loss does not depend on may have none
      const at::Tensor a = ours[k].defined() ? ours[k].to(at::kDouble) : at::zeros_like(peer[k], at::kDouble), b = peer[k].defined() ? peer[k].to(at::kDouble) : at::zeros_like(a);
      apart += (a - b).square().sum().item<double>();
      size += b.square().sum().item<double>();
    }
    return std::sqrt(apart / std::max(1e-300, size));
  }

 private:
  std::shared_ptr<gan::AdversarialObjective> objective_;
  TrainState ours_, peer_;
  Batch batch_;
};

// `only`: one phase, each time it comes; or, empty, all phases by how often they come.
Contest training(const std::string& only) {
  const auto work = std::make_shared<Training>(16);
  Contest contest;
  std::vector<Phase> phases;
  for (const auto& phase : work->phases()) {
    if (!only.empty() && phase.name != only) continue;
    phases.push_back(phase);
    contest.parts.push_back({only.empty() ? 1.0 / static_cast<double>(phase.interval) : 1.0, [=] { work->run(phase, true); }, [=] { work->run(phase, false); }});
  }
  contest.error = [=] {
    double worst = 0.0;
    for (const auto& phase : phases) worst = std::max(worst, work->error(phase));
    return worst;
  };
  return contest;
}

}  // namespace

std::vector<Benchmark> stylegan2_benchmarks() {
  std::vector<Benchmark> all;
  const std::string peer = "the network of plain ATen operations";
  const auto add = [&](std::int64_t size_px, std::int64_t base, std::int64_t most, int fewest) {
    all.push_back({"stylegan2/synthesis/" + std::to_string(size_px) + "px", "one picture, channels " + std::to_string(base) + " / resolution, at most " + std::to_string(most), peer,
                   [=] { return synthesis(size_px, base, most); }, fewest});
  };
  add(64, 8192, 128, 20);
  add(256, 16384, 512, 10);
  add(1024, 32768, 512, 5);
  const std::string network = "64 px, channels 8192 / resolution, at most 128, batch 16";
  all.push_back({"stylegan2/training", "one iteration, regularisers by how often they come, " + network, peer, [] { return training(""); }, 3});
  for (const auto& [name, phase, what] : std::vector<std::array<const char*, 3>>{
           {"g", "g", "generator's step"}, {"path_length", "g.pl", "path length regulariser"}, {"d", "d", "discriminator's step"}, {"r1", "d.r1", "R1 regulariser"}}) {
    const std::string only = phase;
    all.push_back({std::string("stylegan2/phase/") + name, std::string(what) + ", " + network, peer, [only] { return training(only); }, 3});
  }
  return all;
}

}  // namespace orrery::bench
