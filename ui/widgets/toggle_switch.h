// On or off, as a switch.
#pragma once

#include <QAbstractButton>

namespace orrery::ui {

class ToggleSwitch : public QAbstractButton {
  Q_OBJECT

 public:
  explicit ToggleSwitch(QWidget* parent = nullptr);
  QSize sizeHint() const override { return {34, 26}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
};

// The small signs at the end of a control's row: the reset dot (lit when not neutral) and the keyframe diamond.
class SignButton : public QAbstractButton {
  Q_OBJECT

 public:
  enum class Sign { dot, diamond };
  explicit SignButton(Sign sign, QWidget* parent = nullptr);
  void setLit(bool lit);        // dot: not neutral; diamond: keyed somewhere
  void setFilled(bool filled);  // diamond: a key at the play head
  bool lit() const { return lit_; }
  QSize sizeHint() const override { return {14, 26}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void enterEvent(QEnterEvent*) override { update(); }
  void leaveEvent(QEvent*) override { update(); }

 private:
  Sign sign_;
  bool lit_ = false;
  bool filled_ = false;
};

}  // namespace orrery::ui
