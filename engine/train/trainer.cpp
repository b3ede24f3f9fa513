#include "engine/train/trainer.h"

#include <ATen/DeviceAccelerator.h>

#include <algorithm>

#include "engine/api/result.h"
#include "engine/device/host_memory.h"
#include "engine/jobs/boundary.h"
#include "engine/train/ema.h"

namespace orrery {
namespace {

void set_gradients(torch::nn::Module& module, bool wanted) {
  for (auto& parameter : module.parameters()) parameter.requires_grad_(wanted);
}

Batch piece_of(const Batch& batch, std::int64_t begin, std::int64_t count) {
  Batch piece;
  piece.pictures = batch.pictures.narrow(0, begin, count);
  if (batch.labels.defined()) piece.labels = batch.labels.narrow(0, begin, count);
  if (!batch.indices.empty()) piece.indices.assign(batch.indices.begin() + begin, batch.indices.begin() + begin + count);
  return piece;
}

// What a phase changes besides gradients (buffers, small tensors, the meter), so that it can be done again from the start.
class TakeBack {
 public:
  TakeBack(TrainState& state, Meter& meter) : state_(state), meter_(meter), meter_before_(meter), small_(state.tensors) {
    const at::NoGradGuard no_grad;
    for (auto& [name, module] : state.modules) {
      for (const auto& buffer : module->buffers()) buffers_.emplace_back(buffer, buffer.clone());
    }
    for (auto& [name, tensor] : small_) tensor = tensor.clone();
  }
  void undo() {
    const at::NoGradGuard no_grad;
    for (auto& [buffer, before] : buffers_) buffer.copy_(before);
    for (auto& [name, tensor] : small_) state_.tensors[name] = tensor.clone();
    meter_ = meter_before_;
    for (auto& [name, module] : state_.modules) {
      for (auto& parameter : module->parameters()) parameter.mutable_grad() = at::Tensor();
    }
  }

 private:
  TrainState& state_;
  Meter& meter_;
  Meter meter_before_;
  std::map<std::string, at::Tensor> small_;
  std::vector<std::pair<at::Tensor, at::Tensor>> buffers_;
};

void empty_caches(const std::string& device) {
  release_host_memory();
  if (device != "cpu") at::accelerator::emptyCache();
}

// Weights of equal name and shape.
void take_over(torch::nn::Module& to, const torch::nn::Module& from) {
  const at::NoGradGuard no_grad;
  const auto copy = [](auto targets, const auto& sources) {
    for (auto& item : targets) {
      const at::Tensor* source = sources.find(item.key());
      if (source != nullptr && source->sizes() == item.value().sizes()) item.value().copy_(*source);
    }
  };
  copy(to.named_parameters(), from.named_parameters());
  copy(to.named_buffers(), from.named_buffers());
}

}  // namespace

Trainer::Trainer(Plan plan, std::uint64_t seed, std::string device) : plan_(std::move(plan)), seed_(seed), device_(std::move(device)) {
  if (plan_.stages.empty()) throw Error(ErrorCode::failed, "The plan has no stages.");
  build_stage();
}

void Trainer::build_stage() {
  const Rng rng = Rng(seed_).fork("init").fork(static_cast<std::uint64_t>(progress_.stage));
  objective_ = stage().make_objective();
  state_ = objective_->make_state(rng, device_);
  const std::vector<std::string> names = objective_->averaged();
  if (names.empty()) throw Error(ErrorCode::failed, "The stage \"" + stage().name + "\" does not say which network it publishes.");
  published_name_ = names.front();
  for (auto& [name, module] : state_.modules) module->train();

  // The averages are the same networks built once more, by an objective of their own: modules need not know how to be copied.
  averages_.clear();
  TrainState twin = stage().make_objective()->make_state(rng, device_);
  for (const auto& name : names) {
    const auto module = twin.modules.find(name);
    if (module == twin.modules.end()) throw Error(ErrorCode::failed, "The network \"" + name + "\" is averaged but does not exist.");
    set_gradients(*module->second, false);
    module->second->eval();
    averages_[name] = module->second;
  }
  optimiser_ = std::make_unique<Optimiser>(stage().optimisers, state_);
}

void Trainer::begin_next_stage() {
  const TrainState before = std::move(state_);
  ++progress_.stage;
  progress_.stage_step = progress_.stage_pictures = 0;
  progress_.stage_wall_s = 0.0;
  build_stage();
  for (auto& [name, module] : state_.modules) {
    const auto old = before.modules.find(name);
    if (old != before.modules.end()) take_over(*module, *old->second);
  }
  for (auto& [name, average] : averages_) update_average(*average, *state_.modules.at(name), 0.0);
}

StepInfo Trainer::info() const { return {progress_.stage_step, static_cast<double>(progress_.stage_pictures), stage().batch}; }

std::int64_t Trainer::piece() const {
  std::int64_t most = stage().batch;
  for (const std::int64_t limit : {stage().micro_batch, most_at_once_}) {
    if (limit > 0) most = std::min(most, limit);
  }
  return most;
}

void Trainer::run_phase(const Phase& phase, const Batch& batch) {
  for (auto& [name, module] : state_.modules) {
    set_gradients(*module, std::find(phase.modules.begin(), phase.modules.end(), name) != phase.modules.end());
  }
  TakeBack before(state_, meter_);
  while (true) {
    std::string why;
    try {
      add_gradients(phase, batch);
      break;
    } catch (...) {
      const JobError error = error_of(std::current_exception());
      if (error.code != ErrorCode::out_of_memory) throw;
      why = error.details;
    }
    // Only here, outside of the handler, are all tensors of the attempt gone.
    before.undo();
    empty_caches(device_);
    const std::int64_t tried = piece() < stage().batch ? std::min(piece(), batch.pictures.size(0)) : batch.pictures.size(0);
    if (tried <= 1) {
      throw Error(ErrorCode::out_of_memory, "A training step does not fit into memory, not even one picture at a time.", "The last checkpoint is safe.",
                  "Close other programs and resume, or train a smaller network or picture size.", why);
    }
    most_at_once_ = (tried + 1) / 2;
  }
  optimiser_->step(phase.modules, phase.all_gradients, lr_scale_, static_cast<double>(progress_.stage_pictures));
}

void Trainer::add_gradients(const Phase& phase, const Batch& batch) {
  const Rng rng = Rng(seed_).fork("train").fork(static_cast<std::uint64_t>(progress_.step)).fork(phase.name);
  const std::int64_t whole = batch.pictures.size(0);
  const std::int64_t micro = piece() < stage().batch ? std::min(piece(), whole) : whole;
  for (std::int64_t begin = 0; begin < whole; begin += micro) {
    const std::int64_t count = std::min(micro, whole - begin);
    const double share = static_cast<double>(count) / static_cast<double>(whole);
    const Rng piece_rng = micro < whole ? rng.fork(static_cast<std::uint64_t>(begin / micro)) : rng;
    const PhaseLoss loss = objective_->loss(phase, micro < whole ? piece_of(batch, begin, count) : batch, state_, piece_rng, info());
    at::Tensor total;
    for (const auto& [name, term] : loss.terms) {
      const at::Tensor mean = term.mean();
      meter_.add("loss." + name, mean, share);
      total = total.defined() ? total + mean : mean;
    }
    for (const auto& [name, value] : loss.watched) meter_.add(name, value, share);
    if (!total.defined() || !total.requires_grad()) {
      throw Error(ErrorCode::failed, "The loss of \"" + phase.name + "\" does not depend on any weight it should move.");
    }
    if (device_ == "cpu") {
      const std::string bad = meter_.settle();
      if (!bad.empty()) throw Error(ErrorCode::not_a_number, "\"" + bad + "\" became NaN or infinite at step " + std::to_string(progress_.step) + ".");
    }
    (total * (phase.gain * share)).backward();
  }
}

void Trainer::step(const Batch& batch) {
  Batch here = batch;
  here.pictures = batch.pictures.to(device_);
  if (batch.labels.defined()) here.labels = batch.labels.to(device_);
  for (const auto& phase : objective_->phases()) {
    if (progress_.stage_step % phase.interval == 0) run_phase(phase, here);
  }
  const std::int64_t count = batch.pictures.size(0);
  const double beta = ema_beta(stage().ema, count, progress_.stage_pictures);
  for (auto& [name, average] : averages_) update_average(*average, *state_.modules.at(name), beta);

  ++progress_.step, ++progress_.stage_step;
  progress_.pictures += count, progress_.stage_pictures += count;
  std::map<std::string, double> watched;
  {
    const at::NoGradGuard no_grad;
    objective_->after_step(state_, info(), watched);
  }
  for (const auto& [name, value] : watched) meter_.set(name, value);
}

void Trainer::add_time(double seconds) {
  progress_.wall_s += seconds;
  progress_.stage_wall_s += seconds;
}

}  // namespace orrery
