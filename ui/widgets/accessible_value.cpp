#include "ui/widgets/accessible_value.h"

#include <QAccessibleWidget>

#include "ui/widgets/value_slider.h"

namespace orrery::ui {
namespace {

class AccessibleSlider : public QAccessibleWidget, public QAccessibleValueInterface {
 public:
  explicit AccessibleSlider(ValueSlider* slider) : QAccessibleWidget(slider, QAccessible::Slider), slider_(slider) {}

  void* interface_cast(QAccessible::InterfaceType type) override {
    return type == QAccessible::ValueInterface ? static_cast<QAccessibleValueInterface*>(this) : QAccessibleWidget::interface_cast(type);
  }
  QString text(QAccessible::Text kind) const override {
    return kind == QAccessible::Value ? slider_->valueText() : QAccessibleWidget::text(kind);
  }

  QVariant currentValue() const override { return slider_->value(); }
  void setCurrentValue(const QVariant& value) override { slider_->change(value.toDouble()); }
  QVariant maximumValue() const override { return slider_->maximum(); }
  QVariant minimumValue() const override { return slider_->minimum(); }
  QVariant minimumStepSize() const override { return slider_->step(); }

 private:
  ValueSlider* slider_;
};

QAccessibleInterface* make(const QString&, QObject* object) {
  if (auto* slider = qobject_cast<ValueSlider*>(object)) return new AccessibleSlider(slider);
  return nullptr;
}

}  // namespace

void installAccessibleFactories() { QAccessible::installFactory(make); }

}  // namespace orrery::ui
