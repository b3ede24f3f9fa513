// The stage: 1 to 4 views on one surface, and under them the strip with play, positions, views and zoom.
#pragma once

#include <QWidget>
#include <memory>

#include "ui/stage/stage_core.h"

class QLabel;
class QMenu;
class QMimeData;
class QToolButton;
class QVBoxLayout;

namespace orrery::ui {

class GridFeeder;
class RaceView;
class Segmented;
class SpaceStage;
class SpectrumFeeder;
class StageStrip;
class Surface;

class Stage : public QWidget {
  Q_OBJECT

 public:
  explicit Stage(Session& session, QWidget* parent = nullptr);
  ~Stage() override;

  StageCore& core() { return *core_; }
  Surface& surface() { return *surface_; }
  QString surfaceDescription() const;
  QWidget* view() const;  // the surface's widget, for focus and tests
  SpaceStage& space() { return *space_; }
  RaceView& race() { return *race_; }

  bool handleKey(const QKeyEvent& event);
  void copyPicture();                 // the active view's, with its recipe
  bool paste(const QMimeData& mime);  // a request or a file; false: nothing of ours
  QImage grabStage();
  void fillMenu(QMenu& menu);  // the stage's own verbs

 Q_SIGNALS:
  void softwareViewerUsed(const QString& why);
  void exportWanted();

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void useSurface(std::unique_ptr<Surface> surface);
  void showMode();  // the surface, the plane or the race
  void followModel();  // models of points come up in the plane
  void feed();  // all pictures again, after a change of surface

  Session& session_;
  StageCore* core_;
  std::unique_ptr<Surface> surface_;
  GridFeeder* grid_;
  SpectrumFeeder* spectrum_;
  QVBoxLayout* column_;
  StageStrip* strip_;
  SpaceStage* space_;
  RaceView* race_;
  std::string model_;  // the active view's, when last looked
  std::map<int, DeviceImage> grid_pictures_;  // by slot: cells of the grid, spectra
};

}  // namespace orrery::ui
