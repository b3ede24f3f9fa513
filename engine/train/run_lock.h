// One trainer per run: RUN/lock is held by an advisory lock that dies with its process, and says who holds it.
#pragma once

#include <optional>
#include <string>

namespace orrery {

struct TrainerInfo {
  int pid = 0;
  std::string host;
  std::string started;  // local time, for people
  std::string socket;   // where it listens; empty: it does not
};

class RunLock {
 public:
  // Throws Error(wrong_use) naming the holder when another trainer, here or in another process, has the run. Stale locks are taken quietly.
  explicit RunLock(const std::string& run);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  // Adds the socket's path to what the file says.
  void announce(const std::string& socket);

  // The trainer that holds the run now; nullopt when there is none. Takes nothing, so it never stands in a trainer's way.
  static std::optional<TrainerInfo> holder(const std::string& run);

 private:
  void write(const std::string& socket);
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace orrery
