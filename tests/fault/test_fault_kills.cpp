// R1 and R4: SIGKILL at random times. The next opening finds a whole checkpoint, no older than the last one that was confirmed. Every round goes
// on in the folder that the kill before left, so that kills hit openings, sweeps and resumptions as well.
//   ORRERY_FAULT_KILLS: kills of the loop over checkpoints and of trainings together; 1,000 without it.
#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QtTest>
#include <random>
#include <thread>

#include "engine/io/safetensors.h"
#include "engine/train/run_lock.h"
#include "field.h"
#include "toy_run.h"

using namespace orrery;
using namespace orrery::fault;
namespace fs = std::filesystem;

namespace {

// A child that says through a pipe which steps it has confirmed, until it is killed.
class Subject {
 public:
  using Confirm = std::function<void(std::int64_t step)>;
  explicit Subject(const std::function<void(const Confirm&)>& work) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    std::fflush(nullptr);
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::close(ends[0]);
      int code = 0;
      try {
        work([&](std::int64_t step) {
          if (::write(ends[1], &step, sizeof step) != sizeof step) ::_exit(3);
        });
      } catch (const Error& error) {
        std::fprintf(stderr, "%s %s\n", error.error().what_happened.c_str(), error.error().details.c_str());
        code = 2;
      }
      ::_exit(code);
    }
    ::close(ends[1]);
    from_ = ends[0];
  }
  // Kills it `after` (if it still lives); returns the last step that it confirmed, or -1. `ended` becomes its exit code, or -1 when it was killed.
  std::int64_t kill_after(std::chrono::microseconds after, int& ended) {
    std::this_thread::sleep_for(after);
    ::kill(child_, SIGKILL);
    int status = 0;
    ::waitpid(child_, &status, 0);
    ended = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    std::int64_t last = -1, step = 0;
    while (::read(from_, &step, sizeof step) == sizeof step) last = step;
    ::close(from_);
    return last;
  }

 private:
  pid_t child_ = -1;
  int from_ = -1;
};

// What a checkpoint of that step holds: between 4 kB and 1 MB.
io::TensorFile tensors(std::int64_t step) {
  io::TensorFile file;
  file.tensors["weight"] = at::arange(1000 + step * 7919 % 250000, at::kInt) + step;
  file.metadata["step"] = std::to_string(step);
  return file;
}

}  // namespace

class TestFaultKills : public QObject {
  Q_OBJECT

  const int kills_ = setting("KILLS", 1000);
  std::mt19937_64 chance_{20251};

  // When to kill: early enough to hit openings and first saves, late enough that most subjects have confirmed one, however busy the machine is.
  class Moment {
   public:
    Moment(std::mt19937_64& chance, double most_ms) : chance_(chance), most_ms_(most_ms) {}
    std::chrono::microseconds next() { return std::chrono::microseconds(chance_() % static_cast<std::uint64_t>(most_ms_ * 1000.0)); }
    void learn(bool confirmed) { most_ms_ = std::clamp(most_ms_ * (confirmed ? 0.95 : 1.3), 5.0, 4000.0); }

   private:
    std::mt19937_64& chance_;
    double most_ms_;
  };

  static int temporaries(const std::string& folder) {
    int count = 0;
    for (const auto& [name, bytes] : read_tree(folder).files) count += is_temporary(name);
    return count;
  }

  // Kills trainings of the toy, each going on from what the one before left; as a job beside a person's thread, or as the whole process.
  void kill_trainings(const char* name, bool embedded, int kills) {
    const Scratch scratch;
    std::string run;
    std::int64_t confirmed = -1, confirmations = 0;
    int lost = 0, runs = 0, finished = 0, killed = 0;
    Moment moment(chance_, 150.0);
    while (killed < kills) {
      if (run.empty()) {
        run = scratch.path() + "/run" + std::to_string(runs++);
        confirmed = -1;
        fs::create_directories(run);
      }
      Subject subject([&](const Subject::Confirm& confirm) {
        const auto train = [&] {
          const RunLock lock(run);
          toy::Job job;
          RunSettings settings;
          settings.checkpoint_s = 0.0;
          const CheckpointWriter real = CheckpointWriter::real();
          settings.writer.write_text = [&](const std::string& path, const std::string& text) {
            real.write_text(path, text);
            confirm(nlohmann::json::parse(text).at("step").get<std::int64_t>());
          };
          toy::run(toy::setup(run), settings, job);
        };
        if (!embedded) return train();
        std::exception_ptr failure;
        std::thread job([&] {
          try {
            train();
          } catch (...) {
            failure = std::current_exception();
          }
        });
        job.join();
        if (failure) std::rethrow_exception(failure);
      });
      int ended = 0;
      const std::int64_t last = subject.kill_after(moment.next(), ended);
      moment.learn(last >= 0);
      if (ended > 0) QFAIL(qPrintable(QString("a training failed with %1").arg(ended)));
      ended == 0 ? ++finished : ++killed;
      confirmations += last >= 0;
      confirmed = std::max(confirmed, last);
      const Checkpoints checkpoints(run + "/checkpoints");
      std::vector<std::string> skipped;
      const auto newest = checkpoints.newest(&skipped);
      if (!skipped.empty()) ++lost, QTest::qFail(qPrintable(QString::fromStdString("a manifest without its files: " + skipped[0])), __FILE__, __LINE__);
      if ((newest ? newest->step : -1) < confirmed) ++lost, QTest::qFail(qPrintable(QString("step %1 was confirmed, found %2").arg(confirmed).arg(newest ? newest->step : -1)), __FILE__, __LINE__);
      if (newest) QCOMPARE(io::read_safetensors(newest->state_path).metadata.count("orrery.train"), std::size_t{1});
      std::int64_t step = 0;
      for (const auto& point : read_stats(run + "/stats.jsonl")) {
        QVERIFY(point.step > step);
        step = point.step;
      }
      if (RunLock::holder(run)) QFAIL("the dead hold a lock");
      if (ended == 0) {
        QCOMPARE(newest->step, std::int64_t{200});
        fs::remove_all(run);
        run.clear();
      }
    }
    QCOMPARE(lost, 0);
    QVERIFY2(confirmations > killed / 4, qPrintable(QString("%1 of %2").arg(confirmations).arg(killed)));
    if (!run.empty()) {
      Checkpoints(run + "/checkpoints").sweep();
      QCOMPARE(temporaries(run + "/checkpoints"), 0);
    }
    report_row("R1", name, std::to_string(killed) + " kills, " + std::to_string(confirmations) + " of them after a confirmed save, " + std::to_string(finished) + " runs came to their end: " + std::to_string(lost) + " losses",
               "0 losses in 1,000 kills (10,000 in the long form)");
    qInfo("%d kills, %d finished, %d confirmed", killed, finished, static_cast<int>(confirmations));
  }

 private Q_SLOTS:
  void initTestCase() { at::set_num_threads(1); }

  void checkpoints_in_a_loop() {
    const Scratch scratch;
    const std::string folder = scratch.path() + "/at";
    fs::create_directories(folder);
    const int wanted = kills_ * 7 / 10;
    std::int64_t confirmed = 0;
    int kills = 0, lost = 0, left = 0, confirming = 0;
    Moment moment(chance_, 30.0);
    for (; kills < wanted; ++kills) {
      Subject subject([&](const Subject::Confirm& confirm) {
        Checkpoints checkpoints(folder);
        checkpoints.sweep();
        const auto newest = checkpoints.newest();
        for (std::int64_t step = newest ? newest->step + 1 : 1;; ++step) {
          checkpoints.save(step, 0.0, tensors(step), {});
          confirm(step);
        }
      });
      int ended = 0;
      const std::int64_t last = subject.kill_after(moment.next(), ended);
      moment.learn(last > 0);
      QCOMPARE(ended, -1);
      confirming += last > 0;
      confirmed = std::max(confirmed, last);
      left += temporaries(folder);
      std::vector<std::string> skipped;
      const auto newest = Checkpoints(folder).newest(&skipped);
      if (!skipped.empty()) ++lost, QTest::qFail(qPrintable(QString::fromStdString("a manifest without its files: " + skipped[0])), __FILE__, __LINE__);
      if ((newest ? newest->step : 0) < confirmed) ++lost, QTest::qFail(qPrintable(QString("step %1 was confirmed, found %2").arg(confirmed).arg(newest ? newest->step : 0)), __FILE__, __LINE__);
      if (newest) QVERIFY(at::equal(io::read_safetensors(newest->state_path).tensors.at("weight"), tensors(newest->step).tensors.at("weight")));
    }
    QCOMPARE(lost, 0);
    QVERIFY2(confirming > kills / 4, qPrintable(QString::number(confirming)));
    Checkpoints(folder).sweep();
    QCOMPARE(temporaries(folder), 0);
    QVERIFY(read_tree(folder).files.size() <= 6);
    report_row("R1", "checkpoints in a loop", std::to_string(kills) + " kills, " + std::to_string(confirmed) + " steps saved, " + std::to_string(left) + " temporaries left and swept: " + std::to_string(lost) + " losses",
               "0 losses in 1,000 kills (10,000 in the long form)");
    qInfo("%d kills, %d steps, %d with a confirmed save", kills, static_cast<int>(confirmed), confirming);
  }

  void trainings_in_the_window() { kill_trainings("training, embedded job", true, kills_ * 15 / 100); }
  void trainings_of_their_own() { kill_trainings("training, own process", false, kills_ * 15 / 100); }
};

QTEST_GUILESS_MAIN(TestFaultKills)
#include "test_fault_kills.moc"
