// The job of a trainer that runs on its own, without a window: listens to signals and to whoever attaches, and tells them how it stands.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/jobs/basic_job.h"
#include "engine/jobs/control_server.h"

namespace orrery {

class DetachedJob : public BasicJob {
 public:
  using OnStatus = std::function<void(const JobStatus& status, bool important)>;
  using OnStats = std::function<void(const StatsPoint&)>;
  // The callbacks run on the training thread; either may be empty. `asked` is polled between steps: what a signal handler wants to say.
  DetachedJob(std::string title, OnStatus on_status, OnStats on_stats, std::function<std::optional<JobVerb>()> asked = {});

  // Opens the control socket of the run; its path, or "" when there can be none (said in `note`).
  std::string open_control(const std::string& run);
  const std::string& note() const { return note_; }
  // Null until the control socket is open.
  jobs::ControlServer* server() const { return server_.get(); }
  bool attended() const { return server_ && server_->clients() > 0; }

  std::optional<JobVerb> next_verb() override;
  void stats(const StatsPoint& point) override;
  // Where numbers exploded somebody has to decide; with nobody attached the run ends with this error (its checkpoint is whole).
  void problem(const std::optional<JobError>& error) override;

 protected:
  void changed(bool important) override;

 private:
  OnStatus on_status_;
  OnStats on_stats_;
  std::function<std::optional<JobVerb>()> asked_;
  std::unique_ptr<jobs::ControlServer> server_;
  std::string note_;
};

}  // namespace orrery
