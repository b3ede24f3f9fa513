// One row of the Controls panel: name, editor, reset dot, keyframe diamond.
#pragma once

#include <QWidget>

#include "engine/api/control.h"

class QLabel;

namespace orrery::ui {

class Editor;
class ElidedLabel;
class Session;
class SignButton;

class ControlRow : public QWidget {
  Q_OBJECT

 public:
  ControlRow(Session& session, const ControlSpec& spec, QWidget* parent = nullptr);

  const ControlSpec& spec() const { return spec_; }
  void setSpec(const ControlSpec& spec);
  void refresh();  // from the session: value, dot, diamond
  bool matches(const QString& words) const;
  void highlight();  // scrolled to from the search: shows itself for a moment
  Editor* editor() const { return editor_; }

 protected:
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void paintEvent(QPaintEvent* event) override;

 private:
  void setActs(const QString& reason);  // empty: it acts

  Session& session_;
  ControlSpec spec_;
  QString reason_;  // why it does not act now
  Value shown_;
  bool has_shown_ = false;
  double glow_ = 0.0;
  ElidedLabel* name_;
  Editor* editor_;
  SignButton* dot_;
  SignButton* key_;
};

}  // namespace orrery::ui
