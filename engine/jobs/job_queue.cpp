#include "engine/jobs/job_queue.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>
#include <thread>
#include <vector>

#include "engine/jobs/basic_job.h"
#include "engine/jobs/boundary.h"
#include "engine/jobs/command_line.h"

namespace orrery {
namespace {

// Tells listeners, from one thread and in order, so that no job ever waits for a window.
class Dispatcher {
 public:
  Dispatcher() : thread_([this] { run(); }) {}
  ~Dispatcher() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  void important(JobStatus status) {
    const std::lock_guard lock(mutex_);
    dirty_.erase(status.id);
    events_.push_back({std::move(status), 0, {}});
    wake_.notify_all();
  }
  void number(JobId job, std::function<JobStatus()> read) {
    const std::lock_guard lock(mutex_);
    dirty_[job] = std::move(read);
    wake_.notify_all();
  }
  void stats(JobId job, const StatsPoint& point) {
    const std::lock_guard lock(mutex_);
    events_.push_back({std::nullopt, job, point});
    wake_.notify_all();
  }
  template <class Target, class Value>
  void set(Target Dispatcher::* target, Value value) {
    if (std::this_thread::get_id() == thread_.get_id()) {
      this->*target = std::move(value);
      return;
    }
    const std::lock_guard lock(call_mutex_);
    this->*target = std::move(value);
  }
  Jobs::Listener listener_;            // under call_mutex_
  Jobs::StatsListener stats_listener_; // under call_mutex_

 private:
  struct Event {
    std::optional<JobStatus> status;
    JobId job;
    StatsPoint point;
  };

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return stop_ || !events_.empty() || !dirty_.empty(); });
      if (events_.empty() && dirty_.empty()) return;
      const auto events = std::exchange(events_, {});
      const auto dirty = std::exchange(dirty_, {});
      lock.unlock();
      {
        const std::lock_guard calling(call_mutex_);
        for (const auto& event : events) {
          if (event.status) {
            if (listener_) listener_(*event.status);
          } else if (stats_listener_) {
            stats_listener_(event.job, event.point);
          }
        }
        for (const auto& [job, read] : dirty) {
          if (listener_) listener_(read());
        }
      }
      lock.lock();
      // Numbers may wait a little for each other; states may not.
      wake_.wait_for(lock, std::chrono::milliseconds(50), [this] { return stop_ || !events_.empty(); });
    }
  }

  std::mutex mutex_, call_mutex_;
  std::condition_variable wake_;
  std::deque<Event> events_;
  std::map<JobId, std::function<JobStatus()>> dirty_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses the others
};

class QueuedJob : public BasicJob, public std::enable_shared_from_this<QueuedJob> {
 public:
  QueuedJob(JobId id, JobSpec spec, Dispatcher& dispatcher) : spec_(std::move(spec)), dispatcher_(dispatcher) {
    status_.id = id;
    status_.kind = kind_of(spec_);
    status_.title = title_of(spec_);
  }
  const JobSpec& spec() const { return spec_; }
  bool trains() const { return std::holds_alternative<TrainJob>(spec_); }
  void stats(const StatsPoint& point) override { dispatcher_.stats(status_.id, point); }
  void announce() { changed(true); }

 protected:
  void changed(bool important) override {
    if (important) dispatcher_.important(status());
    else dispatcher_.number(status_.id, [self = shared_from_this()] { return self->status(); });
  }

 private:
  JobSpec spec_;
  Dispatcher& dispatcher_;  // of the Core, which outlives every running job
};

template <class Spec>
std::string call(const std::function<std::string(const Spec&, JobContext&)>& work, const Spec& spec, JobContext& job) {
  if (!work) throw Error(ErrorCode::failed, "This build of the program cannot do that.", "Nothing was started.", "Use a build with every part.");
  return work(spec, job);
}

std::string run_work(const JobWork& work, const JobSpec& spec, JobContext& job) {
  struct {
    const JobWork& work;
    JobContext& job;
    std::string operator()(const ImportJob& s) { return call(work.import, s, job); }
    std::string operator()(const TrainJob& s) { return call(work.train, s, job); }
    std::string operator()(const AttachJob& s) { return call(work.attach, s, job); }
    std::string operator()(const PictureJob& s) { return call(work.picture, s, job); }
    std::string operator()(const FilmJob& s) { return call(work.film, s, job); }
    std::string operator()(const StripJob& s) { return call(work.strip, s, job); }
    std::string operator()(const TapeFilmJob& s) { return call(work.tape_film, s, job); }
    std::string operator()(const ModelJob& s) { return call(work.model, s, job); }
    std::string operator()(const MeasureJob& s) { return call(work.measure, s, job); }
    std::string operator()(const DirectionsJob& s) { return call(work.directions, s, job); }
  } visitor{work, job};
  return std::visit(visitor, spec);
}

}  // namespace

struct JobQueue::Core : std::enable_shared_from_this<JobQueue::Core> {
  JobWork work;
  Dispatcher dispatcher;
  mutable std::mutex mutex;
  std::condition_variable ended;
  std::vector<std::shared_ptr<QueuedJob>> jobs;
  std::deque<std::shared_ptr<QueuedJob>> waiting;  // trainings
  std::shared_ptr<QueuedJob> training;
  int running = 0;
  bool closing = false;

  // With the lock held.
  void begin(const std::shared_ptr<QueuedJob>& job) {
    ++running;
    if (job->trains()) training = job;
    std::thread([core = shared_from_this(), job] { core->run(job); }).detach();
  }

  void run(const std::shared_ptr<QueuedJob>& job) {
    job->set_state(JobState::preparing);
    std::exception_ptr failure;
    std::string result;
    try {
      result = run_work(work, job->spec(), *job);
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) job->end_badly(error_of(std::move(failure)));
    else job->end_well(result);
    const std::lock_guard lock(mutex);
    --running;
    if (training == job) {
      training = nullptr;
      if (!waiting.empty() && !closing) {
        const auto next = waiting.front();
        waiting.pop_front();
        begin(next);
      }
    }
    ended.notify_all();
  }
};

JobQueue::JobQueue(JobWork work) : core_(std::make_shared<Core>()) { core_->work = std::move(work); }

JobQueue::~JobQueue() {
  set_listener({});
  set_stats_listener({});
  std::unique_lock lock(core_->mutex);
  core_->closing = true;
  for (const auto& job : core_->jobs) {
    if (!job->status().finished()) job->say(job->trains() ? JobVerb::stop_and_save : JobVerb::cancel);
  }
  core_->ended.wait_for(lock, std::chrono::duration<double>(exit_s), [this] { return core_->running == 0; });
}

JobId JobQueue::submit(const JobSpec& spec) {
  std::shared_ptr<QueuedJob> job;
  const std::lock_guard lock(core_->mutex);
  job = std::make_shared<QueuedJob>(core_->jobs.size() + 1, spec, core_->dispatcher);
  core_->jobs.push_back(job);
  job->announce();
  if (job->trains() && core_->training) core_->waiting.push_back(job);
  else core_->begin(job);
  return job->status().id;
}

void JobQueue::say(JobId id, JobVerb verb) {
  const std::lock_guard lock(core_->mutex);
  if (id == 0 || id > core_->jobs.size()) return;
  const auto job = core_->jobs[id - 1];
  const JobStatus status = job->status();
  if (status.finished()) return;
  const auto place = std::find(core_->waiting.begin(), core_->waiting.end(), job);
  if (place != core_->waiting.end()) {
    if (verb == JobVerb::cancel || verb == JobVerb::stop_and_save || verb == JobVerb::stop_without_saving) {
      core_->waiting.erase(place);
      job->end_badly({ErrorCode::cancelled, "Taken out of the queue before it began."});
    }
    return;
  }
  job->say(verb);
  if (verb == JobVerb::pause && job->trains() && status.state == JobState::running) job->set_state(JobState::pausing);
}

std::vector<JobStatus> JobQueue::jobs() const {
  const std::lock_guard lock(core_->mutex);
  std::vector<JobStatus> out;
  for (const auto& job : core_->jobs) out.push_back(job->status());
  return out;
}

void JobQueue::set_listener(Listener listener) { core_->dispatcher.set(&Dispatcher::listener_, std::move(listener)); }
void JobQueue::set_stats_listener(StatsListener listener) { core_->dispatcher.set(&Dispatcher::stats_listener_, std::move(listener)); }
std::string JobQueue::command_for(const JobSpec& spec) const { return command_line(spec); }

}  // namespace orrery
