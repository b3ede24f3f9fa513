// Runs a Plan, for every objective alike. Knows steps, phases, gradients, averages; knows no clock, file, thread or person.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "engine/io/safetensors.h"
#include "engine/train/meter.h"
#include "engine/train/optimiser.h"
#include "engine/train/plan.h"
#include "engine/train/until.h"

namespace orrery {

// Where a run stands. Counts without "stage_" are of the whole run.
struct Progress {
  std::int64_t stage = 0;  // index in the plan
  std::int64_t step = 0, stage_step = 0;
  std::int64_t pictures = 0, stage_pictures = 0;
  double wall_s = 0.0, stage_wall_s = 0.0;  // time spent training, over all sittings

  double kimg() const { return static_cast<double>(pictures) / 1000.0; }
  Done done() const { return {pictures, step, wall_s}; }
  Done stage_done() const { return {stage_pictures, stage_step, stage_wall_s}; }
};

class Trainer {
 public:
  // Builds the first stage with random weights. All randomness comes from `seed`, the step and the phase's name, so there is no generator
  // to save: weights from Rng(seed).fork("init").fork(stage), phases from Rng(seed).fork("train").fork(step).fork(name); with micro-batches,
  // piece i of a phase from a further .fork(i).
  Trainer(Plan plan, std::uint64_t seed, std::string device = "cpu");

  // One pass through the phases that are due: freeze everything else, loss, gradients, Adam; then averages and Objective::after_step, which
  // sees the step as done. A phase that runs out of memory is taken back and done again in pieces of half as many pictures, and so are all
  // phases after it: exactly what a micro_batch of that size gives. Terms are averaged over the batch, weighted by each piece's share when it is taken in micro-batches, and appear
  // in the meter as "loss.<term>". Throws Error(not_a_number) before any weight has moved in the phase whose loss is not finite (on a
  // CUDA device: when the meter is settled), Error(out_of_memory) when not even one picture fits.
  void step(const Batch& batch);
  void add_time(double seconds);
  // The most pictures that a phase takes at once: the stage's, or less since a step did not fit into memory.
  std::int64_t piece() const;

  const Plan& plan() const { return plan_; }
  const Stage& stage() const { return plan_.stages[static_cast<std::size_t>(progress_.stage)]; }
  const Progress& progress() const { return progress_; }
  bool last_stage() const { return static_cast<std::size_t>(progress_.stage) + 1 == plan_.stages.size(); }
  // Goes on to the next stage: new objective and optimisers; weights of equal module, name and shape are taken over.
  void begin_next_stage();

  Meter& meter() { return meter_; }
  TrainState& state() { return state_; }
  // The averaged network that is published, in eval mode, without gradients.
  const std::shared_ptr<torch::nn::Module>& published() const { return averages_.at(published_name_); }

  double lr_scale() const { return lr_scale_; }
  void set_lr_scale(double scale) { lr_scale_ = scale; }

  // Everything that must survive. Tensors share memory with the run: write them before the next step.
  io::TensorFile checkpoint();
  // Throws Error(bad_input) when the file does not fit this plan. Afterwards the run goes on exactly as the one that was saved.
  void restore(const io::TensorFile& file);
  // The name of a weight, moment or average that is not finite, or "".
  std::string first_non_finite();

 private:
  void build_stage();
  void run_phase(const Phase& phase, const Batch& batch);
  void add_gradients(const Phase& phase, const Batch& batch);
  StepInfo info() const;

  Plan plan_;
  std::uint64_t seed_;
  std::string device_;
  Progress progress_;
  double lr_scale_ = 1.0;
  std::int64_t most_at_once_ = 0;  // > 0: what memory allowed so far

  std::unique_ptr<Objective> objective_;
  TrainState state_;
  std::map<std::string, std::shared_ptr<torch::nn::Module>> averages_;
  std::string published_name_;
  std::unique_ptr<Optimiser> optimiser_;
  Meter meter_;
};

}  // namespace orrery
