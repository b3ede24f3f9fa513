#include "engine/train/training_run.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <thread>

#include "engine/api/result.h"

namespace orrery {
namespace {

constexpr double forever = std::numeric_limits<double>::infinity();

// How many pictures lie between two lines of stats.jsonl: 128 up to 65,536 pictures, then twice as many with every doubling, at most
// 4,096. A function of the count alone, so that a resumed run writes the lines of an unbroken one.
std::int64_t tick_interval(std::int64_t pictures) {
  std::int64_t interval = 128;
  while (interval < 4096 && pictures >= interval * 512) interval *= 2;
  return interval;
}

bool crosses(std::int64_t before, std::int64_t after, std::int64_t interval) { return before / interval != after / interval; }

double seconds(std::chrono::steady_clock::duration time) { return std::chrono::duration<double>(time).count(); }

double memory_mb() {
  long long pages_total = 0, pages = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0.0;
  const int read = std::fscanf(file, "%lld %lld", &pages_total, &pages);
  std::fclose(file);
  return read == 2 ? static_cast<double>(pages) * 4096.0 / 1e6 : 0.0;
}

}  // namespace

TrainingRun::TrainingRun(RunSetup setup, RunSettings settings, JobContext& job, SnapshotSink* sink)
    : setup_(std::move(setup)),
      settings_(std::move(settings)),
      job_(job),
      sink_(sink),
      checkpoints_(setup_.folder.checkpoints(), 2, settings_.writer) {}

void TrainingRun::go() {
  start();
  while (true) {
    try {
      loop();
      finish();
      return;
    } catch (const Error& error) {
      if (error.error().code != ErrorCode::not_a_number) throw;
      if (go_back(error) == Ask::stop) return;
    }
  }
}

void TrainingRun::start() {
  job_.set_state(JobState::preparing);
  at::set_num_threads(setup_.threads);
  checkpoints_.sweep();
  trainer_ = std::make_unique<Trainer>(setup_.plan, setup_.seed, setup_.device);
  restore_newest();
  if (setup_.lr_scale > 0.0) trainer_->set_lr_scale(setup_.lr_scale);
  stats_ = std::make_unique<StatsFile>(setup_.folder.stats(), trainer_->progress().step);
  std::int64_t last_line = 0;
  for (const auto& point : read_stats(setup_.folder.stats())) {
    job_.stats(point);
    last_values_ = point.values;
    last_line = point.step;
  }
  const Progress& progress = trainer_->progress();
  line_due_ = progress.stage_step > 0 && last_line < progress.step && line_due(progress.pictures - trainer_->stage().batch, progress.pictures);
  open_batches();
  reset_clocks();
  save_time_ = clock_;
  job_.set_state(JobState::running);
  report(true);
  const std::int64_t step = progress.step;
  setup_.folder.log(step == 0 ? "started" : "resumed at step " + std::to_string(step));
  if (step > 0) {
    if (sink_ != nullptr) publish(false);  // what was learnt so far plays at once
    return;
  }
  // From the very beginning there is something to go back to, and something to see.
  insist([this] { save(); });
  if (setup_.reals) insist([this] { setup_.reals(batches_->batch(0).pictures, setup_.folder.reals()); });
  keep_snapshot(true);
}

void TrainingRun::restore_newest() {
  std::vector<std::string> skipped;
  const auto checkpoint = checkpoints_.newest(&skipped);
  for (const auto& line : skipped) setup_.folder.log("skipped " + line);
  if (!checkpoint) return;
  trainer_->restore(io::read_safetensors(checkpoint->state_path));
  saved_step_ = checkpoint->step;
}

void TrainingRun::open_batches() { batches_ = setup_.data->batches(trainer_->stage(), setup_.seed, setup_.threads); }

void TrainingRun::reset_clocks() {
  clock_ = tick_time_ = report_time_ = Clock::now();
  tick_pictures_ = report_pictures_ = trainer_->progress().pictures;
}

void TrainingRun::loop() {
  while (true) {
    const bool line_waits = line_due_ && !write_line();
    if (!line_waits && rule_fulfilled()) return;
    if (listen() == Ask::stop) {
      stopped_ = true;
      return;
    }
    if (line_waits) continue;
    one_step();
    if (seconds(Clock::now() - save_time_) >= settings_.checkpoint_s) insist([this] { save(); });
  }
}

bool TrainingRun::rule_fulfilled() {
  while (true) {
    const Progress& progress = trainer_->progress();
    if (setup_.until.amount > 0.0 && fraction_done(setup_.until, progress.done()) >= 1.0) return true;
    // A person's rule replaces that of the last stage, and leaves the others an equal share at most: in ten minutes both of two stages are seen.
    if (trainer_->last_stage() && setup_.until.amount > 0.0) return false;
    const double share = static_cast<double>(progress.stage + 1) / static_cast<double>(trainer_->plan().stages.size());
    const bool used_up = setup_.until.amount > 0.0 && fraction_done(setup_.until, progress.done()) >= share;
    if (!used_up && fraction_done(trainer_->stage().until, progress.stage_done()) < 1.0) return false;
    if (trainer_->last_stage()) return true;
    trainer_->begin_next_stage();
    spare_networks_.clear();
    open_batches();
    setup_.folder.log("stage \"" + trainer_->stage().name + "\" begins at step " + std::to_string(progress.step));
  }
}

void TrainingRun::one_step() {
  const std::int64_t before = trainer_->progress().pictures;
  const std::int64_t piece = trainer_->piece();
  trainer_->step(batches_->batch(trainer_->progress().step));
  if (trainer_->piece() != piece) {
    setup_.folder.log("step " + std::to_string(trainer_->progress().step) + " did not fit into memory; from here on at most " + std::to_string(trainer_->piece()) +
                      " of the " + std::to_string(trainer_->stage().batch) + " pictures of a step are taken at once");
  }
  const auto now = Clock::now();
  trainer_->add_time(seconds(now - clock_));
  clock_ = now;
  const std::int64_t after = trainer_->progress().pictures;
  line_due_ = line_due(before, after);
  // A line that waits for measures comes after the snapshot, every other one before: what a snapshot says of itself is then new.
  if (line_due_ && !measure_due(before, after)) write_line();
  report(false);
  if (snapshot_due(before, after)) {
    keep_snapshot(true);
  } else if (sink_ != nullptr && seconds(now - publish_time_) >= std::max(settings_.publish_s, 20.0 * publish_cost_s_) &&
             sink_->watched(setup_.folder.path)) {
    publish(false);
  }
}

void TrainingRun::finish() {
  job_.set_state(JobState::finishing);
  insist([this] { save(); });
  keep_snapshot(!stopped_);  // who stops wants to leave soon, and finds the newest weights all the same
  report(true);
  setup_.folder.log(std::string(stopped_ ? "stopped" : "finished") + " at step " + std::to_string(trainer_->progress().step));
}

double TrainingRun::fraction() const {
  const Progress& progress = trainer_->progress();
  if (setup_.until.amount > 0.0) return std::min(1.0, fraction_done(setup_.until, progress.done()));
  const double stages = static_cast<double>(trainer_->plan().stages.size());
  return (static_cast<double>(progress.stage) + std::min(1.0, fraction_done(trainer_->stage().until, progress.stage_done()))) / stages;
}

bool TrainingRun::snapshot_due(std::int64_t before, std::int64_t after) const {
  return crosses(before, after, std::max<std::int64_t>(1, std::llround(trainer_->stage().snapshot_kimg * 1000.0)));
}

bool TrainingRun::measure_due(std::int64_t before, std::int64_t after) const {
  const MeasureConfig& config = trainer_->stage().measure;
  if (!setup_.measure || config.metrics.empty() || config.every < 1 || !snapshot_due(before, after)) return false;
  return after / std::max<std::int64_t>(1, std::llround(trainer_->stage().snapshot_kimg * 1000.0)) % config.every == 0;
}

bool TrainingRun::line_due(std::int64_t before, std::int64_t after) const {
  return trainer_->progress().step == 1 || crosses(before, after, tick_interval(after)) || measure_due(before, after);
}

bool TrainingRun::write_line() {
  const Progress& progress = trainer_->progress();
  std::map<std::string, double> measured;
  const bool measures = measure_due(progress.pictures - trainer_->stage().batch, progress.pictures);
  if (measures && !measure(measured)) return false;
  line_due_ = false;
  tick(measured);
  if (!measured.empty() && sink_ != nullptr && kept_) sink_->publish(setup_.folder.path, kept_, last_values_, true);
  kept_.reset();
  return true;
}

bool TrainingRun::measure(std::map<std::string, double>& values) {
  const auto begin = Clock::now();
  job_.progress(fraction(), "Measuring the snapshot");
  const auto interrupted = [this] {
    while (const auto verb = job_.next_verb()) heard_.push_back(*verb);
    return !heard_.empty();
  };
  std::string note;
  try {
    SnapshotMeasures measures = setup_.measure(kept_ ? kept_ : copy_model(), trainer_->stage().measure, interrupted);
    values = std::move(measures.values);
    note = measures.note;
  } catch (const Error& error) {
    if (error.error().code == ErrorCode::cancelled && !heard_.empty()) return false;
    if (error.error().code == ErrorCode::not_a_number) throw;
    note = "the snapshot was not measured: " + error.error().what_happened + " " + error.error().what_to_do;
  } catch (const std::exception& error) {  // a number less is no reason to stop training
    note = std::string("the snapshot was not measured: ") + error.what();
  }
  if (!note.empty() && note != measure_note_) setup_.folder.log(note);
  measure_note_ = note;
  // Pictures per second are those of training.
  const auto passed = Clock::now() - begin;
  tick_time_ += passed;
  report_time_ += passed;
  return true;
}

void TrainingRun::tick(const std::map<std::string, double>& measured) {
  const std::string bad = trainer_->meter().settle();
  const Progress& progress = trainer_->progress();
  if (!bad.empty()) throw Error(ErrorCode::not_a_number, "\"" + bad + "\" became NaN or infinite near step " + std::to_string(progress.step) + ".");
  StatsPoint point{progress.step, progress.kimg(), progress.wall_s, trainer_->meter().take()};
  const auto now = Clock::now();
  point.values["img_per_s"] = static_cast<double>(progress.pictures - tick_pictures_) / std::max(1e-9, seconds(now - tick_time_));
  if (trainer_->lr_scale() != 1.0) point.values["lr_scale"] = trainer_->lr_scale();
  for (const auto& [name, value] : measured) point.values[name] = value;
  if (const auto unreadable = batches_->unreadable(); unreadable > 0) point.values["unreadable"] = static_cast<double>(unreadable);
  tick_time_ = now;
  tick_pictures_ = progress.pictures;
  last_values_ = point.values;
  insist([&] { stats_->append(point); });
  job_.stats(point);
}

void TrainingRun::report(bool now) {
  const auto time = Clock::now();
  const double passed = seconds(time - report_time_);
  if (!now && passed < 0.25) return;
  const Progress& progress = trainer_->progress();
  const std::int64_t pictures = progress.pictures - report_pictures_;
  if (pictures > 0 && passed > 0.0) {
    // Smoothed over about ten seconds.
    const double share = pictures_per_s_ > 0.0 ? 1.0 - std::exp(-passed / 10.0) : 1.0;
    pictures_per_s_ += (static_cast<double>(pictures) / passed - pictures_per_s_) * share;
  }
  report_time_ = time;
  report_pictures_ = progress.pictures;
  const double done = fraction();
  job_.number("step", static_cast<double>(progress.step));
  job_.number("kimg", progress.kimg());
  job_.number("img_per_s", pictures_per_s_);
  job_.number("memory_mb", memory_mb());
  if (saved_step_ >= 0) job_.number("saved_step", static_cast<double>(saved_step_));
  // Time left: this sitting's speed for rules that count pictures, the clock for the others.
  const Until& rule = setup_.until.amount > 0.0 ? setup_.until : trainer_->stage().until;
  const Done counted = setup_.until.amount > 0.0 ? progress.done() : progress.stage_done();
  const double part = fraction_done(rule, counted);
  std::optional<double> left;
  if (rule.unit == Until::Unit::minutes) left = std::max(0.0, rule.amount * 60.0 - counted.wall_s);
  else if (part > 0.0 && pictures_per_s_ > 0.0) left = std::max(0.0, static_cast<double>(counted.pictures) * (1.0 - part) / part / pictures_per_s_);
  job_.eta(trainer_->last_stage() ? left : std::nullopt);
  job_.progress(done, trainer_->plan().stages.size() > 1 ? "Training: " + trainer_->stage().name : "Training");
}

std::optional<JobVerb> TrainingRun::next_verb() {
  if (heard_.empty()) return job_.next_verb();
  const JobVerb verb = heard_.front();
  heard_.pop_front();
  return verb;
}

TrainingRun::Ask TrainingRun::listen() {
  while (const auto verb = next_verb()) {
    switch (*verb) {
      case JobVerb::pause:
        if (pause() == Ask::stop) return Ask::stop;
        break;
      case JobVerb::resume: break;
      case JobVerb::save_now: insist([this] { save(); }); break;
      case JobVerb::sample_now:
        if (sink_ != nullptr) publish(false);
        insist([this] { draw_probe(copy_model()); });
        break;
      case JobVerb::stop_and_save: return Ask::stop;
      case JobVerb::stop_without_saving:
      case JobVerb::cancel: give_up();
    }
  }
  return Ask::go_on;
}

TrainingRun::Ask TrainingRun::pause() {
  job_.set_state(JobState::pausing);
  insist([this] { save(); });
  job_.set_state(JobState::paused);
  setup_.folder.log("paused at step " + std::to_string(trainer_->progress().step));
  const Ask ask = wait(forever);
  if (ask == Ask::go_on) job_.set_state(JobState::running);
  reset_clocks();
  return ask;
}

TrainingRun::Ask TrainingRun::wait(double at_most_s) {
  const auto begin = Clock::now();
  while (seconds(Clock::now() - begin) < at_most_s) {
    const auto verb = next_verb();
    if (!verb) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    switch (*verb) {
      case JobVerb::resume: return Ask::go_on;
      case JobVerb::stop_and_save: return Ask::stop;
      case JobVerb::stop_without_saving:
      case JobVerb::cancel: give_up();
      case JobVerb::sample_now:
        if (sink_ != nullptr) publish(false);
        break;
      case JobVerb::save_now: return Ask::go_on;  // of a save that failed: try again; of a paused run: it is saved, so stay
      case JobVerb::pause: break;
    }
  }
  return Ask::go_on;
}

TrainingRun::Ask TrainingRun::go_back(const Error& error) {
  const std::int64_t step = trainer_->progress().step;
  setup_.folder.log("step " + std::to_string(step) + ": " + error.error().what_happened);
  line_due_ = false;
  kept_.reset();
  restore_newest();
  const std::int64_t back = trainer_->progress().step;
  insist([&] { stats_->truncate_after(back); });
  open_batches();
  setup_.folder.log("went back to step " + std::to_string(back));
  job_.set_state(JobState::paused);
  job_.problem(JobError{ErrorCode::not_a_number, "The numbers exploded at step " + std::to_string(step) + ": a loss or weight is no longer finite.",
                        "Training went back to step " + std::to_string(back) + ", which is saved; nothing broken was kept.",
                        "Resume to go on from there with half the learning rate, or stop.", error.error().what_happened});
  const Ask ask = wait(forever);
  if (ask == Ask::stop) {
    stopped_ = true;
    return ask;
  }
  trainer_->set_lr_scale(trainer_->lr_scale() * 0.5);
  setup_.folder.log("goes on with learning rates times " + nlohmann::json(trainer_->lr_scale()).dump());
  job_.problem(std::nullopt);
  job_.set_state(JobState::running);
  reset_clocks();
  return Ask::go_on;
}

void TrainingRun::give_up() {
  job_.set_state(JobState::finishing);
  setup_.folder.log("stopped without saving at step " + std::to_string(trainer_->progress().step));
  throw Error(ErrorCode::cancelled, "Stopped at step " + std::to_string(trainer_->progress().step) + " without saving.",
              saved_step_ >= 0 ? "The checkpoint of step " + std::to_string(saved_step_) + " is kept." : "Nothing of it was kept.",
              "Go on from there with --resume.");
}

void TrainingRun::insist(const std::function<void()>& write) {
  bool troubled = false, last_try = false;
  while (true) {
    try {
      write();
      break;
    } catch (const Error& error) {
      const ErrorCode code = error.error().code;
      if (last_try || (code != ErrorCode::disk_full && code != ErrorCode::failed && code != ErrorCode::bad_input)) throw;
      if (!troubled) setup_.folder.log(error.error().what_happened);
      troubled = true;
      job_.set_state(JobState::paused);
      job_.problem(error.error());
      last_try = stopped_ || wait(settings_.retry_s) == Ask::stop;
      stopped_ = stopped_ || last_try;
    }
  }
  if (!troubled) return;
  setup_.folder.log("saved after all");
  job_.problem(std::nullopt);
  job_.set_state(JobState::running);
  reset_clocks();
}

}  // namespace orrery
