// SIGTERM, SIGINT and SIGHUP as an ordinary call in the GUI thread.
#pragma once

#include <QSocketNotifier>
#include <functional>
#include <memory>

namespace orrery::app {

// One at a time. A second signal ends the program at once, as if nobody watched.
class TerminationWatch {
 public:
  explicit TerminationWatch(std::function<void()> asked_to_end);
  ~TerminationWatch();
  TerminationWatch(const TerminationWatch&) = delete;
  TerminationWatch& operator=(const TerminationWatch&) = delete;

  bool asked() const { return asked_; }

 private:
  std::function<void()> asked_to_end_;
  std::unique_ptr<QSocketNotifier> notifier_;
  int ends_[2] = {-1, -1};
  bool asked_ = false;
};

}  // namespace orrery::app
