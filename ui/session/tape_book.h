// The tapes as the GUI thread knows them, and where each view's play head stands: one place for everything that scrubs (the Tape dock, the
// Space view). Hangs on the Session: attached<TapeBook>(session). The engine tells one listener only, and this is it.
#pragma once

#include <QObject>
#include <array>
#include <map>
#include <memory>
#include <optional>

#include "ui/session/session.h"

namespace orrery::ui {

class TapeInbox;

class TapeBook : public QObject {
  Q_OBJECT

 public:
  explicit TapeBook(Session& session);
  ~TapeBook() override;

  const std::map<TapeId, TapeInfo>& tapes() const { return tapes_; }
  const TapeInfo* find(TapeId id) const;
  // The tape of what a view shows; null when nothing was recorded.
  const TapeInfo* tapeOf(int view) const;

  // The step a view is looked at; between two steps while it plays. None: the finished picture.
  std::optional<double> head(int view) const { return heads_[static_cast<std::size_t>(view)]; }
  void setHead(int view, std::optional<double> step);

 Q_SIGNALS:
  void tapeChanged(orrery::TapeId id);  // new, grown, complete, renamed
  void tapeGone(orrery::TapeId id);
  void headMoved(int view);

 private:
  void take();

  Session& session_;
  std::map<TapeId, TapeInfo> tapes_;
  std::array<std::optional<double>, Session::kMaxViews> heads_;
  std::shared_ptr<TapeInbox> inbox_;
};

}  // namespace orrery::ui
