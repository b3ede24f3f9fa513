// The jobs of the window: threads, states and verbs. What a job does is given from outside, so this file knows no engine.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/api/studio.h"
#include "engine/jobs/job_context.h"

namespace orrery {

// The work behind each kind of job: runs on the job's own thread, returns what it made (a path), throws Error to fail. An empty function
// fails the job in words.
struct JobWork {
  std::function<std::string(const ImportJob&, JobContext&)> import;
  std::function<std::string(const TrainJob&, JobContext&)> train;
  std::function<std::string(const AttachJob&, JobContext&)> attach;
  std::function<std::string(const PictureJob&, JobContext&)> picture;
  std::function<std::string(const FilmJob&, JobContext&)> film;
  std::function<std::string(const StripJob&, JobContext&)> strip;
  std::function<std::string(const TapeFilmJob&, JobContext&)> tape_film;
  std::function<std::string(const ModelJob&, JobContext&)> model;
  std::function<std::string(const MeasureJob&, JobContext&)> measure;
  std::function<std::string(const DirectionsJob&, JobContext&)> directions;
};

// One training at a time, in the order they were submitted; everything else at once. Verbs: pause, resume, save_now, sample_now and the stops
// go to the job; a queued job leaves the queue on cancel and both stops. Listeners are called from one thread of the queue's own, in order;
// every state is reported, numbers at most 20 times a second. After set_listener returns the old one is not called any more.
class JobQueue : public Jobs {
 public:
  explicit JobQueue(JobWork work);
  // Trainings stop and save, attached ones go on without us, the rest is cancelled; waits at most `exit_s` and then leaves threads alone.
  ~JobQueue() override;

  JobId submit(const JobSpec& spec) override;
  void say(JobId job, JobVerb verb) override;
  std::vector<JobStatus> jobs() const override;
  void set_listener(Listener listener) override;
  void set_stats_listener(StatsListener listener) override;
  std::string command_for(const JobSpec& spec) const override;

  static constexpr double exit_s = 10.0;

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace orrery
