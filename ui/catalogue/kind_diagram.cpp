#include "ui/catalogue/kind_diagram.h"

#include <QCoreApplication>
#include <QPainter>
#include <QPainterPath>
#include <cmath>

#include "ui/style/colors.h"

namespace orrery::ui {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("KindDiagram", text); }

// Drawn on a board of 240 x 84 units.
class Board {
 public:
  Board(QPainter& painter, const QRectF& room, const QPalette& palette, Kind kind) : painter_(painter), colors_(colorsOf(palette)), accent_(colors_.kind(kind)) {
    const double scale = std::min(room.width() / 240.0, room.height() / 84.0);
    painter.translate(room.center().x() - 120.0 * scale, room.center().y() - 42.0 * scale);
    painter.scale(scale, scale);
    painter.setRenderHint(QPainter::Antialiasing);
    QFont font = painter.font();
    font.setPixelSize(11);
    painter.setFont(font);
  }

  QColor faded(double alpha) const {
    QColor color = accent_;
    color.setAlphaF(static_cast<float>(alpha));
    return color;
  }

  // A network whose width goes from `left` to `right`.
  void network(double x, double width, double left, double right, const QString& name = {}) {
    QPainterPath path;
    path.moveTo(x, 42 - left / 2);
    path.lineTo(x + width, 42 - right / 2);
    path.lineTo(x + width, 42 + right / 2);
    path.lineTo(x, 42 + left / 2);
    path.closeSubpath();
    painter_.setPen(QPen(accent_, 1.5));
    painter_.setBrush(faded(0.18));
    painter_.drawPath(path);
    painter_.setPen(colors_.text);
    painter_.drawText(QRectF(x, 30, width, 24), Qt::AlignCenter, name);
  }

  void arrow(double from, double to, double y = 42) {
    painter_.setPen(QPen(colors_.dim, 1.2));
    painter_.setBrush(Qt::NoBrush);
    painter_.drawLine(QPointF(from, y), QPointF(to - 1, y));
    painter_.drawPolyline(QPolygonF{QPointF(to - 5, y - 3.5), QPointF(to, y), QPointF(to - 5, y + 3.5)});
  }

  // A picture of a hill and a sun, behind `noise` (0 to 1) grains.
  void picture(double x, double size, double noise) {
    const QRectF frame(x, 42 - size / 2, size, size);
    QPainterPath clip;
    clip.addRoundedRect(frame, 3, 3);
    painter_.setPen(Qt::NoPen);
    painter_.fillPath(clip, colors_.field);
    painter_.save();
    painter_.setClipPath(clip);
    if (noise < 1.0) {
      painter_.setOpacity(1.0 - 0.8 * noise);
      painter_.setBrush(accent_);
      painter_.drawEllipse(QPointF(x + size * 0.68, frame.y() + size * 0.32), size * 0.13, size * 0.13);
      QPainterPath hill;
      hill.moveTo(x, frame.bottom());
      hill.lineTo(x, frame.y() + size * 0.80);
      hill.quadTo(x + size * 0.34, frame.y() + size * 0.40, x + size * 0.62, frame.y() + size * 0.76);
      hill.quadTo(x + size * 0.80, frame.y() + size * 0.62, frame.right(), frame.y() + size * 0.74);
      hill.lineTo(frame.right(), frame.bottom());
      painter_.fillPath(hill, faded(0.55));
      painter_.setOpacity(1.0);
    }
    // The same grains each time: a drawing, not an animation.
    unsigned state = 12345;
    const int grains = static_cast<int>(noise * 110.0);
    for (int i = 0; i < grains; ++i) {
      state = state * 1664525u + 1013904223u;
      const double gx = (state >> 16 & 255) / 255.0, gy = (state >> 24) / 255.0;
      QColor grain = i % 3 ? colors_.dim : colors_.text;
      grain.setAlphaF(0.75F);
      painter_.fillRect(QRectF(x + gx * size, frame.y() + gy * size, 2.2, 2.2), grain);
    }
    painter_.restore();
  }

  void point(double x, const QString& name) {
    painter_.setPen(Qt::NoPen);
    painter_.setBrush(accent_);
    painter_.drawEllipse(QPointF(x, 42), 4.5, 4.5);
    painter_.setPen(colors_.dim);
    painter_.drawText(QRectF(x - 16, 48, 32, 16), Qt::AlignCenter, name);
  }

  void tokens(double x, double size, int masked_of_16) {
    const double cell = size / 4.0;
    static constexpr int kOrder[16] = {5, 10, 0, 15, 6, 9, 3, 12, 1, 14, 7, 8, 2, 13, 4, 11};
    for (int i = 0; i < 16; ++i) {
      const int at = kOrder[i];
      const QRectF box(x + at % 4 * cell + 1, 42 - size / 2 + at / 4 * cell + 1, cell - 2, cell - 2);
      const bool masked = i >= 16 - masked_of_16;
      painter_.setPen(masked ? QPen(colors_.faint, 1, Qt::DotLine) : QPen(Qt::NoPen));
      painter_.setBrush(masked ? QBrush(Qt::NoBrush) : QBrush(faded(0.35 + 0.6 * ((at * 7 + 3) % 5) / 5.0)));
      painter_.drawRoundedRect(box, 2, 2);
    }
  }

 private:
  QPainter& painter_;
  const Colors& colors_;
  QColor accent_;
};

}  // namespace

QString kindName(Kind kind) {
  switch (kind) {
    case Kind::generator: return tr("Generator");
    case Kind::denoiser: return tr("Denoiser");
    case Kind::autoencoder: return tr("Autoencoder");
    case Kind::token_model: return tr("Token model");
  }
  return {};
}

QString kindPlural(Kind kind) {
  switch (kind) {
    case Kind::generator: return tr("Generators");
    case Kind::denoiser: return tr("Denoisers");
    case Kind::autoencoder: return tr("Autoencoders");
    case Kind::token_model: return tr("Token models");
  }
  return {};
}

void paintKindDiagram(QPainter& painter, const QRectF& room, Kind kind, const QPalette& palette) {
  painter.save();
  Board board(painter, room, palette, kind);
  switch (kind) {
    case Kind::generator:
      board.point(24, QStringLiteral("z"));
      board.arrow(34, 58);
      board.network(60, 64, 18, 60, QStringLiteral("G"));
      board.arrow(128, 152);
      board.picture(158, 56, 0.0);
      break;
    case Kind::denoiser:
      board.picture(8, 48, 1.0);
      board.arrow(59, 71);
      board.picture(74, 48, 0.6);
      board.arrow(125, 137);
      board.picture(140, 48, 0.2);
      board.arrow(190, 199);
      board.picture(202, 30, 0.0);
      break;
    case Kind::autoencoder:
      board.picture(6, 44, 0.0);
      board.arrow(53, 66);
      board.network(68, 38, 56, 16);
      board.point(120, QStringLiteral("z"));
      board.network(134, 38, 16, 56);
      board.arrow(175, 188);
      board.picture(190, 44, 0.0);
      break;
    case Kind::token_model:
      board.tokens(10, 56, 16);
      board.arrow(70, 86);
      board.tokens(92, 56, 8);
      board.arrow(152, 168);
      board.tokens(174, 56, 0);
      break;
  }
  painter.restore();
}

KindDiagram::KindDiagram(Kind kind, QWidget* parent) : QWidget(parent), kind_(kind) {
  setAccessibleName(tr("Drawing: %1").arg(kindName(kind)));
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void KindDiagram::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  paintKindDiagram(painter, rect(), kind_, palette());
}

}  // namespace orrery::ui
