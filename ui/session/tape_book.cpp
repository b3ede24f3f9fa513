#include "ui/session/tape_book.h"

#include <mutex>

namespace orrery::ui {

// What the engine says on its threads; the newest of each tape, one event at a time.
class TapeInbox {
 public:
  bool put(const TapeInfo& info) {
    const std::lock_guard lock(mutex_);
    newest_[info.id] = info;
    return !std::exchange(posted_, true);
  }
  std::map<TapeId, TapeInfo> take() {
    const std::lock_guard lock(mutex_);
    posted_ = false;
    return std::exchange(newest_, {});
  }

 private:
  std::mutex mutex_;
  std::map<TapeId, TapeInfo> newest_;
  bool posted_ = false;
};

TapeBook::TapeBook(Session& session) : QObject(&session), session_(session), inbox_(std::make_shared<TapeInbox>()) {
  if (!session_.studio().tapes) return;
  session_.studio().tapes->set_listener([this, inbox = inbox_](const TapeInfo& info) {
    if (inbox->put(info))
      QMetaObject::invokeMethod(
          this, [this] { take(); }, Qt::QueuedConnection);
  });
  for (auto& info : session_.studio().tapes->tapes()) tapes_[info.id] = std::move(info);
}

TapeBook::~TapeBook() {
  if (session_.studio().tapes) session_.studio().tapes->set_listener({});
}

const TapeInfo* TapeBook::find(TapeId id) const {
  const auto found = tapes_.find(id);
  return found == tapes_.end() ? nullptr : &found->second;
}

const TapeInfo* TapeBook::tapeOf(int view) const {
  const auto& frame = session_.frame(view);
  return frame && frame->tape ? find(frame->tape) : nullptr;
}

void TapeBook::setHead(int view, std::optional<double> step) {
  auto& head = heads_[static_cast<std::size_t>(view)];
  if (head == step) return;
  head = step;
  Q_EMIT headMoved(view);
}

void TapeBook::take() {
  for (auto& [id, info] : inbox_->take()) {
    if (info.steps.empty()) {
      tapes_.erase(id);
      Q_EMIT tapeGone(id);
    } else {
      tapes_[id] = std::move(info);
      Q_EMIT tapeChanged(id);
    }
  }
}

}  // namespace orrery::ui
