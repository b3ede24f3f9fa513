// The job queue: states, verbs, order, errors, commands.
#include <c10/util/Exception.h>

#include <QtTest>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <new>
#include <thread>

#include "engine/jobs/boundary.h"
#include "engine/jobs/command_line.h"
#include "engine/jobs/job_queue.h"

using namespace orrery;

namespace {

// Collects what a queue reports.
struct Ear {
  std::mutex mutex;
  std::condition_variable news;
  std::map<JobId, std::vector<JobState>> states;
  std::map<JobId, JobStatus> last;
  std::map<JobId, std::vector<StatsPoint>> points;
  std::atomic<int> calls{0};

  void listen(JobQueue& queue) {
    queue.set_listener([this](const JobStatus& status) {
      const std::lock_guard lock(mutex);
      ++calls;
      auto& list = states[status.id];
      if (list.empty() || list.back() != status.state) list.push_back(status.state);
      last[status.id] = status;
      news.notify_all();
    });
    queue.set_stats_listener([this](JobId id, const StatsPoint& point) {
      const std::lock_guard lock(mutex);
      points[id].push_back(point);
      news.notify_all();
    });
  }
  bool wait(const std::function<bool()>& ready) {
    std::unique_lock lock(mutex);
    return news.wait_for(lock, std::chrono::seconds(20), ready);
  }
  bool reaches(JobId id, JobState state) {
    return wait([&] { return last.count(id) != 0 && last[id].state == state; });
  }
};

TrainJob training(const std::string& out) {
  TrainJob job;
  job.options.system = "toy";
  job.options.out = out;
  return job;
}

// Trains until told to stop, obeying every verb as the real one does.
std::string obedient(const TrainJob& spec, JobContext& job) {
  job.made(spec.options.out);
  job.set_state(JobState::running);
  for (std::int64_t step = 0;; ++step) {
    job.progress(0.5, "Training");
    while (const auto verb = job.next_verb()) {
      if (*verb == JobVerb::pause) job.set_state(JobState::paused);
      if (*verb == JobVerb::resume) job.set_state(JobState::running);
      if (*verb == JobVerb::save_now) job.stats({step, 1.0, 2.0, {{"saved", 1.0}}});
      if (*verb == JobVerb::stop_and_save) throw Error(ErrorCode::interrupted, "Stopped.");
      if (*verb == JobVerb::stop_without_saving || *verb == JobVerb::cancel) throw Error(ErrorCode::cancelled, "Dropped.");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

class TestJobs : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void states_and_verbs() {
    JobWork work;
    work.train = obedient;
    JobQueue queue(work);
    Ear ear;
    ear.listen(queue);
    const JobId id = queue.submit(training("/runs/one"));
    QVERIFY(ear.reaches(id, JobState::running));
    queue.say(id, JobVerb::pause);
    QVERIFY(ear.reaches(id, JobState::paused));
    queue.say(id, JobVerb::resume);
    QVERIFY(ear.reaches(id, JobState::running));
    queue.say(id, JobVerb::save_now);
    QVERIFY(ear.wait([&] { return ear.points[id].size() == 1; }));
    queue.say(id, JobVerb::stop_and_save);
    QVERIFY(ear.reaches(id, JobState::done));
    QVERIFY((ear.states[id] == std::vector<JobState>{JobState::queued, JobState::preparing, JobState::running, JobState::pausing, JobState::paused, JobState::running, JobState::done}));
    QCOMPARE(ear.last[id].result_path, std::string("/runs/one"));
    QVERIFY(!ear.last[id].error);
    QCOMPARE(ear.last[id].kind, std::string("train"));
    queue.say(id, JobVerb::pause);  // too late: ignored
    queue.say(999, JobVerb::pause);
    QCOMPARE(queue.jobs().at(0).state, JobState::done);
  }

  void one_training_at_a_time_others_at_once() {
    std::atomic<int> trainings{0}, most{0};
    JobWork work;
    work.train = [&](const TrainJob& spec, JobContext& job) {
      most = std::max(most.load(), ++trainings);
      struct Leave { std::atomic<int>& n; ~Leave() { --n; } } leave{trainings};
      return obedient(spec, job);
    };
    work.import = [](const ImportJob&, JobContext& job) -> std::string {
      job.set_state(JobState::running);
      while (!job.cancel_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      throw Error(ErrorCode::cancelled, "Cancelled.");
    };
    JobQueue queue(work);
    Ear ear;
    ear.listen(queue);
    const JobId a = queue.submit(training("/a")), b = queue.submit(training("/b")), c = queue.submit(training("/c"));
    const JobId d = queue.submit(ImportJob{}), e = queue.submit(ImportJob{});
    QVERIFY(ear.reaches(a, JobState::running) && ear.reaches(d, JobState::running) && ear.reaches(e, JobState::running));
    QVERIFY(ear.reaches(b, JobState::queued));
    queue.say(b, JobVerb::cancel);  // leaves the queue without ever beginning
    QVERIFY(ear.reaches(b, JobState::cancelled));
    queue.say(d, JobVerb::cancel);
    QVERIFY(ear.reaches(d, JobState::cancelled));
    queue.say(a, JobVerb::stop_without_saving);
    QVERIFY(ear.reaches(a, JobState::cancelled));
    QVERIFY(ear.reaches(c, JobState::running));
    QCOMPARE(most.load(), 1);
    QCOMPARE(queue.jobs().size(), std::size_t{5});
  }  // the destructor stops c and e

  void destructor_saves_trainings() {
    std::vector<JobVerb> heard;
    {
      JobWork work;
      work.train = [&](const TrainJob&, JobContext& job) -> std::string {
        job.set_state(JobState::running);
        while (true) {
          if (const auto verb = job.next_verb()) {
            heard.push_back(*verb);
            return "/x";
          }
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
      };
      JobQueue queue(work);
      Ear ear;
      ear.listen(queue);
      const JobId id = queue.submit(training("/x"));
      QVERIFY(ear.reaches(id, JobState::running));
      queue.submit(training("/never"));
    }
    QVERIFY(heard == std::vector<JobVerb>{JobVerb::stop_and_save});
  }

  void errors_become_words() {
    JobWork work;
    int which = 0;
    work.import = [&which](const ImportJob&, JobContext&) -> std::string {
      switch (which) {
        case 0: throw Error(ErrorCode::bad_input, "No pictures.", "Nothing changed.", "Add some.");
        case 1: throw std::bad_alloc();
        case 2: TORCH_CHECK(false, "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes");
        case 3: TORCH_CHECK(false, "CUDA error: unspecified launch failure");
        case 4: TORCH_CHECK(false, "sizes do not match");
        case 5: throw std::runtime_error("odd");
        case 6: throw 42;
        default: return "/made";
      }
    };
    JobQueue queue(work);
    Ear ear;
    ear.listen(queue);
    const ErrorCode expected[] = {ErrorCode::bad_input, ErrorCode::out_of_memory, ErrorCode::out_of_memory, ErrorCode::device_lost,
                                  ErrorCode::failed,    ErrorCode::failed,        ErrorCode::failed};
    for (which = 0; which < 7; ++which) {
      const JobId id = queue.submit(ImportJob{});
      QVERIFY(ear.reaches(id, which == 3 ? JobState::device_lost : JobState::failed));
      const JobError error = *queue.jobs().back().error;
      QCOMPARE(error.code, expected[which]);
      // What happened, what is safe, what to do; the exception's own text only in the details.
      QVERIFY(!error.what_happened.empty() && !error.what_is_safe.empty() && !error.what_to_do.empty());
      QVERIFY(error.what_happened.find("alloc_cpu") == std::string::npos && error.what_happened.find("sizes do") == std::string::npos);
      if (which == 4) QVERIFY(error.details.find("sizes do not match") != std::string::npos);
    }
    const JobId good = queue.submit(ImportJob{});
    QVERIFY(ear.reaches(good, JobState::done));
    QCOMPARE(ear.last[good].result_path, std::string("/made"));
    const JobId missing = queue.submit(FilmJob{});
    QVERIFY(ear.reaches(missing, JobState::failed));
  }

  void numbers_are_thinned_and_statistics_are_not() {
    JobWork work;
    work.measure = [](const MeasureJob&, JobContext& job) -> std::string {
      job.set_state(JobState::running);
      for (int i = 0; i < 20000; ++i) job.number("n", i);
      for (int i = 0; i < 100; ++i) job.stats({i, 0.0, 0.0, {}});
      return "";
    };
    JobQueue queue(work);
    Ear ear;
    ear.listen(queue);
    const JobId id = queue.submit(MeasureJob{});
    QVERIFY(ear.reaches(id, JobState::done));
    QCOMPARE(ear.last[id].numbers.at("n"), 19999.0);
    QVERIFY(ear.wait([&] { return ear.points[id].size() == 100; }));
    for (std::size_t i = 0; i < 100; ++i) QCOMPARE(ear.points[id][i].step, static_cast<std::int64_t>(i));
    QVERIFY2(ear.calls < 200, qPrintable(QString::number(ear.calls)));
  }

  void no_call_after_the_listener_is_gone() {
    JobWork work;
    work.train = obedient;
    JobQueue queue(work);
    for (int round = 0; round < 20; ++round) {
      auto alive = std::make_shared<std::atomic<bool>>(true);
      std::atomic<bool> late{false};
      queue.set_listener([alive, &late](const JobStatus&) {
        if (!*alive) late = true;
      });
      const JobId id = queue.submit(training("/r"));
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      queue.set_listener({});
      *alive = false;
      queue.say(id, JobVerb::cancel);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      QVERIFY(!late);
    }
  }

  void commands() {
    TrainOptions train;
    train.system = "stylegan2";
    train.data = "builtin:emoji";
    train.out = "/runs/my run";
    train.preset = "tiny";
    train.set = {{"train.batch", "8"}, {"note", "it's"}};
    train.until = {5, Until::Unit::minutes};
    train.seed = 3;
    QCOMPARE(command_line(TrainJob{train}), std::string("orrery train --system stylegan2 --data builtin:emoji --out '/runs/my run' --preset tiny --set 'note=it'\\''s' "
                                                        "--set train.batch=8 --until 5min --seed 3"));
    TrainOptions resume;
    resume.out = "/r";
    resume.resume = true;
    QCOMPARE(command_line(TrainJob{resume}), std::string("orrery train --out /r --resume"));
    QCOMPARE(command_line(AttachJob{"/r"}), std::string("orrery train --out /r --attach"));
    PictureJob picture;
    picture.options.request.model = "file:/m.safetensors";
    picture.options.request.values = {{"truncation.psi", 0.7}, {"latent.pad", std::vector<double>{1.5, -2.0}}};
    picture.options.seeds = {0, 1, 2, 3, 7, 9, 10};
    picture.options.columns = 4;
    picture.options.out = "sheet.png";
    QCOMPARE(command_line(picture), std::string("orrery sample /m.safetensors --seeds 0-3,7,9-10 --set 'latent.pad=[1.5,-2]' --set truncation.psi=0.7 --out sheet.png --grid 4x2"));
    QCOMPARE(title_of(TrainJob{train}), std::string("stylegan2 on emoji"));
    QCOMPARE(shell_quoted(""), std::string("''"));
    QCOMPARE(shell_quoted("a$(b)"), std::string("'a$(b)'"));
  }
};

QTEST_GUILESS_MAIN(TestJobs)
#include "test_jobs.moc"
