#include "ui/style/orrery_style.h"

#include <QPainter>
#include <QStyleOption>

#include "ui/style/colors.h"
#include "ui/style/icons.h"

namespace orrery::ui {

OrreryStyle::OrreryStyle() : QProxyStyle(QStringLiteral("Fusion")) {}

int OrreryStyle::styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget, QStyleHintReturn* data) const {
  switch (hint) {
    case SH_ToolTip_WakeUpDelay:
      return 500;
    case SH_EtchDisabledText:
    case SH_DitherDisabledText:
    case SH_UnderlineShortcut:
      return 0;
    case SH_Slider_AbsoluteSetButtons:
      return Qt::LeftButton;
    case SH_ItemView_ShowDecorationSelected:
      return 1;
    case SH_ComboBox_Popup:
      return 0;
    case SH_Menu_SupportsSections:
      return 1;
    default:
      return QProxyStyle::styleHint(hint, option, widget, data);
  }
}

int OrreryStyle::pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const {
  switch (metric) {
    case PM_LayoutLeftMargin:
    case PM_LayoutRightMargin:
    case PM_LayoutTopMargin:
    case PM_LayoutBottomMargin:
      return 8;
    case PM_LayoutHorizontalSpacing:
    case PM_LayoutVerticalSpacing:
      return 8;
    case PM_SmallIconSize:
    case PM_ButtonIconSize:
    case PM_ToolBarIconSize:
    case PM_TabBarIconSize:
      return 16;
    case PM_ScrollBarExtent:
      return 10;
    case PM_DockWidgetSeparatorExtent:
      return 4;
    case PM_DockWidgetTitleMargin:
      return 6;
    case PM_SplitterWidth:
      return 4;
    case PM_ButtonShiftHorizontal:
    case PM_ButtonShiftVertical:
      return 0;
    default:
      return QProxyStyle::pixelMetric(metric, option, widget);
  }
}

void OrreryStyle::drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter, const QWidget* widget) const {
  const Colors& colors = colorsOf(option->palette);
  const QColor color = option->state & State_Enabled ? colors.dim : colors.faint;
  const auto arrow = [&](const char* name) {
    QRectF square(0, 0, 12, 12);
    square.moveCenter(QRectF(option->rect).center());
    paintIcon(*painter, QLatin1String(name), square, color);
  };
  switch (element) {
    case PE_FrameFocusRect:
      return;  // focus is drawn by each control's own look
    case PE_IndicatorArrowDown:
      return arrow("chevron-down");
    case PE_IndicatorArrowUp:
      return arrow("chevron-up");
    case PE_IndicatorArrowLeft:
      return arrow("chevron-left");
    case PE_IndicatorArrowRight:
      return arrow("chevron-right");
    case PE_IndicatorBranch:
      if (option->state & State_Children) arrow(option->state & State_Open ? "chevron-down" : "chevron-right");
      return;
    default:
      return QProxyStyle::drawPrimitive(element, option, painter, widget);
  }
}

QIcon OrreryStyle::standardIcon(StandardPixmap standard, const QStyleOption* option, const QWidget* widget) const {
  switch (standard) {
    case SP_TitleBarCloseButton:
    case SP_DockWidgetCloseButton:
    case SP_DialogCloseButton:
    case SP_LineEditClearButton:
      return icon(QStringLiteral("close"));
    case SP_TitleBarNormalButton:
      return icon(QStringLiteral("float"));
    case SP_ToolBarHorizontalExtensionButton:
    case SP_ToolBarVerticalExtensionButton:
      return icon(QStringLiteral("more"));
    case SP_FileIcon:
      return icon(QStringLiteral("file"));
    case SP_DirIcon:
      return icon(QStringLiteral("folder"));
    default:
      return QProxyStyle::standardIcon(standard, option, widget);
  }
}

}  // namespace orrery::ui
