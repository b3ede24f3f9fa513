// Steps of the history.
#pragma once

#include <QUndoCommand>

#include "ui/session/session.h"

namespace orrery::ui {

// One or several views change their requests. `merge_key` empty: never merges.
class RequestCommand : public QUndoCommand {
 public:
  struct Change {
    int view = 0;
    Request before;
    Request after;
  };
  RequestCommand(Session& session, std::vector<Change> changes, const QString& text, const std::string& merge_key, int gesture,
                 qint64 now_ms);

  void undo() override;
  void redo() override;
  int id() const override { return 1; }
  bool mergeWith(const QUndoCommand* other) override;

 private:
  Session& session_;
  std::vector<Change> changes_;
  std::string merge_key_;
  int gesture_;
  qint64 last_ms_;
};

class TimelineCommand : public QUndoCommand {
 public:
  TimelineCommand(Session& session, Timeline before, Timeline after, const QString& text, int gesture);

  void undo() override { session_.applyTimeline(before_); }
  void redo() override { session_.applyTimeline(after_); }
  int id() const override { return 2; }
  bool mergeWith(const QUndoCommand* other) override;

 private:
  Session& session_;
  Timeline before_;
  Timeline after_;
  int gesture_;
};

class PositionCommand : public QUndoCommand {
 public:
  PositionCommand(Session& session, int index, std::optional<Request> before, std::optional<Request> after, const QString& text);

  void undo() override;
  void redo() override;

 private:
  Session& session_;
  int index_;
  std::optional<Request> before_;
  std::optional<Request> after_;
};

}  // namespace orrery::ui
