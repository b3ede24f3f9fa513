#include "ui/stage/brush.h"

#include <QSettings>
#include <algorithm>
#include <cmath>

#include "ui/session/session.h"
#include "ui/widgets/picture.h"
#include "ui/widgets/picture_value.h"

namespace orrery::ui {
namespace {

constexpr int kPauseMs = 16;  // between two requests of a stroke
constexpr double kLeast = 0.5;

void put(Request& request, const ControlSpec& spec, const Value& value) {
  if (value == spec.neutral) request.values.erase(spec.id);
  else request.values[spec.id] = value;
}

}  // namespace

Brush::Brush(Session& session) : session_(session), radius_px_(std::max(kLeast, QSettings().value("brush/radius", 3.0).toDouble())) {
  later_.setSingleShot(true);
  connect(&later_, &QTimer::timeout, this, &Brush::show);
  shown_.start();
}

bool Brush::possible() const { return session_.firstOfKind(ControlKind::mask) && !size().isEmpty(); }

QSize Brush::size() const {
  const ModelInfo* model = session_.model();
  return model ? QSize(model->width_px, model->height_px) : QSize();
}

QImage Brush::maskOf(const Request& request) const {
  const ControlSpec* spec = session_.firstOfKind(ControlKind::mask);
  const std::string value = spec ? request.get<std::string>(spec->id, "") : std::string();
  if (value != known_value_ || known_mask_.size() != size()) {
    known_value_ = value;
    known_mask_ = imageOfValue(value);
    if (!known_mask_.isNull()) {
      if (known_mask_.size() != size()) known_mask_ = known_mask_.scaled(size(), Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
      known_mask_ = known_mask_.convertToFormat(QImage::Format_Grayscale8);
    }
  }
  return value.empty() ? QImage() : known_mask_;
}

QImage Brush::mask() const { return painting_ ? painted_ : maskOf(session_.request()); }

void Brush::setRadius(double px) {
  radius_px_ = std::clamp(px, kLeast, std::max(kLeast, 0.5 * std::max(size().width(), size().height())));
  QSettings().setValue("brush/radius", radius_px_);
  Q_EMIT changed();
}

void Brush::setErasing(bool on) {
  erasing_ = on;
  Q_EMIT changed();
}

void Brush::begin(const QPointF& at, bool erase) {
  if (!possible() || painting_) return;
  view_ = session_.activeView();
  before_ = live_ = session_.request();
  stroke_erases_ = erase;
  took_picture_ = false;
  painted_ = maskOf(before_).copy();
  if (painted_.isNull()) {
    painted_ = QImage(size(), QImage::Format_Grayscale8);
    painted_.fill(0);
  }
  const ControlSpec* photo = session_.firstOfKind(ControlKind::photo);
  if (photo && before_.get<std::string>(photo->id, "").empty()) {
    const auto& frame = session_.frame(view_);
    const QImage picture = frame && frame->step >= frame->steps ? imageOf(frame->image) : QImage();
    if (picture.isNull()) return session_.say(tr("Wait for the picture, then paint."));
    // What is painted over shall be new: from nothing, and from other noise than the picture itself came from.
    put(live_, *photo, valueOfImage(picture));
    if (const ControlSpec* strength = session_.spec(photo->id + ".strength")) put(live_, *strength, strength->max);
    if (const ControlSpec* seed = session_.firstOfKind(ControlKind::seed)) {
      const auto* neutral = std::get_if<std::int64_t>(&seed->neutral);
      put(live_, *seed, live_.get<std::int64_t>(seed->id, neutral ? *neutral : 0) + 1);
    }
    took_picture_ = true;
  }
  painting_ = true;
  last_ = at;
  dab(at, at);
  show();
}

void Brush::move(const QPointF& at) {
  if (!painting_) return;
  dab(last_, at);
  last_ = at;
  Q_EMIT changed();
  const qint64 waited = shown_.elapsed();
  if (waited >= kPauseMs) show();
  else if (!later_.isActive()) later_.start(static_cast<int>(kPauseMs - waited));
}

void Brush::end() {
  if (!painting_) return;
  later_.stop();
  show();
  painting_ = false;
  session_.commitTransient(view_, before_, stroke_erases_ ? tr("Erase mask") : tr("Paint mask"));
  if (took_picture_) session_.say(tr("This picture is the photo now: what you paint is made anew, the rest stays. R tries another."));
  Q_EMIT changed();
}

// Every pixel whose middle is within the radius of the line.
void Brush::dab(const QPointF& from, const QPointF& to) {
  const QPointF line = to - from;
  const double length2 = QPointF::dotProduct(line, line);
  const int left = std::max(0, static_cast<int>(std::floor(std::min(from.x(), to.x()) - radius_px_))), top = std::max(0, static_cast<int>(std::floor(std::min(from.y(), to.y()) - radius_px_)));
  const int right = std::min(painted_.width() - 1, static_cast<int>(std::ceil(std::max(from.x(), to.x()) + radius_px_)));
  const int bottom = std::min(painted_.height() - 1, static_cast<int>(std::ceil(std::max(from.y(), to.y()) + radius_px_)));
  const uchar value = stroke_erases_ ? 0 : 255;
  for (int y = top; y <= bottom; ++y) {
    uchar* row = painted_.scanLine(y);
    for (int x = left; x <= right; ++x) {
      const QPointF middle(x + 0.5, y + 0.5);
      const double part = length2 > 0.0 ? std::clamp(QPointF::dotProduct(middle - from, line) / length2, 0.0, 1.0) : 0.0;
      const QPointF away = middle - (from + line * part);
      if (QPointF::dotProduct(away, away) <= radius_px_ * radius_px_) row[x] = value;
    }
  }
  // However small the brush, the pixel under it is touched.
  const QPoint pixel(static_cast<int>(std::floor(to.x())), static_cast<int>(std::floor(to.y())));
  if (painted_.rect().contains(pixel)) painted_.scanLine(pixel.y())[pixel.x()] = value;
}

void Brush::show() {
  shown_.start();
  if (const ControlSpec* spec = session_.firstOfKind(ControlKind::mask)) put(live_, *spec, valueOfImage(painted_));
  session_.showTransient(view_, live_);
}

void Brush::set(const QImage& mask, const QString& text) {
  const ControlSpec* spec = session_.firstOfKind(ControlKind::mask);
  if (!spec || painting_) return;
  Request next = session_.request();
  put(next, *spec, valueOfImage(mask));
  session_.setRequest(std::move(next), text);
}

void Brush::invert() {
  QImage inverted = mask().copy();
  if (inverted.isNull()) return;
  inverted.invertPixels();
  set(inverted, tr("Invert mask"));
}

void Brush::clear() {
  if (mask().isNull()) return;
  QImage empty(size(), QImage::Format_Grayscale8);
  empty.fill(0);
  set(empty, tr("Clear mask"));
}

}  // namespace orrery::ui
