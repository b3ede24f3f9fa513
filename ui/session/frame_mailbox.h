// One slot for a view's newest frame: the engine may be as fast as it likes, the GUI thread gets one event at a time.
#pragma once

#include <functional>
#include <mutex>
#include <optional>

#include "engine/api/frame.h"

namespace orrery::ui {

class FrameMailbox {
 public:
  // Any thread. True when the receiver must be woken (no wake-up is under way).
  bool put(const Frame& frame) {
    std::lock_guard lock(mutex_);
    newest_ = frame;
    return !std::exchange(posted_, true);
  }

  // GUI thread.
  std::optional<Frame> take() {
    std::lock_guard lock(mutex_);
    posted_ = false;
    return std::exchange(newest_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::optional<Frame> newest_;
  bool posted_ = false;
};

}  // namespace orrery::ui
