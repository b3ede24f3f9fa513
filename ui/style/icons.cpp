#include "ui/style/icons.h"

#include <QFile>
#include <QGuiApplication>
#include <QIconEngine>
#include <QPainter>
#include <QPixmapCache>
#include <QSvgRenderer>

#include "ui/style/colors.h"

namespace orrery::ui {
namespace {

QByteArray svgOf(const QString& name) {
  QFile file(QStringLiteral(":/icons/%1.svg").arg(name));
  return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

class TintedEngine : public QIconEngine {
 public:
  TintedEngine(QString name, QColor color) : name_(std::move(name)), color_(std::move(color)) {}

  void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override {
    paintIcon(*painter, name_, rect, tint(mode, state));
  }

  QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override { return scaledPixmap(size, mode, state, 1.0); }

  QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state, qreal) override {
    if (size.isEmpty()) return {};
    const QColor color = tint(mode, state);
    const QString key =
        QStringLiteral("orrery-icon-%1-%2-%3x%4").arg(name_, color.name(QColor::HexArgb)).arg(size.width()).arg(size.height());
    QPixmap pixmap;
    if (QPixmapCache::find(key, &pixmap)) return pixmap;
    pixmap = QPixmap(size);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    paintIcon(painter, name_, QRectF(QPointF(0, 0), QSizeF(size)), color);
    painter.end();
    QPixmapCache::insert(key, pixmap);
    return pixmap;
  }

  QIconEngine* clone() const override { return new TintedEngine(name_, color_); }

 private:
  QColor tint(QIcon::Mode mode, QIcon::State state) const {
    const QPalette palette = QGuiApplication::palette();
    const Colors& colors = colorsOf(palette);
    if (mode == QIcon::Disabled) return colors.faint;
    if (color_.isValid()) return color_;
    if (mode == QIcon::Selected) return palette.color(QPalette::HighlightedText);
    if (mode == QIcon::Active || state == QIcon::On) return colors.text;
    return colors.dim;
  }

  QString name_;
  QColor color_;
};

}  // namespace

QIcon icon(const QString& name) { return QIcon(new TintedEngine(name, {})); }
QIcon icon(const QString& name, const QColor& color) { return QIcon(new TintedEngine(name, color)); }

void paintIcon(QPainter& painter, const QString& name, const QRectF& rect, const QColor& color) {
  QByteArray svg = svgOf(name);
  svg.replace("currentColor", color.name(QColor::HexRgb).toLatin1());
  QSvgRenderer renderer(svg);
  const double side = std::min(rect.width(), rect.height());
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setOpacity(painter.opacity() * color.alphaF());
  renderer.render(&painter, QRectF(rect.center().x() - side / 2, rect.center().y() - side / 2, side, side));
  painter.restore();
}

}  // namespace orrery::ui
