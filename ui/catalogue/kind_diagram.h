// A small drawing of how each kind of model works: what goes in, what the network is, what comes out.
#pragma once

#include <QPalette>
#include <QWidget>

#include "engine/api/catalogue.h"

namespace orrery::ui {

QString kindName(Kind kind);    // "Generator"
QString kindPlural(Kind kind);  // "Generators"

void paintKindDiagram(QPainter& painter, const QRectF& room, Kind kind, const QPalette& palette);

class KindDiagram : public QWidget {
  Q_OBJECT

 public:
  explicit KindDiagram(Kind kind, QWidget* parent = nullptr);
  QSize sizeHint() const override { return {240, 84}; }
  QSize minimumSizeHint() const override { return {120, 72}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  Kind kind_;
};

}  // namespace orrery::ui
