// The trainer's end of the control socket: a thread of its own, so that no client, dead, slow or hostile, ever holds up training.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/api/job.h"
#include "engine/api/training.h"
#include "engine/jobs/messages.h"

namespace orrery::jobs {

// RUN/control.sock, or, where that path is too long for a socket (107 bytes), a short name in $XDG_RUNTIME_DIR or the state folder.
std::string control_socket_path(const std::string& run);

class ControlServer {
 public:
  // Listens at control_socket_path(run); only the same user (and root) may connect. Throws Error(failed) when no socket can be made.
  explicit ControlServer(const std::string& run);
  // Sends what is still waiting for at most a second, then closes.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  const std::string& path() const;
  int clients() const;
  // Whether one of them looks at the pictures of the run.
  bool watched() const;
  // Both return at once. A client that cannot keep up misses older statuses, and is disconnected once a megabyte waits for it.
  void send(const JobStatus& status);
  void send(const StatsPoint& point);
  void send(SnapshotNews news);
  std::optional<JobVerb> next_verb();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace orrery::jobs
