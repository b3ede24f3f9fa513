// Under the picture of a run: a slider through its kept snapshots. The latent stays, the network grows younger; the right end is the newest, which
// follows the training.
#pragma once

#include <QWidget>

class QLabel;

namespace orrery::ui {

class ScrubTrack;
class Session;

class SnapshotBar : public QWidget {
  Q_OBJECT

 public:
  explicit SnapshotBar(Session& session, QWidget* parent = nullptr);
  ScrubTrack& slider() { return *slider_; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  void refresh();
  void choose(int place);

  Session& session_;
  ScrubTrack* slider_;
  QLabel* words_;
};

}  // namespace orrery::ui
