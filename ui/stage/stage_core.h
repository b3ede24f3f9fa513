// The stage without a surface: where every view lies, what the pointer and the keys do, what is drawn. Logical pixels outside, device
// pixels inside the scene. Surfaces (OpenGL or software) ask it what to draw and hand it their events.
#pragma once

#include <QObject>
#include <QPalette>
#include <QPointF>
#include <QTimer>
#include <array>
#include <deque>
#include <memory>

#include "render/canvas/scene.h"
#include "ui/session/session.h"
#include "ui/stage/brush.h"
#include "ui/stage/frame_gaps.h"
#include "ui/stage/overlay_model.h"
#include "ui/stage/walk.h"

class QKeyEvent;
class QMouseEvent;
class QWheelEvent;

namespace orrery::ui {

class TokenDesk;

class StageCore : public QObject {
  Q_OBJECT

 public:
  explicit StageCore(Session& session, QObject* parent = nullptr);

  static constexpr int kGridSlots = 100;      // slots from here on are cells of the grid of seeds
  static constexpr int kAtlasSlot = 500;      // the codebook's patches
  static constexpr int kSpectrumSlots = 400;  // and from here on the views' spectra

  // ---- what is drawn ----
  void resize(const QSize& logical_px, double device_pixel_ratio);
  render::Scene scene(const QPalette& palette) const;
  OverlayModel overlay(const QPalette& palette) const;
  void setPictureSize(int slot, const QSize& px);
  QSize gridSize() const { return grid_; }  // columns, rows
  QPoint gridOffset(int cell) const;        // seeds from the middle: (right, up)

  // ---- how it is shown ----
  bool hud() const { return hud_; }
  void setHud(bool on);
  bool lens() const { return lens_; }
  void setLens(bool on);
  bool smooth() const { return smooth_; }
  void setSmooth(bool on);
  void fit();
  void oneToOne();
  void zoomBy(double factor);  // at the middle of the active view
  double zoom() const { return transforms_[0].scale(); }
  bool fitting() const { return transforms_[0].fitting(); }
  void setHint(const QString& hint);      // fades when somebody acts
  void setNotice(const QString& notice);  // in the middle, until cleared: "Drop to open"
  void setPadDrawnByImGui(bool by_imgui) { pad_by_imgui_ = by_imgui; }
  void padDraggedTo(const QPointF& place, bool released);

  // ---- events of the surface, logical pixels; true: taken ----
  bool press(const QMouseEvent& event);
  bool move(const QMouseEvent& event);
  bool release(const QMouseEvent& event);
  bool doubleClick(const QMouseEvent& event);
  bool wheel(const QWheelEvent& event);
  void leave();
  bool key(const QKeyEvent& event);
  Qt::CursorShape cursor() const;

  Walk& walk() { return walk_; }
  Brush& brush() { return brush_; }
  FrameGaps& frameGaps() { return gaps_; }

 Q_SIGNALS:
  void redrawNeeded();
  void displayChanged();  // hud, lens, smooth, zoom
  void contextMenuWanted(const QPointF& at);
  void gridCellChosen(int cell);

 private:
  enum class Drag { none, walk, pan, wipe, pad, brush, tokens };

  QRectF viewRect(int view) const;        // logical
  std::vector<QRectF> gridRects() const;  // logical
  int viewAt(const QPointF& at) const;
  bool single() const {
    return session_.viewCount() == 1 || session_.stageMode() == StageMode::wipe || session_.stageMode() == StageMode::difference ||
           session_.stageMode() == StageMode::grid;
  }
  void layOut();
  void showSpectrum(render::SceneItem& item, int view) const;
  QStringList hudLines(int view) const;
  void addPad(OverlayModel& model) const;
  void addLens(OverlayModel& model) const;
  bool brushing() const { return session_.brush() && session_.stageMode() == StageMode::pictures; }
  QPointF inPicture(const QPointF& at) const;  // of the active view, in its pixels
  bool brushKey(const QKeyEvent& event);
  void addMask(OverlayModel& model) const;
  TokenDesk& tokenDesk() const;
  bool tokening() const;
  int tokenAt(const QPointF& at) const;
  bool tokenPress(const QMouseEvent& event);
  void tokenMove(const QPointF& at);
  bool tokenKey(const QKeyEvent& event);
  void addTokens(OverlayModel& model) const;
  QStringList hintLines() const;
  QRectF padRect() const;
  void rememberTrail();

  Session& session_;
  Walk walk_;
  Brush brush_;
  FrameGaps gaps_;
  QSize size_{1, 1};
  double ratio_ = 1.0;
  std::array<render::ViewTransform, Session::kMaxViews> transforms_;
  std::map<int, QSize> picture_sizes_;
  QSize grid_{5, 5};
  double wipe_ = 0.5;
  bool hud_ = true, lens_ = false, smooth_ = true, pad_by_imgui_ = true;
  QString hint_, notice_;
  double hint_opacity_ = 0.0;
  Drag drag_ = Drag::none;
  QPointF last_, pressed_at_, cursor_{-1, -1};
  bool moved_ = false, token_pins_ = true;
  std::deque<QPointF> trail_;
  QTimer fade_;
};

}  // namespace orrery::ui
