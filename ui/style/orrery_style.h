// What a style sheet cannot say: metrics, no focus frames of the stock kind, own arrows, quick tool tips.
#pragma once

#include <QProxyStyle>

namespace orrery::ui {

class OrreryStyle : public QProxyStyle {
  Q_OBJECT

 public:
  OrreryStyle();

  int styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget, QStyleHintReturn* data) const override;
  int pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const override;
  void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter, const QWidget* widget) const override;
  QIcon standardIcon(StandardPixmap standard, const QStyleOption* option, const QWidget* widget) const override;
};

}  // namespace orrery::ui
