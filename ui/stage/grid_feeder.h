// Fills the grid of seeds: one more way to pictures that serves the neighbours of the active view's place, from the middle outwards.
#pragma once

#include <QObject>
#include <map>
#include <memory>
#include <vector>

#include "ui/session/session.h"

namespace orrery::ui {

class FrameMailbox;
class StageCore;

class GridFeeder : public QObject {
  Q_OBJECT

 public:
  GridFeeder(Session& session, StageCore& core);
  ~GridFeeder() override;

  // The request of a cell: the active view's, moved by whole seeds.
  Request requestOf(int cell) const;

 Q_SIGNALS:
  void pictureArrived(int cell, const orrery::DeviceImage& image);

 private:
  void restart();
  void next();
  void take();
  bool wanted() const { return session_.stageMode() == StageMode::grid; }

  Session& session_;
  StageCore& core_;
  std::unique_ptr<LiveView> live_;
  std::shared_ptr<FrameMailbox> mailbox_;
  std::vector<int> order_;        // cells by their distance from the middle
  std::map<int, Request> shown_;  // what each cell shows
  int under_way_ = -1;
  std::size_t at_ = 0;
};

}  // namespace orrery::ui
