#include "ui/session/commands.h"

namespace orrery::ui {
namespace {

// Wheel notches and key presses have no release to end them; a rest this long does.
constexpr qint64 kRestMs = 1000;

}  // namespace

RequestCommand::RequestCommand(Session& session, std::vector<Change> changes, const QString& text, const std::string& merge_key,
                               int gesture, qint64 now_ms)
    : QUndoCommand(text), session_(session), changes_(std::move(changes)), merge_key_(merge_key), gesture_(gesture), last_ms_(now_ms) {}

void RequestCommand::undo() {
  for (const auto& change : changes_) session_.applyRequest(change.view, change.before);
}

void RequestCommand::redo() {
  for (const auto& change : changes_) session_.applyRequest(change.view, change.after);
}

bool RequestCommand::mergeWith(const QUndoCommand* other) {
  const auto& next = static_cast<const RequestCommand&>(*other);
  if (merge_key_.empty() || next.merge_key_ != merge_key_ || next.gesture_ != gesture_) return false;
  if (next.last_ms_ - last_ms_ > kRestMs || next.changes_.size() != changes_.size()) return false;
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    if (changes_[i].view != next.changes_[i].view) return false;
  }
  bool same = true;
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    changes_[i].after = next.changes_[i].after;
    same = same && changes_[i].after == changes_[i].before;
  }
  last_ms_ = next.last_ms_;
  setObsolete(same);  // dragged back to where it was: nothing to undo
  return true;
}

TimelineCommand::TimelineCommand(Session& session, Timeline before, Timeline after, const QString& text, int gesture)
    : QUndoCommand(text), session_(session), before_(std::move(before)), after_(std::move(after)), gesture_(gesture) {}

bool TimelineCommand::mergeWith(const QUndoCommand* other) {
  const auto& next = static_cast<const TimelineCommand&>(*other);
  if (next.text() != text() || next.gesture_ != gesture_) return false;
  after_ = next.after_;
  return true;
}

PositionCommand::PositionCommand(Session& session, int index, std::optional<Request> before, std::optional<Request> after, const QString& text)
    : QUndoCommand(text), session_(session), index_(index), before_(std::move(before)), after_(std::move(after)) {}

void PositionCommand::undo() { session_.applyPosition(index_, before_); }
void PositionCommand::redo() { session_.applyPosition(index_, after_); }

}  // namespace orrery::ui
