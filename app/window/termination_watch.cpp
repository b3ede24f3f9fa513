#include "window/termination_watch.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <utility>

namespace orrery::app {
namespace {

constexpr int kSignals[] = {SIGTERM, SIGINT, SIGHUP};
volatile sig_atomic_t write_end = -1;

// Only what a signal handler may do: one byte into a pipe that the event loop reads.
void tell(int) {
  const char byte = 1;
  if (write_end >= 0) [[maybe_unused]] const auto ignored = ::write(write_end, &byte, 1);
}

}  // namespace

TerminationWatch::TerminationWatch(std::function<void()> asked_to_end) : asked_to_end_(std::move(asked_to_end)) {
  if (::pipe2(ends_, O_CLOEXEC | O_NONBLOCK) != 0) return;
  write_end = ends_[1];
  notifier_ = std::make_unique<QSocketNotifier>(ends_[0], QSocketNotifier::Read);
  QObject::connect(notifier_.get(), &QSocketNotifier::activated, notifier_.get(), [this] {
    char bytes[16];
    while (::read(ends_[0], bytes, sizeof bytes) > 0) {
    }
    if (!std::exchange(asked_, true)) asked_to_end_();
  });
  struct sigaction action {};
  action.sa_handler = tell;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART | SA_RESETHAND;
  for (const int signal : kSignals) ::sigaction(signal, &action, nullptr);
}

TerminationWatch::~TerminationWatch() {
  for (const int signal : kSignals) ::signal(signal, SIG_DFL);
  write_end = -1;
  notifier_.reset();
  for (const int end : ends_) {
    if (end >= 0) ::close(end);
  }
}

}  // namespace orrery::app
