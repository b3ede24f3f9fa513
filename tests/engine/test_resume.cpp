// Runs that are interrupted: kill -9, stops, full disks, damaged files, NaN, two trainers.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QtTest>
#include <cerrno>
#include <fstream>

#include "engine/io/atomic_file.h"
#include "engine/io/sha256.h"
#include "engine/train/run_lock.h"
#include "toy_run.h"

using namespace orrery;
namespace fs = std::filesystem;

namespace {

std::string text_of(const std::string& path) { return io::read_file(path); }

bool same_checkpoint(const std::string& a, const std::string& b, std::int64_t step) {
  char name[64];
  std::snprintf(name, sizeof name, "/checkpoints/state-%08lld.safetensors", static_cast<long long>(step));
  auto x = io::read_safetensors(a + name), y = io::read_safetensors(b + name);
  if (x.tensors.size() != y.tensors.size() || x.tensors.empty()) return false;
  for (const auto& [key, tensor] : x.tensors) {
    if (y.tensors.count(key) == 0 || !at::equal(tensor, y.tensors.at(key))) return false;
  }
  // All of the description but the time spent.
  auto p = nlohmann::json::parse(x.metadata.at("orrery.train")), q = nlohmann::json::parse(y.metadata.at("orrery.train"));
  for (auto* json : {&p, &q}) {
    (*json)["progress"].erase("wall_s");
    (*json)["progress"].erase("stage_wall_s");
  }
  return p == q;
}

// stats.jsonl without what the clock says.
std::vector<std::map<std::string, double>> numbers_of(const std::string& run) {
  std::vector<std::map<std::string, double>> lines;
  for (auto& point : read_stats(run + "/stats.jsonl")) {
    point.values.erase("img_per_s");
    point.values["step"] = static_cast<double>(point.step);
    point.values["kimg"] = point.kimg;
    lines.push_back(point.values);
  }
  return lines;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// This program again, training the toy in `run` until it is done; checkpoints after every step when `busy`.
pid_t start_child(const std::string& run, bool busy) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that fails leaves no trainer behind
    ::execl("/proc/self/exe", "test_resume", "--child", run.c_str(), busy ? "busy" : "calm", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  return child;
}

int child_main(const std::string& run, bool busy) {
  try {
    const RunLock lock((fs::create_directories(run), run));
    toy::Job job;
    RunSettings settings;
    if (busy) settings.checkpoint_s = 0.0;
    toy::run(toy::setup(run), settings, job);
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s %s\n", error.error().what_happened.c_str(), error.error().details.c_str());
    return exit_code(error.error().code);
  }
}

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

// The system call that fails next, by count.
struct Failure {
  static inline int countdown = 0;
  static inline int code = 0;
  static inline bool forever = false;
  static inline io::FileCalls real{};
  static bool now() {
    if (countdown <= 0) return false;
    if (--countdown > 0) return false;
    if (forever) countdown = 1;
    errno = code;
    return true;
  }
  static void install() {
    real = io::file_calls();
    auto& calls = io::file_calls();
    calls.open = [](const char* path, int flags, mode_t mode) { return now() ? -1 : real.open(path, flags, mode); };
    calls.pwrite = [](int d, const void* b, std::size_t n, off_t o) -> ssize_t { return now() ? -1 : real.pwrite(d, b, n, o); };
    calls.fsync = [](int d) { return now() ? -1 : real.fsync(d); };
    calls.link_descriptor = [](int d, const char* p) { return now() ? -1 : real.link_descriptor(d, p); };
    calls.rename = [](const char* a, const char* b) { return now() ? -1 : real.rename(a, b); };
  }
  static void remove() {
    countdown = 0;
    io::file_calls() = real;
  }
};

}  // namespace

class TestResume : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  std::string straight_;
  std::string place(const char* name) const { return folder_.filePath(name).toStdString(); }

 private Q_SLOTS:
  void initTestCase() {
    straight_ = place("straight");
    toy::Job job;
    toy::run(toy::setup(straight_), {}, job);
  }

  void unbroken_run_leaves_what_it_should() {
    QVERIFY((names_in(straight_ + "/checkpoints") ==
             std::vector<std::string>{"manifest-00000000.json", "manifest-00000200.json", "state-00000000.safetensors", "state-00000200.safetensors"}));
    QVERIFY((names_in(straight_ + "/snapshots") ==
             std::vector<std::string>{"snapshot-000000.000.safetensors", "snapshot-000001.008.safetensors", "snapshot-000002.000.safetensors", "snapshot-000003.008.safetensors",
                                       "snapshot-000003.200.safetensors"}));
    const auto points = read_stats(straight_ + "/stats.jsonl");
    QCOMPARE(points.front().step, std::int64_t{1});
    QCOMPARE(points.back().step, std::int64_t{200});
    QCOMPARE(points.back().kimg, 3.2);
    QCOMPARE(points.size(), std::size_t{26});
    QVERIFY(points.back().values.count("loss.g") && points.back().values.count("p"));
    QVERIFY(text_of(straight_ + "/log.txt").find("finished at step 200") != std::string::npos);
    const auto model = io::read_safetensors(straight_ + "/snapshots/snapshot-000003.200.safetensors");
    const auto state = io::read_safetensors(straight_ + "/checkpoints/state-00000200.safetensors");
    QVERIFY(at::equal(model.tensors.at("weight"), state.tensors.at("average/g/weight")));
    QCOMPARE(model.metadata.at("orrery.step"), std::string("200"));
  }

  // 200 steps = 100 + kill -9 + 100: killed at whatever step, several times, checkpoints at every step.
  void killed_and_resumed_is_the_same() {
    const std::string run = place("killed");
    int kills = 0;
    while (true) {
      const pid_t child = start_child(run, /*busy=*/true);
      // Somewhere in the middle of it, mostly while it writes: wait for a few more checkpoints, then kill without warning.
      const auto before = Checkpoints(run + "/checkpoints").newest_step().value_or(-1);
      bool ended = false;
      while (kills < 4) {
        int status = 0;
        if (::waitpid(child, &status, WNOHANG) == child) {
          QCOMPARE(status, 0);
          ended = true;
          break;
        }
        if (Checkpoints(run + "/checkpoints").newest_step().value_or(-1) >= before + 35) break;
        ::usleep(1000 + 777 * kills);
      }
      if (ended) break;
      if (kills == 4) {
        QCOMPARE(wait_for(child), 0);
        break;
      }
      ::kill(child, SIGKILL);
      wait_for(child);
      ++kills;
    }
    QCOMPARE(kills, 4);
    QVERIFY(same_checkpoint(straight_, run, 200));
    QVERIFY(numbers_of(straight_) == numbers_of(run));
    QCOMPARE(io::sha256_of_file(straight_ + "/snapshots/snapshot-000002.000.safetensors"), io::sha256_of_file(run + "/snapshots/snapshot-000002.000.safetensors"));
    QCOMPARE(names_in(run + "/checkpoints").size(), std::size_t{4});
  }

  void stop_and_save_then_resume_is_the_same() {
    const std::string run = place("stopped");
    toy::Job job;
    int polls = 0;
    job.on_poll = [&]() -> std::optional<JobVerb> { return ++polls == 70 ? std::optional(JobVerb::stop_and_save) : std::nullopt; };
    toy::run(toy::setup(run), {}, job);
    QCOMPARE(job.states.back(), JobState::finishing);
    QVERIFY(Checkpoints(run + "/checkpoints").newest_step().value() > 0);
    QVERIFY(Checkpoints(run + "/checkpoints").newest_step().value() < 200);
    toy::Job again;
    toy::run(toy::setup(run), {}, again);
    QVERIFY(same_checkpoint(straight_, run, 200));
    QVERIFY(numbers_of(straight_) == numbers_of(run));
    QCOMPARE(again.points.size(), std::size_t{26});  // the lines of the first sitting come first
    // Once more: nothing left to do, nothing changed.
    const std::string before = text_of(run + "/stats.jsonl");
    toy::Job third;
    toy::run(toy::setup(run), {}, third);
    QCOMPARE(text_of(run + "/stats.jsonl"), before);
    QVERIFY(same_checkpoint(straight_, run, 200));
  }

  void with_two_threads_too() {
    const std::string a = place("two_threads_straight"), b = place("two_threads_stopped");
    for (const auto& [run, steps] : std::vector<std::pair<std::string, int>>{{a, 24}, {b, 11}, {b, 24}}) {
      RunSetup setup = toy::setup(run, {}, /*threads=*/2);
      setup.until = {static_cast<double>(steps), Until::Unit::steps};
      toy::Job job;
      toy::run(setup, {}, job);
    }
    QVERIFY(same_checkpoint(a, b, 24));
    QVERIFY(numbers_of(a) == numbers_of(b));
  }

  void stop_without_saving_goes_back_to_the_checkpoint() {
    const std::string run = place("dropped");
    toy::Job job;
    int polls = 0;
    job.on_poll = [&]() -> std::optional<JobVerb> {
      ++polls;
      if (polls == 20) return JobVerb::save_now;
      return polls == 40 ? std::optional(JobVerb::stop_without_saving) : std::nullopt;
    };
    bool cancelled = false;
    try {
      toy::run(toy::setup(run), {}, job);
    } catch (const Error& error) {
      cancelled = error.error().code == ErrorCode::cancelled;
    }
    QVERIFY(cancelled);
    const auto step = Checkpoints(run + "/checkpoints").newest_step().value();
    QCOMPARE(step, std::int64_t{19});
    toy::Job again;
    toy::run(toy::setup(run), {}, again);
    QVERIFY(same_checkpoint(straight_, run, 200));
    QVERIFY(numbers_of(straight_) == numbers_of(run));
  }

  // A rule for the whole run is shared: the first of two stages ends at half of it, however long it would be.
  void a_rule_for_the_run_is_shared_by_its_stages() {
    const auto begins = [this](const char* name, double steps) {
      const std::string run = place(name);
      RunSetup setup = toy::setup(run);
      setup.plan.stages.push_back(setup.plan.stages.front());
      setup.plan.stages[0].name = "first", setup.plan.stages[1].name = "second";
      setup.plan.stages[0].until = {30, Until::Unit::steps};
      setup.until = {steps, Until::Unit::steps};
      toy::Job job;
      toy::run(setup, {}, job);
      std::ifstream log(run + "/log.txt");
      std::string line;
      while (std::getline(log, line)) {
        if (const auto at = line.find("stage \"second\" begins at step "); at != std::string::npos) return std::stoi(line.substr(at + 30));
      }
      return -1;
    };
    QCOMPARE(begins("shared", 40), 20);
    QCOMPARE(begins("enough for both", 200), 30);
  }

  // Measures that depend on the snapshot alone, as the real ones do.
  static RunSetup measured(const std::string& run, int* calls = nullptr, const std::function<bool()>& disturb = {}) {
    RunSetup setup = toy::setup(run);
    setup.plan.stages[0].measure = {{"fd"}, 1, 8};
    setup.measure = [calls, disturb](std::shared_ptr<const Model> model, const MeasureConfig& config, const std::function<bool()>& interrupted) {
      if (calls != nullptr) ++*calls;
      if (disturb) disturb();
      if (interrupted()) throw Error(ErrorCode::cancelled, "The measurement was cancelled.");
      const double sum = model->network->parameters().front().sum().item<double>();
      return SnapshotMeasures{{{"fd_efflite0", sum * static_cast<double>(config.samples)}}, ""};
    };
    return setup;
  }

  void snapshots_are_measured_in_their_own_line() {
    const std::string run = place("measured");
    toy::Job job;
    int calls = 0;
    toy::run(measured(run, &calls), {}, job);
    QCOMPARE(calls, 3);
    QVERIFY(same_checkpoint(straight_, run, 200));  // nothing of it touches training
    std::vector<std::int64_t> at;
    std::int64_t last = 0;
    for (const auto& point : read_stats(run + "/stats.jsonl")) {
      QVERIFY(point.step > last);  // one line a step
      last = point.step;
      if (point.values.count("fd_efflite0") != 0) at.push_back(point.step);
    }
    QVERIFY((at == std::vector<std::int64_t>{63, 125, 188}));  // 1,008, 2,000 and 3,008 pictures
    RunSetup rarely = measured(place("measured rarely"), &(calls = 0));
    rarely.plan.stages[0].measure.every = 2;
    toy::run(rarely, {}, job);
    QCOMPARE(calls, 1);
    rarely = measured(place("measured never"), &(calls = 0));
    rarely.plan.stages[0].measure.metrics.clear();
    toy::run(rarely, {}, job);
    QCOMPARE(calls, 0);
    QVERIFY(numbers_of(straight_) == numbers_of(place("measured never")));
  }

  void stopped_while_measuring_then_resumed_is_the_same() {
    for (const JobVerb verb : {JobVerb::stop_and_save, JobVerb::stop_without_saving, JobVerb::pause}) {
      const std::string run = place((std::string("stopped measuring ") + std::to_string(static_cast<int>(verb))).c_str());
      toy::Job job;
      bool said = false;
      const auto disturb = [&] {
        if (!said) job.say(verb);
        return said = true;
      };
      if (verb == JobVerb::pause) {
        job.on_poll = [&]() -> std::optional<JobVerb> { return job.status().state == JobState::paused ? std::optional(JobVerb::resume) : std::nullopt; };
      }
      try {
        toy::run(measured(run, nullptr, disturb), {}, job);
      } catch (const Error& error) {
        QCOMPARE(error.error().code, ErrorCode::cancelled);
      }
      QVERIFY(said);
      const auto saved = Checkpoints(run + "/checkpoints").newest_step().value();
      QCOMPARE(saved, std::int64_t{verb == JobVerb::stop_and_save ? 63 : verb == JobVerb::pause ? 200 : 0});
      toy::Job again;
      toy::run(measured(run), {}, again);
      QVERIFY(same_checkpoint(straight_, run, 200));
      QVERIFY(numbers_of(run) == numbers_of(place("measured")));
    }
  }

  void a_measure_that_fails_is_said_once() {
    const std::string run = place("unmeasured");
    RunSetup setup = measured(run);
    int calls = 0;
    setup.measure = [&](auto&&...) -> SnapshotMeasures {
      if (++calls == 3) throw std::bad_alloc();
      throw Error(ErrorCode::failed, "The pretrained weights are not installed.", "", "Fetch them.");
    };
    toy::Job job;
    toy::run(setup, {}, job);
    QCOMPARE(calls, 3);
    QVERIFY(same_checkpoint(straight_, run, 200));
    const std::string log = text_of(run + "/log.txt");
    const auto first = log.find("not installed. Fetch them.");
    QVERIFY(first != std::string::npos && log.find("not installed", first + 5) == std::string::npos);
    QVERIFY(log.find("bad_alloc") != std::string::npos);
  }

  void pause_holds_and_saves() {
    const std::string run = place("paused");
    toy::Job job;
    int polls = 0;
    job.on_poll = [&]() -> std::optional<JobVerb> {
      ++polls;
      if (polls == 10) return JobVerb::pause;
      return polls == 20 ? std::optional(JobVerb::resume) : std::nullopt;
    };
    toy::run(toy::setup(run), {}, job);
    QVERIFY((job.states == std::vector<JobState>{JobState::preparing, JobState::running, JobState::pausing, JobState::paused, JobState::running, JobState::finishing}));
    QVERIFY(text_of(run + "/log.txt").find("paused at step 9") != std::string::npos);
    QVERIFY(same_checkpoint(straight_, run, 200));
  }

  void a_persons_rule_wins() {
    const std::string run = place("until");
    RunSetup setup = toy::setup(run);
    setup.until = {60, Until::Unit::steps};
    toy::Job job;
    toy::run(setup, {}, job);
    QCOMPARE(Checkpoints(run + "/checkpoints").newest_step().value(), std::int64_t{60});
    setup.until = {3.2, Until::Unit::kimg};
    toy::run(setup, {}, job);
    QVERIFY(same_checkpoint(straight_, run, 200));
    setup.until = {210, Until::Unit::steps};  // beyond the stage's own rule
    toy::run(setup, {}, job);
    QCOMPARE(Checkpoints(run + "/checkpoints").newest_step().value(), std::int64_t{210});
  }

  void damaged_checkpoints_are_passed_over() {
    const std::string run = place("damaged");
    fs::copy(straight_, run, fs::copy_options::recursive);
    const std::string newest = run + "/checkpoints/state-00000200.safetensors";
    std::string bytes = text_of(newest);
    bytes[bytes.size() / 2] ^= 1;
    std::ofstream(newest, std::ios::binary) << bytes;
    std::vector<std::string> skipped;
    QCOMPARE(Checkpoints(run + "/checkpoints").newest(&skipped)->step, std::int64_t{0});
    QCOMPARE(skipped.size(), std::size_t{1});
    QVERIFY(skipped[0].find("damaged") != std::string::npos);
    toy::Job job;
    toy::run(toy::setup(run), {}, job);  // from the one before
    QVERIFY(same_checkpoint(straight_, run, 200));
    QVERIFY(numbers_of(straight_) == numbers_of(run));
    QVERIFY(text_of(run + "/log.txt").find("skipped the checkpoint of step 200") != std::string::npos);

    for (const char* step : {"0", "200"}) {
      char name[64];
      std::snprintf(name, sizeof name, "/checkpoints/state-%08d.safetensors", std::atoi(step));
      fs::resize_file(run + name, 100);
    }
    bool refused = false;
    try {
      toy::run(toy::setup(run), {}, job);
    } catch (const Error& error) {
      refused = error.error().code == ErrorCode::bad_input;
    }
    QVERIFY(refused);
    QVERIFY(fs::exists(run + "/snapshots/snapshot-000003.200.safetensors"));
  }

  void torn_and_foreign_lines_of_statistics() {
    const std::string path = place("torn.jsonl");
    std::ofstream(path) << stats_line({1, 0.016, 1.0, {{"loss.g", 0.5}}}) << "\n"
                        << "not json\n[]\n{\"kimg\":1}\n\n"
                        << stats_line({2, 0.032, 2.0, {}}) << "\n"
                        << stats_line({3, 0.048, 3.0, {}}) << "\n{\"step\":4,\"kimg\":0.06";
    QCOMPARE(read_stats(path).size(), std::size_t{3});
    {
      StatsFile file(path, 2);
      file.append({3, 0.5, 9.0, {{"x", 1.0 / 3.0}, {"broken", std::numeric_limits<double>::quiet_NaN()}}});
    }
    const auto points = read_stats(path);
    QCOMPARE(points.size(), std::size_t{3});
    QCOMPARE(points.back().wall_s, 9.0);
    QCOMPARE(points.back().values.at("x"), 1.0 / 3.0);
    QCOMPARE(points.back().values.count("broken"), std::size_t{0});
    QVERIFY(read_stats(place("nowhere.jsonl")).empty());
  }

  void numbers_are_written_alike_everywhere() {
    const char* before = std::setlocale(LC_ALL, nullptr);
    const std::string old = before == nullptr ? "C" : before;
    const std::string here = stats_line({1, 1.5, 0.25, {{"a", 1e-9}, {"b", 12345678.0}}});
    for (const char* name : {"de_DE.UTF-8", "tr_TR.UTF-8", "C.UTF-8"}) {
      std::setlocale(LC_ALL, name);
      QCOMPARE(stats_line({1, 1.5, 0.25, {{"a", 1e-9}, {"b", 12345678.0}}}), here);
    }
    std::setlocale(LC_ALL, old.c_str());
    QCOMPARE(here, std::string(R"({"step":1,"kimg":1.5,"wall_s":0.25,"a":1e-09,"b":12345678})"));
  }

  // Every single system call of a save fails once: afterwards there is the old checkpoint or the new one, whole.
  void every_failing_call_leaves_a_whole_checkpoint() {
    const std::string at = place("calls");
    fs::create_directories(at);
    Trainer trainer(toy::plan(), 1);
    Checkpoints checkpoints(at);
    checkpoints.save(1, 0.016, trainer.checkpoint(), {});
    Failure::install();
    int failed = 0, k = 1;
    std::int64_t step = 1;
    for (;; ++k) {
      Failure::countdown = k;
      Failure::code = k % 2 == 0 ? ENOSPC : EIO;
      bool threw = false;
      try {
        checkpoints.save(step + 1, 0.032, trainer.checkpoint(), {});
      } catch (const Error& error) {
        threw = true;
        ++failed;
        QVERIFY(!error.error().what_happened.empty());
      }
      const bool reached = Failure::countdown <= 0;
      Failure::countdown = 0;
      const auto whole = checkpoints.newest();
      QVERIFY(whole.has_value());
      QVERIFY2(whole->step == step || whole->step == step + 1, qPrintable(QString("call %1").arg(k)));
      if (!threw) QCOMPARE(whole->step, step + 1);
      step = whole->step;
      if (!reached) break;
    }
    Failure::remove();
    QVERIFY2(k > 8 && failed > 5, qPrintable(QString("%1 calls, %2 failures").arg(k).arg(failed)));
  }

  // A writer that throws at its k-th call, whichever of the two files or the clearing it is.
  void writer_that_throws_at_the_kth_call() {
    for (int k = 1; k <= 6; ++k) {
      const std::string at = place(("writer" + std::to_string(k)).c_str());
      fs::create_directories(at);
      Trainer trainer(toy::plan(), 1);
      int calls = 0;
      bool armed = false;
      CheckpointWriter real = CheckpointWriter::real(), writer;
      const auto count = [&calls, &armed, k] {
        if (armed && ++calls == k) throw Error(ErrorCode::disk_full, "Disk full.");
      };
      writer.write_tensors = [&](const std::string& path, const io::TensorFile& file) { count(), real.write_tensors(path, file); };
      writer.write_text = [&](const std::string& path, const std::string& text) { count(), real.write_text(path, text); };
      writer.remove = [&](const std::string& path) { count(), real.remove(path); };
      Checkpoints checkpoints(at, 2, writer);
      checkpoints.save(1, 0, trainer.checkpoint(), {});
      checkpoints.save(2, 0, trainer.checkpoint(), {});
      armed = true;
      bool threw = false;
      try {
        checkpoints.save(3, 0, trainer.checkpoint(), {});
      } catch (const Error&) {
        threw = true;
      }
      QCOMPARE(threw, k <= 4);  // state, manifest, and the removal of the oldest two files
      QVERIFY(checkpoints.newest()->step >= (k <= 2 ? 2 : 3));
      armed = false;
      checkpoints.sweep();
      checkpoints.save(4, 0, trainer.checkpoint(), {});
      QCOMPARE(checkpoints.newest()->step, std::int64_t{4});
    }
  }

  void full_disk_pauses_and_goes_on() {
    const std::string run = place("full");
    toy::Job job;
    RunSettings settings;
    settings.checkpoint_s = 0.0;
    settings.retry_s = 0.05;
    int refusals = 3, saves = 0;
    settings.writer.write_tensors = [&](const std::string& path, const io::TensorFile& file) {
      if (++saves > 20 && refusals-- > 0) throw Error(ErrorCode::disk_full, "Disk full: 12 MB needed, 3 MB free.", "The last checkpoint is kept.", "Free some space.");
      io::write_safetensors(path, file);
    };
    toy::run(toy::setup(run), settings, job);
    QCOMPARE(job.problems.size(), std::size_t{1});
    QCOMPARE(job.problems[0].code, ErrorCode::disk_full);
    QVERIFY(!job.status().error.has_value());
    QVERIFY(std::count(job.states.begin(), job.states.end(), JobState::paused) >= 1);
    QVERIFY(same_checkpoint(straight_, run, 200));
  }

  void full_disk_for_good_can_be_stopped() {
    const std::string run = place("full_for_good");
    toy::Job job;
    RunSettings settings;
    settings.checkpoint_s = 0.0;
    settings.retry_s = 60.0;
    int saves = 0;
    settings.writer.write_tensors = [&](const std::string& path, const io::TensorFile& file) {
      if (++saves > 20) throw Error(ErrorCode::disk_full, "Disk full.");
      io::write_safetensors(path, file);
    };
    job.on_poll = [&]() -> std::optional<JobVerb> { return job.problems.empty() ? std::nullopt : std::optional(JobVerb::stop_and_save); };
    bool failed = false;
    try {
      toy::run(toy::setup(run), settings, job);
    } catch (const Error& error) {
      failed = error.error().code == ErrorCode::disk_full;
    }
    QVERIFY(failed);
    QCOMPARE(Checkpoints(run + "/checkpoints").newest()->step, std::int64_t{19});
    toy::Job again;
    toy::run(toy::setup(run), {}, again);
    QVERIFY(same_checkpoint(straight_, run, 200));
  }

  void nan_goes_back_and_halves() {
    const std::string run = place("nan");
    toy::Options options;
    options.nan_at_step = 50;
    options.nan_left = std::make_shared<int>(1);
    toy::Job job;
    int polls = 0;
    job.on_poll = [&]() -> std::optional<JobVerb> {
      if (++polls == 31) return JobVerb::save_now;
      return job.status().error ? std::optional(JobVerb::resume) : std::nullopt;
    };
    toy::run(toy::setup(run, options), {}, job);
    QCOMPARE(job.problems.size(), std::size_t{1});
    QCOMPARE(job.problems[0].code, ErrorCode::not_a_number);
    QVERIFY(job.problems[0].what_happened.find("step 50") != std::string::npos);
    QVERIFY(job.problems[0].what_is_safe.find("step 30") != std::string::npos);
    const auto state = io::read_safetensors(run + "/checkpoints/state-00000200.safetensors");
    QCOMPARE(nlohmann::json::parse(state.metadata.at("orrery.train")).at("lr_scale").get<double>(), 0.5);
    for (const auto& [name, tensor] : state.tensors) QVERIFY(at::isfinite(tensor).all().item<bool>());
    std::int64_t last = 0;
    for (const auto& point : read_stats(run + "/stats.jsonl")) {
      QVERIFY(point.step > last);
      last = point.step;
      QCOMPARE(point.values.count("lr_scale"), std::size_t{point.step > 30 ? 1u : 0u});
    }
    QCOMPARE(last, std::int64_t{200});
  }

  void broken_weights_are_never_kept() {
    const std::string run = place("poked");
    RunSetup setup = toy::setup(run);
    // An average that breaks although the loss stays finite: noticed when it would be written.
    struct Poke : toy::Duel {
      std::shared_ptr<int> left;
      explicit Poke(std::shared_ptr<int> l) : left(std::move(l)) {}
      void after_step(TrainState& state, const StepInfo& info, std::map<std::string, double>& watched) override {
        toy::Duel::after_step(state, info, watched);
        if (info.step == 25 && (*left)-- > 0) state.tensors.at("p").fill_(std::numeric_limits<float>::infinity()), watched.clear();
      }
    };
    auto left = std::make_shared<int>(1);
    setup.plan.stages[0].make_objective = [left] { return std::make_unique<Poke>(left); };
    toy::Job job;
    RunSettings settings;
    settings.checkpoint_s = 0.0;
    job.on_poll = [&]() -> std::optional<JobVerb> { return job.status().error ? std::optional(JobVerb::stop_and_save) : std::nullopt; };
    toy::run(setup, settings, job);
    QCOMPARE(job.problems.size(), std::size_t{1});
    QCOMPARE(job.problems[0].code, ErrorCode::not_a_number);
    const auto newest = Checkpoints(run + "/checkpoints").newest();
    QCOMPARE(newest->step, std::int64_t{24});
    for (const auto& [name, tensor] : io::read_safetensors(newest->state_path).tensors) QVERIFY(at::isfinite(tensor).all().item<bool>());
  }

  void two_trainers_on_one_run_are_refused() {
    const std::string run = place("locked");
    fs::create_directories(run);
    QVERIFY(!RunLock::holder(run));
    {
      RunLock lock(run);
      lock.announce("/somewhere/control.sock");
      QCOMPARE(RunLock::holder(run)->pid, static_cast<int>(::getpid()));
      QCOMPARE(RunLock::holder(run)->socket, std::string("/somewhere/control.sock"));
      bool refused = false;
      try {
        RunLock second(run);
      } catch (const Error& error) {
        refused = error.error().code == ErrorCode::wrong_use && error.error().what_happened.find(std::to_string(::getpid())) != std::string::npos;
      }
      QVERIFY(refused);
      QCOMPARE(wait_for(start_child(run, false)), exit_code(ErrorCode::wrong_use) << 8);  // another process too
      QVERIFY(RunLock::holder(run).has_value());
    }
    QVERIFY(!RunLock::holder(run));
    // Of one killed with the lock in hand nothing remains but the file.
    const pid_t child = start_child(run, false);
    while (!RunLock::holder(run)) ::usleep(1000);
    ::kill(child, SIGKILL);
    wait_for(child);
    QVERIFY(!RunLock::holder(run));
    const RunLock again(run);
  }

  void races_for_a_lock_have_one_winner() {
    const std::string run = place("race");
    fs::create_directories(run);
    for (int round = 0; round < 50; ++round) {
      std::atomic<int> winners{0}, losers{0};
      std::atomic<bool> go{false};
      std::vector<std::thread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
          while (!go) std::this_thread::yield();
          try {
            const RunLock lock(run);
            ++winners;
            while (winners + losers < 4) std::this_thread::yield();
          } catch (const Error&) {
            ++losers;
          }
        });
      }
      go = true;
      for (auto& thread : threads) thread.join();
      QCOMPARE(winners.load(), 1);
    }
  }

  void run_folders_protect_what_is_there() {
    const RunFolder folder{place("guarded")};
    folder.must_be_free();
    folder.create();
    folder.must_be_free();
    std::ofstream(folder.path + "/lock") << "x";
    folder.must_be_free();  // what a killed start leaves
    RunRecord record;
    record.system = "toy";
    record.set = {{"train.batch", "8"}};
    record.seed = 0xffffffffffffffffull;
    record.class_names = {"caf\xc3\xa9", "b"};
    record.config = {{"train", {{"lr", 0.1}}}};
    record.shape = {8, 3, 2, 100};
    folder.write_record(record);
    const RunRecord back = folder.read_record();
    QCOMPARE(back.seed, record.seed);
    QVERIFY(back.set == record.set && back.class_names == record.class_names && back.config == record.config);
    QCOMPARE(back.shape.classes, std::int64_t{2});
    const auto refused = [](auto f) {
      try {
        f();
      } catch (const Error& error) {
        return exit_code(error.error().code);
      }
      return 0;
    };
    QCOMPARE(refused([&] { folder.must_be_free(); }), 2);
    QCOMPARE(refused([&] { RunFolder{straight_}.must_be_free(); }), 2);
    QCOMPARE(refused([&] { RunFolder{folder.path + "/lock"}.must_be_free(); }), 2);
    QCOMPARE(refused([&] { RunFolder{folder.path + "/lock/deeper"}.create(); }), 3);
    QCOMPARE(refused([&] { RunFolder{place("nothing")}.read_record(); }), 3);
    for (const char* bad : {"", "{}", "[1]", "{\"format\":\"orrery-run-1\"}", "{\"format\":1}"}) {
      std::ofstream(folder.config()) << bad;
      QCOMPARE(refused([&] { folder.read_record(); }), 3);
    }
    QCOMPARE(first_difference({{"a", {{"b", 1}}}}, {{"a", {{"b", 2}}}}), std::string("a.b"));
    QCOMPARE(first_difference({{"a", 1}}, {{"a", 1}}), std::string());
  }
};

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "--child") return child_main(argv[2], std::string(argv[3]) == "busy");
  QCoreApplication app(argc, argv);
  TestResume test;
  return QTest::qExec(&test, argc, argv);
}
#include "test_resume.moc"
