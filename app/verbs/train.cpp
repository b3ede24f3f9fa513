#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>

#include "engine/jobs/attach.h"
#include "engine/jobs/boundary.h"
#include "engine/jobs/command_line.h"
#include "engine/jobs/detached_job.h"
#include "engine/jobs/snapshot_broadcast.h"
#include "engine/train/stats_file.h"
#include "engine/train/store_data.h"
#include "engine/train/train_job.h"
#include "engine/train/until.h"
#include "verbs/verbs.h"

namespace orrery::app {
namespace {

std::atomic<bool> asked_to_stop{false};
void on_signal(int) { asked_to_stop = true; }

// The first Ctrl+C, kill or hang-up stops and saves; a second one ends the program at once (the last checkpoint is whole).
void listen_to_signals() {
  struct sigaction action{};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESETHAND;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);  // nobody reads what we print: no reason to stop training
}

std::string clock_text(double seconds) {
  const long long whole = static_cast<long long>(seconds + 0.5);
  char text[32];
  if (whole >= 3600) std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
  else std::snprintf(text, sizeof text, "%lld:%02lld", whole / 60, whole % 60);
  return text;
}

// Progress for people on stderr: one line that is written over on a terminal, one line per tick elsewhere. With --json, each tick on stdout.
class Printer {
 public:
  explicit Printer(bool json) : json_(json), terminal_(isatty(STDERR_FILENO) != 0) {}

  void stats(const StatsPoint& point) {
    if (json_ && live_) {  // not those of earlier sittings, which come first
      std::printf("%s\n", stats_line(point).c_str());
      std::fflush(stdout);
    }
    values_ = point.values;
    if (!json_ && !terminal_ && live_) line("\n");
  }
  void status(const JobStatus& status, bool important) {
    const bool new_problem = status.error && status.error != last_.error && !status.finished();
    last_ = status;
    live_ = status.state != JobState::preparing && status.state != JobState::queued;
    if (new_problem) {
      end_line();
      std::fprintf(stderr, "orrery: %s %s %s\n", status.error->what_happened.c_str(), status.error->what_is_safe.c_str(), status.error->what_to_do.c_str());
    }
    const auto now = std::chrono::steady_clock::now();
    if (json_ || !terminal_ || !live_ || (!important && now - printed_ < std::chrono::milliseconds(200))) return;
    printed_ = now;
    line("\r");
  }
  void end_line() {
    if (open_) std::fputc('\n', stderr);
    open_ = false;
  }

 private:
  double number(const char* name) const {
    const auto found = last_.numbers.find(name);
    return found == last_.numbers.end() ? 0.0 : found->second;
  }
  void line(const char* end) {
    std::string losses;
    for (const auto& [name, value] : values_) {
      if (name.rfind("loss.", 0) != 0) continue;
      char text[64];
      std::snprintf(text, sizeof text, "  %s %.4g", name.c_str() + 5, value);
      losses += text;
    }
    const std::string left = last_.eta_s ? "  " + clock_text(*last_.eta_s) + " left" : "";
    const bool over = end[0] == '\r';
    std::fprintf(stderr, "%s%9.2f kimg %8.1f img/s%s%s  %.0f MB%s%s", over ? "\r" : "", number("kimg"), number("img_per_s"), losses.c_str(), left.c_str(),
                 number("memory_mb"), last_.state == JobState::paused ? "  paused" : "", over ? "\033[K" : "\n");
    std::fflush(stderr);
    open_ = over;
  }

  bool json_, terminal_, open_ = false, live_ = false;
  JobStatus last_;
  std::map<std::string, double> values_;
  std::chrono::steady_clock::time_point printed_{};
};

struct Arguments {
  TrainOptions options;
  std::vector<std::string> set;
  std::string until;
  bool attach = false;
  double checkpoint_minutes = 5.0;
};

void train(const Arguments& given, Context& context) {
  TrainOptions options = given.options;
  for (const auto& one : given.set) {
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error(ErrorCode::wrong_use, "--set " + one + " is not of the form path=value.", "Nothing was started.", "Write for example --set train.batch=8");
    }
    options.set[one.substr(0, equals)] = one.substr(equals + 1);
  }
  if (!given.until.empty()) options.until = parse_until(given.until);
  if (!options.resume && !given.attach && options.system.empty()) {
    throw Error(ErrorCode::wrong_use, "It is not said which system to train.", "Nothing was started.", "Name one by --system; orrery systems lists them.");
  }
  listen_to_signals();
  Printer printer(context.json);
  const JobVerb on_stop = given.attach ? JobVerb::cancel : JobVerb::stop_and_save;
  DetachedJob job(title_of(TrainJob{options}), [&](const JobStatus& status, bool important) { printer.status(status, important); },
                  [&](const StatsPoint& point) { printer.stats(point); },
                  [on_stop]() -> std::optional<JobVerb> { return asked_to_stop.exchange(false) ? std::optional(on_stop) : std::nullopt; });
  try {
    std::string made;
    if (given.attach) {
      made = run_attach(AttachJob{options.out}, job);
    } else {
      TrainEnvironment environment;
      environment.version = ORRERY_VERSION;
      environment.command = command_line(TrainJob{options});
      environment.settings.checkpoint_s = given.checkpoint_minutes * 60.0;
      environment.open_control = [&](const std::string& run) {
        const std::string socket = job.open_control(run);
        if (!job.note().empty()) std::fprintf(stderr, "orrery: %s\n", job.note().c_str());
        return socket;
      };
      SnapshotBroadcast viewers(job);
      made = run_training(options, job, &viewers, store_opener(), environment);
    }
    job.end_well(made);
    printer.end_line();
    if (!context.json) std::printf("%s\n", made.c_str());
  } catch (...) {
    const JobError error = error_of(std::current_exception());
    job.end_badly(error);
    printer.end_line();
    throw Error(error);
  }
}

}  // namespace

void add_train(CLI::App& program, Context& context) {
  auto* verb = program.add_subcommand("train", "train a system on a data set, or go on with a run");
  auto given = std::make_shared<Arguments>();
  verb->add_option("--system", given->options.system, "which system (orrery systems lists them)");
  verb->add_option("--data", given->options.data, "a data set: FILE.zip or builtin:NAME");
  verb->add_option("--out", given->options.out, "the run folder")->required();
  verb->add_option("--preset", given->options.preset, "a named configuration of the system");
  verb->add_option("--set", given->set, "one setting, path=value (may be repeated)")->expected(1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option("--until", given->until, "when to stop: 200kimg, 40s, 10min, 2h, 5000steps (counts earlier sittings too)");
  verb->add_flag("--resume", given->options.resume, "go on with the run in --out");
  verb->add_option("--seed", given->options.seed, "of all random numbers");
  verb->add_option("--device", given->options.device, "cpu or cuda");
  verb->add_option("--threads", given->options.threads, "processor threads; equal threads make equal numbers")->check(CLI::Range(1, 1024));
  verb->add_option("--lr-scale", given->options.lr_scale, "multiplies every learning rate from here on")->check(CLI::PositiveNumber);
  verb->add_option("--checkpoint-minutes", given->checkpoint_minutes, "at most so long between checkpoints")->check(CLI::Range(0.0, 60.0))->capture_default_str();
  verb->add_flag("--attach", given->attach, "watch the run that another process trains in --out");
  verb->callback([given, &context] { train(*given, context); });
}

}  // namespace orrery::app
