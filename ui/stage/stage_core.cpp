#include "ui/stage/stage_core.h"

#include <QFontMetricsF>
#include <QGuiApplication>
#include <QSettings>
#include <algorithm>
#include <cmath>

#include "ui/project/attached.h"
#include "ui/session/photo_note.h"
#include "ui/session/playback.h"
#include "ui/stage/spectrum.h"
#include "ui/style/colors.h"
#include "ui/style/theme.h"
#include "ui/tape/tape_desk.h"
#include "ui/tokens/token_desk.h"
#include "ui/widgets/format.h"
#include "ui/widgets/picture.h"

namespace orrery::ui {
namespace {

constexpr double kGap = 4.0;  // between views
constexpr double kPadSide = 112.0;
constexpr std::size_t kTrail = 120;

}  // namespace

StageCore::StageCore(Session& session, QObject* parent) : QObject(parent), session_(session), walk_(session), brush_(session) {
  QSettings settings;
  hud_ = settings.value("hud", true).toBool();
  smooth_ = settings.value("smooth", true).toBool();
  connect(&session_, &Session::viewsChanged, this, [this] {
    layOut();
    Q_EMIT redrawNeeded();
  });
  connect(&session_, &Session::requestChanged, this, [this](int view) {
    if (view == session_.activeView()) rememberTrail();
  });
  connect(&session_, &Session::viewModelChanged, this, [this](int view) {
    if (view == session_.activeView()) trail_.clear();
    Q_EMIT redrawNeeded();
  });
  connect(&session_, &Session::positionsChanged, this, &StageCore::redrawNeeded);
  // A step's picture brings its redraw with it; only the note of the last one must go at once.
  connect(&attached<TapeDesk>(session_), &TapeDesk::headMoved, this, [this] {
    if (!attached<TapeDesk>(session_).scrubbing()) Q_EMIT redrawNeeded();
  });
  connect(&session_, &Session::brushChanged, this, [this] {
    Q_EMIT displayChanged();
    Q_EMIT redrawNeeded();
  });
  connect(&brush_, &Brush::changed, this, &StageCore::redrawNeeded);
  connect(&walk_, &Walk::started, this, [this] { gaps_.begin(); });
  connect(&walk_, &Walk::finished, this, [this] {
    gaps_.end();
    Q_EMIT redrawNeeded();
  });
  fade_.setInterval(30);
  connect(&fade_, &QTimer::timeout, this, [this] {
    hint_opacity_ -= 0.06;
    if (hint_opacity_ <= 0.0) {
      hint_.clear();
      fade_.stop();
    }
    Q_EMIT redrawNeeded();
  });
}

// ---- layout ----

void StageCore::resize(const QSize& logical_px, double device_pixel_ratio) {
  if (logical_px == size_ && device_pixel_ratio == ratio_) return;
  size_ = logical_px;
  ratio_ = device_pixel_ratio;
  layOut();
}

QRectF StageCore::viewRect(int view) const {
  const QRectF all(QPointF(0, 0), QSizeF(size_));
  const int count = single() ? 1 : session_.viewCount();
  if (count == 1) return all;
  const double w = (all.width() - kGap) / 2;
  if (count == 2) return {view * (w + kGap), 0, w, all.height()};
  const double h = (all.height() - kGap) / 2;
  return {(view % 2) * (w + kGap), (view / 2) * (h + kGap), w, h};
}

void StageCore::layOut() {
  const double aspect = static_cast<double>(size_.width()) / std::max(1, size_.height());
  grid_ = aspect > 1.9 ? QSize(9, 5) : aspect > 1.25 ? QSize(7, 5) : aspect < 0.8 ? QSize(3, 5) : QSize(5, 5);
  for (int view = 0; view < Session::kMaxViews; ++view) {
    const QRectF rect = viewRect(view);
    transforms_[view].setView({std::round(rect.x() * ratio_), std::round(rect.y() * ratio_), std::round(rect.width() * ratio_),
                               std::round(rect.height() * ratio_)});
  }
  Q_EMIT displayChanged();
}

std::vector<QRectF> StageCore::gridRects() const {
  // Cells are as large as the whole stage allows, and square like most pictures.
  const double cell = std::min((size_.width() - kGap) / grid_.width(), (size_.height() - kGap) / grid_.height());
  const QPointF corner((size_.width() - cell * grid_.width()) / 2, (size_.height() - cell * grid_.height()) / 2);
  std::vector<QRectF> rects;
  for (int row = 0; row < grid_.height(); ++row) {
    for (int column = 0; column < grid_.width(); ++column)
      rects.emplace_back(corner + QPointF(column * cell + kGap / 2, row * cell + kGap / 2), QSizeF(cell - kGap, cell - kGap));
  }
  return rects;
}

QPoint StageCore::gridOffset(int cell) const {
  return {cell % grid_.width() - grid_.width() / 2, grid_.height() / 2 - cell / grid_.width()};
}

void StageCore::setPictureSize(int slot, const QSize& px) {
  if (picture_sizes_[slot] == px) return;
  picture_sizes_[slot] = px;
  if (slot < Session::kMaxViews) {
    transforms_[slot].setPicture(px);
    Q_EMIT displayChanged();
  }
}

// ---- drawing ----

render::Scene StageCore::scene(const QPalette& palette) const {
  const Colors& colors = colorsOf(palette);
  render::Scene scene;
  scene.background = colors.dark ? QColor("#101216") : QColor("#dfe2e7");
  scene.checker_a = colors.dark ? QColor("#2a2d33") : QColor("#ffffff");
  scene.checker_b = colors.dark ? QColor("#34383f") : QColor("#dcdfe4");
  scene.outline = palette.color(QPalette::Highlight);
  scene.divider = Qt::white;
  scene.smooth = smooth_;
  scene.device_pixel_ratio = ratio_;
  const StageMode mode = session_.stageMode();
  if (mode == StageMode::grid) {
    const auto rects = gridRects();
    for (std::size_t cell = 0; cell < rects.size(); ++cell) {
      const int slot = kGridSlots + static_cast<int>(cell);
      const auto size = picture_sizes_.find(slot);
      if (size == picture_sizes_.end()) continue;
      render::SceneItem item;
      item.slot_a = slot;
      const QRectF& r = rects[cell];
      item.transform.setPicture(size->second);
      item.transform.setView(
          {std::round(r.x() * ratio_), std::round(r.y() * ratio_), std::round(r.width() * ratio_), std::round(r.height() * ratio_)});
      item.transform.fillView();
      item.outlined = gridOffset(static_cast<int>(cell)) == QPoint(0, 0);
      scene.items.push_back(item);
    }
    return scene;
  }
  if (single()) {
    render::SceneItem item;
    item.transform = transforms_[0];
    if (session_.viewCount() > 1) {
      item.slot_a = 0, item.slot_b = 1, item.wipe = wipe_;
      item.blend = mode == StageMode::wipe ? render::Blend::wipe : render::Blend::difference;
    }
    if (mode == StageMode::spectrum) showSpectrum(item, 0);
    scene.items.push_back(item);
    return scene;
  }
  for (int view = 0; view < session_.viewCount(); ++view) {
    render::SceneItem item;
    item.slot_a = view;
    item.transform = transforms_[view];
    if (mode == StageMode::spectrum) showSpectrum(item, view);
    item.outlined = view == session_.activeView();
    scene.items.push_back(item);
  }
  return scene;
}

void StageCore::showSpectrum(render::SceneItem& item, int view) const {
  const auto size = picture_sizes_.find(kSpectrumSlots + view);
  item.slot_a = kSpectrumSlots + view;
  if (size != picture_sizes_.end()) item.transform.setPicture(size->second);
}

QStringList StageCore::hudLines(int view) const {
  const ModelInfo* model = session_.model(view);
  if (!model) return {};
  QStringList first;
  if (const ControlSpec* seed = session_.firstOfKind(ControlKind::seed, view)) {
    if (const auto value = session_.request(view).get<std::int64_t>(
            seed->id, std::holds_alternative<std::int64_t>(seed->neutral) ? std::get<std::int64_t>(seed->neutral) : 0);
        value >= 0) {
      first << tr("seed %1").arg(value);
    }
  }
  if (const ControlSpec* pad = session_.firstOfKind(ControlKind::latent_pad, view)) {
    const auto place = session_.request(view).get<std::vector<double>>(pad->id, {0.0, 0.0});
    if (place.size() == 2 && (place[0] != 0.0 || place[1] != 0.0 || first.isEmpty()))
      first << QStringLiteral("%1, %2").arg(formatNumber(place[0], 2), formatNumber(place[1], 2));
  }
  QStringList second;
  if (const auto& frame = session_.frame(view)) {
    second << tr("%1 × %2 px").arg(frame->image.width_px).arg(frame->image.height_px);
    second << tr("%1 ms").arg(formatNumber(frame->render_ms, frame->render_ms < 10 ? 1 : 0));
    if (frame->step < frame->steps) second << tr("step %1 of %2").arg(frame->step).arg(frame->steps);
  }
  const double scale = transforms_[single() ? 0 : view].scale();
  second << tr("%1%").arg(formatNumber(scale * 100.0, 0));
  QStringList lines{QString::fromStdString(model->name) + QStringLiteral("   ") + first.join(QStringLiteral("  +  "))};
  lines << second.join(QStringLiteral("   "));
  return lines;
}

OverlayModel StageCore::overlay(const QPalette& palette) const {
  OverlayModel model;
  // The overlay lies on dark glass in either theme.
  const ModelInfo* shown = session_.model();
  model.accent = shown ? darkColors().kind(shown->kind) : palette.color(QPalette::Highlight);
  model.text = QColor("#f2f3f5");
  model.dim = QColor("#b9c0cc");
  model.back = QColor(14, 16, 20, 190);
  const StageMode mode = session_.stageMode();
  const bool two_in_one = session_.viewCount() > 1 && (mode == StageMode::wipe || mode == StageMode::difference);
  if (hud_ && mode != StageMode::grid) {
    for (int view = 0; view < (single() ? 1 : session_.viewCount()); ++view) {
      const QStringList lines = hudLines(view);
      if (!lines.isEmpty()) model.chips.push_back({OverlayChip::Corner::bottom_left, viewRect(view), lines, 1.0});
    }
  }
  const auto& tape = attached<TapeDesk>(session_);
  for (int view = 0; view < (single() ? 1 : session_.viewCount()) && mode != StageMode::grid; ++view) {
    if (const QString scale = errorScale(session_, view); mode == StageMode::pictures && !scale.isEmpty()) model.chips.push_back({OverlayChip::Corner::bottom_middle, viewRect(view), {scale}, 1.0});
    if (const QString note = tape.note(view); !note.isEmpty()) model.chips.push_back({two_in_one ? OverlayChip::Corner::bottom_middle : OverlayChip::Corner::top_left, viewRect(view), {note}, 1.0});
  }
  if (two_in_one) {
    const QRectF all = viewRect(0);
    const auto name = [this](int view) {
      const ModelInfo* info = session_.model(view);
      return info ? QString::fromStdString(info->name) : QString();
    };
    if (mode == StageMode::wipe) {
      model.chips.push_back({OverlayChip::Corner::top_left, all, {tr("A  %1").arg(name(0))}, 1.0});
      model.chips.push_back({OverlayChip::Corner::top_right, all, {tr("B  %1").arg(name(1))}, 1.0});
    } else {
      model.chips.push_back({OverlayChip::Corner::top_left, all, {tr("|A − B| × 4"), tr("%1 and %2").arg(name(0), name(1))}, 1.0});
    }
  }
  if (mode == StageMode::spectrum) {
    for (int view = 0; view < (single() ? 1 : session_.viewCount()); ++view)
      model.chips.push_back({OverlayChip::Corner::top_left, viewRect(view),
                             {tr("Spectrum, %1 to 0 dB").arg(formatNumber(kSpectrumFloor_dB, 0)), tr("middle: no change, edges: ½ cycle per pixel")}, 1.0});
  }
  if (!hint_.isEmpty() && hint_opacity_ > 0.0)
    model.chips.push_back({OverlayChip::Corner::top_middle, QRectF(QPointF(0, 0), QSizeF(size_)), hintLines(), hint_opacity_});
  if (!notice_.isEmpty()) model.chips.push_back({OverlayChip::Corner::middle, QRectF(QPointF(0, 0), QSizeF(size_)), {notice_}, 1.2});
  if (mode == StageMode::pictures && (tokening() || tokenDesk().heat() != TokenHeat::none)) addTokens(model);
  if (brushing()) addMask(model);
  else if (hud_ && mode == StageMode::pictures) addPad(model);
  if (lens_) addLens(model);
  return model;
}

// On a narrow stage the hint's parts stand below each other.
QStringList StageCore::hintLines() const {
  if (QFontMetricsF(QGuiApplication::font()).horizontalAdvance(hint_) < size_.width() - 60.0) return {hint_};
  return hint_.split(QStringLiteral("; "));
}

QRectF StageCore::padRect() const {
  const QRectF rect = viewRect(session_.activeView());
  return {rect.right() - 10 - kPadSide, rect.bottom() - 10 - kPadSide, kPadSide, kPadSide};
}

void StageCore::addPad(OverlayModel& model) const {
  const ControlSpec* spec = session_.firstOfKind(ControlKind::latent_pad);
  const QRectF view = viewRect(session_.activeView());
  if (!spec || view.width() < 3.5 * kPadSide || view.height() < 2 * kPadSide) return;
  const auto place = session_.request().get<std::vector<double>>(spec->id, {0.0, 0.0});
  if (place.size() != 2) return;
  OverlayPad pad;
  pad.rect = padRect();
  pad.x = place[0], pad.y = place[1];
  pad.trail.assign(trail_.begin(), trail_.end());
  pad.active = walk_.moving() || drag_ == Drag::pad;
  pad.opacity = pad.active || pad.rect.contains(cursor_) ? 1.0 : 0.8;
  for (int i = 0; i < Session::kPositions; ++i) {
    const auto& stored = session_.position(i);
    if (!stored || stored->model != session_.request().model) continue;
    const auto at = stored->get<std::vector<double>>(spec->id, {0.0, 0.0});
    if (at.size() == 2) pad.marks.push_back({i + 1, {at[0], at[1]}});
  }
  model.pad = pad;
}

QPointF StageCore::inPicture(const QPointF& at) const { return transforms_[single() ? 0 : session_.activeView()].toPicture(at * ratio_); }

void StageCore::addMask(OverlayModel& model) const {
  const int view = session_.activeView();
  const render::ViewTransform& transform = transforms_[single() ? 0 : view];
  const QRectF picture = transform.pictureRect();
  const auto size = picture_sizes_.find(view);
  OverlayMask mask;
  mask.within = viewRect(view);
  mask.picture = {picture.topLeft() / ratio_, picture.size() / ratio_};
  mask.mask = brush_.mask();
  mask.painting = brush_.painting();
  mask.brush = mask.within.contains(cursor_);
  mask.cursor = cursor_;
  mask.erases = brush_.painting() ? brush_.strokeErases() : brush_.erasing();
  // The brush is measured in the model's pixels, which the picture on the stage has too.
  mask.radius_px = brush_.radius() * transform.scale() / ratio_;
  if (size != picture_sizes_.end()) model.mask = mask;
  const QString what = brush_.erasing() ? tr("Erase: what you paint over stays as it is") : tr("Paint where the picture shall be made anew");
  model.chips.push_back({OverlayChip::Corner::top_left, mask.within,
                         {what, tr("[ ]  size %1 px     X  %2     I  invert     Del  clear     B  done").arg(formatNumber(brush_.radius() * 2.0, 0), brush_.erasing() ? tr("paint") : tr("erase"))}, 1.0});
}

void StageCore::addLens(OverlayModel& model) const {
  const int view = viewAt(cursor_);
  if (view < 0 || session_.stageMode() == StageMode::grid || session_.stageMode() == StageMode::spectrum) return;
  const int slot = session_.stageMode() == StageMode::wipe && session_.viewCount() > 1 && cursor_.x() > size_.width() * wipe_ ? 1 : view;
  const auto& frame = session_.frame(slot);
  if (!frame) return;
  const DeviceImage* step = attached<TapeDesk>(session_).stepImage(slot);
  const DeviceImage& shown = step ? *step : frame->image;
  const QPointF at = transforms_[single() ? 0 : view].toPicture(cursor_ * ratio_);
  const int x = static_cast<int>(std::floor(at.x())), y = static_cast<int>(std::floor(at.y()));
  if (x < 0 || y < 0 || x >= shown.width_px || y >= shown.height_px) return;
  OverlayLens lens;
  lens.cursor = cursor_;
  lens.within = QRectF(QPointF(0, 0), QSizeF(size_));
  lens.slot = slot;
  lens.picture_px = at;
  lens.picture_size = {shown.width_px, shown.height_px};
  lens.text = QStringLiteral("%1, %2").arg(x).arg(y);
  const QImage image = imageOf(shown);
  if (!image.isNull()) lens.text += QStringLiteral("   ") + image.pixelColor(x, y).name();
  model.lens = lens;
}

void StageCore::rememberTrail() {
  const ControlSpec* spec = session_.firstOfKind(ControlKind::latent_pad);
  if (!spec) return;
  const auto place = session_.request().get<std::vector<double>>(spec->id, {0.0, 0.0});
  if (place.size() != 2) return;
  const QPointF at(place[0], place[1]);
  if (!trail_.empty() && QLineF(trail_.back(), at).length() < 0.01) return;
  if (!trail_.empty() && QLineF(trail_.back(), at).length() > 2.0) trail_.clear();  // a jump, not a walk
  trail_.push_back(at);
  if (trail_.size() > kTrail) trail_.pop_front();
}

// ---- display ----

void StageCore::setHud(bool on) {
  hud_ = on;
  QSettings().setValue("hud", on);
  Q_EMIT displayChanged();
  Q_EMIT redrawNeeded();
}

void StageCore::setLens(bool on) {
  lens_ = on;
  Q_EMIT displayChanged();
  Q_EMIT redrawNeeded();
}

void StageCore::setSmooth(bool on) {
  smooth_ = on;
  QSettings().setValue("smooth", on);
  Q_EMIT displayChanged();
  Q_EMIT redrawNeeded();
}

void StageCore::fit() {
  for (auto& transform : transforms_) transform.fit();
  Q_EMIT displayChanged();
  Q_EMIT redrawNeeded();
}

void StageCore::oneToOne() {
  for (auto& transform : transforms_) transform.oneToOne();
  Q_EMIT displayChanged();
  Q_EMIT redrawNeeded();
}

void StageCore::zoomBy(double factor) {
  for (auto& transform : transforms_) transform.zoomAt(transform.view().center(), factor);
  Q_EMIT displayChanged();
  Q_EMIT redrawNeeded();
}

void StageCore::setHint(const QString& hint) {
  if (hint.isEmpty()) {
    if (hint_.isEmpty() || fade_.isActive()) return;
    if (motionMs() == 0) hint_opacity_ = 0.0;
    fade_.start();
    return;
  }
  hint_ = hint;
  hint_opacity_ = 1.0;
  fade_.stop();
  Q_EMIT redrawNeeded();
}

void StageCore::setNotice(const QString& notice) {
  if (notice == notice_) return;
  notice_ = notice;
  Q_EMIT redrawNeeded();
}

}  // namespace orrery::ui
