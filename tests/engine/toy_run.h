// A training run small enough for tests: two networks that work against each other, lazy phases, a small tensor, random numbers in the loss.
#pragma once

#include <ATen/Functions.h>

#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/jobs/basic_job.h"
#include "engine/train/training_run.h"

namespace toy {

using namespace orrery;

struct Net : torch::nn::Module {
  at::Tensor weight, bias, mix, seen;
  Net(std::int64_t in, std::int64_t out, Rng rng) {
    weight = register_parameter("weight", rng.normal({out, in, 3, 3}, at::kFloat) * 0.2);
    bias = register_parameter("bias", at::zeros({out}));
    mix = register_parameter("mix", rng.normal({3, out}, at::kFloat) * 0.3);
    seen = register_buffer("seen", at::zeros({1}));
  }
  // [N, in, H, W] -> [N, 3, H, W]
  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor h = at::leaky_relu(at::conv2d(x, weight, bias, 1, 1), 0.2);
    return at::einsum("oc,nchw->nohw", {mix, h});
  }
};

struct Options {
  std::vector<std::string>* order = nullptr;  // receives the phases as they run
  std::int64_t nan_at_step = -1;              // the loss of "d" is NaN at this step, as often as *nan_left says
  std::shared_ptr<int> nan_left = {};
  bool random = true;                         // noise in the loss
};

class Duel : public Objective {
 public:
  explicit Duel(Options options = {}) : options_(options) {}
  TrainState make_state(Rng rng, const std::string&) override {
    TrainState state;
    state.modules["g"] = std::make_shared<Net>(3, 8, rng.fork("g"));
    state.modules["d"] = std::make_shared<Net>(3, 6, rng.fork("d"));
    state.tensors["p"] = at::zeros({1}, at::kFloat);
    return state;
  }
  std::vector<Phase> phases() const override {
    return {{"g", {"g"}, 1, 1.0, false}, {"g.reg", {"g"}, 4, 4.0, true}, {"d", {"d"}, 1, 1.0, false}, {"d.reg", {"d"}, 16, 16.0, true}};
  }
  PhaseLoss loss(const Phase& phase, const Batch& batch, TrainState& state, Rng rng, const StepInfo& info) override {
    if (options_.order != nullptr) options_.order->push_back(phase.name);
    auto& g = static_cast<Net&>(*state.modules.at("g"));
    auto& d = static_cast<Net&>(*state.modules.at("d"));
    const at::Tensor real = batch.pictures.to(at::kFloat) / 127.5 - 1.0;
    at::Tensor z = options_.random ? rng.normal(real.sizes(), at::kFloat) : at::flip(real, {3});
    if (phase.name == "g") {
      g.seen.add_(static_cast<double>(real.size(0)));
      return {{{"g", at::softplus(-d.forward(g.forward(z) + 0.1 * real).mean({1, 2, 3}))}}, {{"g.size", static_cast<double>(real.size(0))}}};
    }
    if (phase.name == "g.reg") return {{{"g.reg", g.weight.square().mean()}}, {}};  // touches one parameter only
    if (phase.name == "d.reg") return {{{"d.reg", d.forward(real).square().mean({1, 2, 3})}}, {}};
    at::Tensor fake;
    {
      const at::NoGradGuard no_grad;
      fake = g.forward(z);
    }
    at::Tensor d_loss = at::softplus(d.forward(fake).mean({1, 2, 3})) + at::softplus(-d.forward(real).mean({1, 2, 3}));
    if (info.step == options_.nan_at_step && (*options_.nan_left)-- > 0) d_loss = d_loss * std::numeric_limits<double>::quiet_NaN();
    return {{{"d", d_loss}}, {}};
  }
  void after_step(TrainState& state, const StepInfo& info, std::map<std::string, double>& watched) override {
    state.tensors.at("p") += 0.001 * static_cast<double>(info.batch);
    watched["p"] = state.tensors.at("p").item<double>();
  }
  std::vector<std::string> averaged() const override { return {"g"}; }

 private:
  Options options_;
};

inline Stage stage(Options options = {}) {
  Stage s;
  s.name = "duel";
  s.make_objective = [options] { return std::make_unique<Duel>(options); };
  s.optimisers = {{{"g"}, 0.002, 0.0, 0.99, 1e-8, 4}, {{"d"}, 0.002, 0.0, 0.99, 1e-8, 16}};
  s.batch = 16;
  s.ema = {0.5, 0.05};
  s.until = {200, Until::Unit::steps};
  s.snapshot_kimg = 1.0;
  return s;
}
inline Plan plan(Options options = {}) { return {{stage(options)}}; }

class Source : public BatchSource {
 public:
  Source(std::int64_t batch, std::uint64_t seed) : batch_(batch), seed_(seed) {}
  Batch batch(std::int64_t step) override {
    Rng rng = Rng(seed_).fork("data").fork(static_cast<std::uint64_t>(step));
    Batch out;
    out.pictures = rng.uniform({batch_, 3, 8, 8}, at::kFloat).mul(255.0).to(at::kByte);
    return out;
  }

 private:
  std::int64_t batch_;
  std::uint64_t seed_;
};

class Data : public TrainingData {
 public:
  std::string name() const override { return "noise"; }
  DataShape shape() const override { return {8, 3, 0, 1000}; }
  const std::vector<std::string>& class_names() const override { return names_; }
  std::unique_ptr<BatchSource> batches(const Stage& stage, std::uint64_t seed, int) const override { return std::make_unique<Source>(stage.batch, seed); }

 private:
  std::vector<std::string> names_;
};

// A job that remembers everything, and whose verbs can be timed by step.
class Job : public BasicJob {
 public:
  void stats(const StatsPoint& point) override {
    const std::lock_guard lock(mutex_);
    points.push_back(point);
  }
  std::optional<JobVerb> next_verb() override {
    if (on_poll) {
      if (const auto verb = on_poll()) return verb;
    }
    return BasicJob::next_verb();
  }
  std::vector<StatsPoint> points;
  std::vector<JobState> states;
  std::vector<JobError> problems;
  std::function<std::optional<JobVerb>()> on_poll;  // asked first, at least once a step

 protected:
  void changed(bool important) override {
    if (!important) return;
    const std::lock_guard lock(mutex_);
    if (states.empty() || states.back() != status_.state) states.push_back(status_.state);
    if (status_.error && (problems.empty() || !(problems.back() == *status_.error))) problems.push_back(*status_.error);
  }
};

inline RunSetup setup(const std::string& folder, Options options = {}, int threads = 1) {
  RunSetup s;
  s.folder = {folder};
  s.system = "toy";
  s.config = {{"train", {{"batch", 16}}}};
  s.plan = plan(options);
  s.seed = 7;
  s.threads = threads;
  s.data = std::make_shared<Data>();
  s.build_network = [] { return std::make_shared<Net>(3, 8, Rng(0)); };
  return s;
}

// Makes the folder's parts, as train_job does, and runs.
inline void run(RunSetup s, RunSettings settings, JobContext& job, SnapshotSink* sink = nullptr) {
  s.folder.create();
  s.folder.create_parts();
  TrainingRun(std::move(s), std::move(settings), job, sink).go();
}

}  // namespace toy
