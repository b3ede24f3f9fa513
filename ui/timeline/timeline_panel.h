// The timeline's dock: transport, tracks, curves, and the fields of the chosen key (what the mouse does on the tracks, these do by keyboard).
#pragma once

#include <QTimer>
#include <QWidget>

#include "ui/session/session.h"

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QToolButton;

namespace orrery::ui {

class CurveView;
class TimelineView;

class TimelinePanel : public QWidget {
  Q_OBJECT

 public:
  explicit TimelinePanel(Session& session, QWidget* parent = nullptr);

  TimelineView& tracks() { return *tracks_; }
  CurveView& curves() { return *curves_; }
  QSize minimumSizeHint() const override { return {400, QWidget::minimumSizeHint().height()}; }

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  QWidget* makeTransport();
  QWidget* makeKeyFields();
  void refresh();
  void refreshTime();
  void refreshKeyFields();
  void change(Timeline next, const QString& text);
  void keysFromPositions();
  void setKeyTime(double time_s);
  void setKeyValue();
  void followRequest(int view);
  void keyWhatWasTurned();
  bool pathEmpty() const;

  Session& session_;
  TimelineView* tracks_;
  CurveView* curves_;
  QToolButton* play_ = nullptr;
  QToolButton* loop_ = nullptr;
  QToolButton* auto_key_ = nullptr;
  QToolButton* show_curves_ = nullptr;
  QLabel* time_ = nullptr;
  QDoubleSpinBox* duration_ = nullptr;
  QComboBox* rate_ = nullptr;
  QPushButton* positions_ = nullptr;
  QPushButton* film_ = nullptr;
  QLabel* key_name_ = nullptr;
  QDoubleSpinBox* key_time_ = nullptr;
  QLineEdit* key_value_ = nullptr;
  QComboBox* key_easing_ = nullptr;
  QToolButton* key_remove_ = nullptr;
  QWidget* key_fields_ = nullptr;
  bool filling_ = false;
  QTimer rest_;
  int keyed_at_ = -1;  // where in the history keys were last set by turning
};

}  // namespace orrery::ui
