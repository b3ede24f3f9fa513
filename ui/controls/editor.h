// What a person turns in one row of the Controls panel. Made from a ControlSpec; knows nothing of sessions or rows.
#pragma once

#include <QWidget>

#include "engine/api/control.h"

namespace orrery::ui {

class Editor : public QWidget {
  Q_OBJECT

 public:
  explicit Editor(QWidget* parent = nullptr) : QWidget(parent) {}

  // The control it shows; may come again with another range or other choices.
  virtual void setSpec(const ControlSpec& spec) = 0;
  virtual void setValue(const Value& value) = 0;  // no signal
  // Tall editors stand under their name, the others beside it.
  virtual bool tall() const { return false; }
  // The part that takes the keyboard, for focus and for names.
  virtual QWidget* main() { return this; }

 Q_SIGNALS:
  void changed(const orrery::Value& value);
  void gestureEnded();
};

// An editor for the spec's kind.
Editor* makeEditor(const ControlSpec& spec, QWidget* parent);

// What it means, its range, unit and default, in plain words and short lines.
QString toolTipOf(const ControlSpec& spec);
QString valueText(const ControlSpec& spec, const Value& value);

}  // namespace orrery::ui
