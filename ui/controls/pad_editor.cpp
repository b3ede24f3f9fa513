#include "ui/controls/pad_editor.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QWheelEvent>
#include <cmath>

#include "ui/style/colors.h"
#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/number_field.h"

namespace orrery::ui {

PadMap::PadMap(QWidget* parent) : QWidget(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setMinimumHeight(72);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setCursor(Qt::OpenHandCursor);
  end_.setSingleShot(true);
  end_.setInterval(600);
  connect(&end_, &QTimer::timeout, this, &PadMap::gestureEnded);
}

void PadMap::setPlace(const QPointF& place) {
  if (place == place_) return;
  place_ = place;
  update();
}

void PadMap::go(const QPointF& place) {
  setPlace(place);
  Q_EMIT moved(place_);
}

void PadMap::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Colors& colors = colorsOf(palette());
  const QColor accent = isEnabled() ? palette().color(QPalette::Highlight) : colors.faint;
  const QRectF box = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
  painter.setPen(hasFocus() ? QPen(accent, 1) : QPen(Qt::NoPen));
  painter.setBrush(colors.field);
  painter.drawRoundedRect(box, 4, 4);
  QPainterPath clip;
  clip.addRoundedRect(box, 4, 4);
  painter.setClipPath(clip);
  const QPointF middle = box.center();
  const double half_x = box.width() / 2 / scale_, half_y = box.height() / 2 / scale_;
  painter.setPen(Qt::NoPen);
  const bool names = scale_ >= 26.0 && std::abs(place_.x()) < 1e5 && std::abs(place_.y()) < 1e5;
  QFont small = font();
  small.setPixelSize(9);
  painter.setFont(small);
  for (double x = std::ceil(place_.x() - half_x); x <= place_.x() + half_x; x += 1.0) {
    for (double y = std::ceil(place_.y() - half_y); y <= place_.y() + half_y; y += 1.0) {
      const QPointF at = middle + QPointF(x - place_.x(), place_.y() - y) * scale_;
      painter.setPen(Qt::NoPen);
      painter.setBrush(isEnabled() ? colors.dim : colors.faint);
      painter.drawEllipse(at, 1.5, 1.5);
    }
    if (names) {
      painter.setPen(colors.faint);
      painter.drawText(QRectF(middle.x() + (x - place_.x()) * scale_ - 20, box.bottom() - 13, 40, 12), Qt::AlignCenter,
                       QString::number(static_cast<int>(x)));
    }
  }
  painter.setPen(QPen(mixed(colors.field, accent, 0.5), 1));
  painter.drawLine(QPointF(middle.x(), box.top()), QPointF(middle.x(), box.bottom()));
  painter.drawLine(QPointF(box.left(), middle.y()), QPointF(box.right(), middle.y()));
  painter.setPen(QPen(colors.field, 1.5));
  painter.setBrush(accent);
  painter.drawEllipse(middle, 5.0, 5.0);
}

void PadMap::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return event->ignore();
  end_.stop();
  dragging_ = true;
  last_ = event->position();
  setCursor(Qt::ClosedHandCursor);
}

void PadMap::mouseMoveEvent(QMouseEvent* event) {
  if (!dragging_) return;
  const QPointF px = event->position() - last_;
  last_ = event->position();
  const double factor = (event->modifiers() & Qt::ShiftModifier ? 0.1 : event->modifiers() & Qt::ControlModifier ? 5.0 : 1.0) / scale_;
  go(place_ + QPointF(-px.x(), px.y()) * factor);  // the map follows the hand
}

void PadMap::mouseReleaseEvent(QMouseEvent*) {
  if (!std::exchange(dragging_, false)) return;
  setCursor(Qt::OpenHandCursor);
  end_.start();
}

void PadMap::mouseDoubleClickEvent(QMouseEvent*) {
  end_.stop();
  go(neutral_);
  Q_EMIT gestureEnded();
}

void PadMap::keyPressEvent(QKeyEvent* event) {
  const double step = step_ * (event->modifiers() & Qt::ShiftModifier ? 1.0 : event->modifiers() & Qt::ControlModifier ? 50.0 : 5.0);
  switch (event->key()) {
    case Qt::Key_Left:
      go(place_ - QPointF(step, 0));
      break;
    case Qt::Key_Right:
      go(place_ + QPointF(step, 0));
      break;
    case Qt::Key_Up:
      go(place_ + QPointF(0, step));
      break;
    case Qt::Key_Down:
      go(place_ - QPointF(0, step));
      break;
    case Qt::Key_Home:
    case Qt::Key_Delete:
      go(neutral_);
      break;
    default:
      return QWidget::keyPressEvent(event);
  }
  end_.start();
}

void PadMap::wheelEvent(QWheelEvent* event) {
  if (!hasFocus()) return event->ignore();
  scale_ = std::clamp(scale_ * std::pow(1.2, event->angleDelta().y() / 120.0), 6.0, 120.0);
  update();
  event->accept();
}

PadEditor::PadEditor(QWidget* parent) : Editor(parent), map_(new PadMap(this)), x_(new NumberField(this)), y_(new NumberField(this)) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  map_->setFixedHeight(96);
  column->addWidget(map_);
  auto* row = new QHBoxLayout;
  row->setSpacing(6);
  const auto field = [&](NumberField* made, const QString& letter, const QString& name) {
    QLabel* label = makeLabel(letter, "dim", this);
    label->setBuddy(made);
    made->setRange(-1e5, 1e5, 0.1);
    made->setDecimals(2);
    made->setAccessibleName(name);
    made->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    row->addWidget(label);
    row->addWidget(made, 1);
    connect(made, &NumberField::valueChanged, this, [this] { Q_EMIT changed(std::vector<double>{x_->value(), y_->value()}); });
    connect(made, &NumberField::gestureEnded, this, &Editor::gestureEnded);
  };
  field(x_, QStringLiteral("x"), tr("Place, x"));
  field(y_, QStringLiteral("y"), tr("Place, y"));
  column->addLayout(row);
  connect(map_, &PadMap::moved, this, [this](const QPointF& place) {
    x_->setValue(place.x());
    y_->setValue(place.y());
    Q_EMIT changed(std::vector<double>{place.x(), place.y()});
  });
  connect(map_, &PadMap::gestureEnded, this, &Editor::gestureEnded);
}

void PadEditor::setSpec(const ControlSpec& spec) {
  map_->setStep(spec.step);
  if (const auto* place = std::get_if<std::vector<double>>(&spec.neutral); place && place->size() == 2)
    map_->setNeutral({(*place)[0], (*place)[1]});
}

void PadEditor::setValue(const Value& value) {
  const auto* place = std::get_if<std::vector<double>>(&value);
  if (!place || place->size() != 2) return;
  map_->setPlace({(*place)[0], (*place)[1]});
  x_->setValue((*place)[0]);
  y_->setValue((*place)[1]);
}

}  // namespace orrery::ui
