// One sitting of a run: the loop that drives a Trainer, listens to verbs, writes the run folder and survives full disks and NaN.
// The caller holds the run's lock.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/jobs/job_context.h"
#include "engine/train/checkpoints.h"
#include "engine/train/measure_snapshot.h"
#include "engine/train/run_folder.h"
#include "engine/train/snapshot_sink.h"
#include "engine/train/stats_file.h"
#include "engine/train/trainer.h"
#include "engine/train/training_data.h"

namespace orrery {

struct RunSettings {
  double checkpoint_s = 300.0;  // wall clock between checkpoints, at most
  double publish_s = 2.0;       // between passing snapshots, at least
  double retry_s = 15.0;        // how often a save that failed is tried again while the run waits
  CheckpointWriter writer = CheckpointWriter::real();
};

struct RunSetup {
  RunFolder folder;
  std::string system;
  nlohmann::json config;                    // resolved
  std::map<std::string, std::string> meta;  // goes into every snapshot (data set, seed, ...)
  Plan plan;
  std::uint64_t seed = 0;
  std::string device = "cpu";
  int threads = 1;
  Until until{};          // amount 0: the stages' own rules
  double lr_scale = 0.0;  // > 0: replaces the checkpoint's
  std::shared_ptr<const TrainingData> data;
  std::function<std::shared_ptr<torch::nn::Module>()> build_network;            // the published network, random weights, on the CPU
  // Draw the probe sheet of a model, and real pictures (uint8 [N, C, H, W]) for comparison; may be empty.
  std::function<void(std::shared_ptr<const Model>, const std::string& png)> probe;
  std::function<void(const at::Tensor& pictures, const std::string& png)> reals;
  // Measures a snapshot against the data; may be empty. Throws Error(cancelled) soon after `interrupted` says true.
  std::function<SnapshotMeasures(std::shared_ptr<const Model>, const MeasureConfig&, const std::function<bool()>& interrupted)> measure;
};

class TrainingRun {
 public:
  TrainingRun(RunSetup setup, RunSettings settings, JobContext& job, SnapshotSink* sink);
  // Resumes from the newest whole checkpoint, or starts. Returns when the stop rule is fulfilled or after stop_and_save (stopped() tells).
  // Throws Error(cancelled) after stop_without_saving and cancel; whatever else ends the run.
  void go();
  bool stopped() const { return stopped_; }
  const Trainer& trainer() const { return *trainer_; }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Ask { go_on, stop };

  void start();
  void restore_newest();
  void open_batches();
  void loop();                       // until the stop rule is fulfilled or a person stops
  bool rule_fulfilled();             // also begins the next stage when the stage's rule is
  void one_step();
  void finish();
  std::optional<JobVerb> next_verb();
  Ask listen();                      // to the verbs said since the last step
  Ask pause();
  Ask wait(double at_most_s);        // paused: until resume, stop or the time is over
  Ask go_back(const Error& error);   // after a NaN: to the last checkpoint, then waits
  bool snapshot_due(std::int64_t before, std::int64_t after) const;   // between two counts of pictures
  bool measure_due(std::int64_t before, std::int64_t after) const;
  bool line_due(std::int64_t before, std::int64_t after) const;
  // Writes the line of stats.jsonl that is due, with measures where they are. False when a person said something meanwhile that comes
  // first; the line is then still due, also after stopping and resuming.
  bool write_line();
  bool measure(std::map<std::string, double>& values);
  void tick(const std::map<std::string, double>& measured);
  void report(bool now);
  void save();                       // a checkpoint of this step, unless there is one
  void keep_snapshot(bool with_probe);
  void publish(bool keep);
  void draw_probe(const std::shared_ptr<const Model>& model);
  std::shared_ptr<const Model> copy_model();
  // Runs `write`; when it throws Error, pauses and tries again until it succeeds. Throws the last error when told to stop.
  void insist(const std::function<void()>& write);
  [[noreturn]] void give_up();
  double fraction() const;
  void reset_clocks();

  RunSetup setup_;
  RunSettings settings_;
  JobContext& job_;
  SnapshotSink* sink_;
  Checkpoints checkpoints_;
  std::unique_ptr<Trainer> trainer_;
  std::unique_ptr<StatsFile> stats_;
  std::unique_ptr<BatchSource> batches_;
  std::vector<std::shared_ptr<torch::nn::Module>> spare_networks_;  // copies that viewers may have let go of
  std::map<std::string, double> last_values_;
  std::deque<JobVerb> heard_;                 // while something was measured
  std::shared_ptr<const Model> kept_;         // the snapshot of this step, until it is measured
  bool line_due_ = false;
  std::string measure_note_;                  // said already

  bool stopped_ = false;   // by a person, to be saved
  std::int64_t saved_step_ = -1;
  std::int64_t tick_pictures_ = 0;
  Clock::time_point clock_, tick_time_, report_time_, save_time_, publish_time_;
  std::int64_t report_pictures_ = 0;
  double pictures_per_s_ = 0.0;
  double publish_cost_s_ = 0.0;
};

}  // namespace orrery
