// Editors of one line: numbers, switches, choices, seeds, texts, masks.
#pragma once

#include "ui/controls/editor.h"

class QComboBox;
class QLineEdit;
class QPushButton;
class QTimer;
class QToolButton;

namespace orrery::ui {

class NumberField;
class Segmented;
class ToggleSwitch;
class ValueSlider;

// slider, integer: a slider and its number.
class NumberEditor : public Editor {
  Q_OBJECT

 public:
  explicit NumberEditor(QWidget* parent);
  void setSpec(const ControlSpec& spec) override;
  void setValue(const Value& value) override;
  QWidget* main() override;

 private:
  void emitValue(double value);

  bool whole_ = false;
  ValueSlider* slider_;
  NumberField* field_;
};

class ToggleEditor : public Editor {
  Q_OBJECT

 public:
  explicit ToggleEditor(QWidget* parent);
  void setSpec(const ControlSpec&) override {}
  void setValue(const Value& value) override;
  QWidget* main() override;

 private:
  ToggleSwitch* switch_;
};

// Up to three short choices side by side, more in a list.
class ChoiceEditor : public Editor {
  Q_OBJECT

 public:
  explicit ChoiceEditor(QWidget* parent);
  void setSpec(const ControlSpec& spec) override;
  void setValue(const Value& value) override;
  QWidget* main() override;

 private:
  std::vector<std::string> choices_;
  Segmented* pills_;
  QComboBox* list_;
};

class SeedEditor : public Editor {
  Q_OBJECT

 public:
  explicit SeedEditor(QWidget* parent);
  void setSpec(const ControlSpec& spec) override;
  void setValue(const Value& value) override;
  QWidget* main() override;

 private:
  void change(std::int64_t value);

  NumberField* field_;
  std::int64_t value_ = 0;
};

// Tells what was typed after a short rest, not letter by letter.
class TextEditor : public Editor {
  Q_OBJECT

 public:
  explicit TextEditor(QWidget* parent);
  void setSpec(const ControlSpec& spec) override;
  void setValue(const Value& value) override;
  bool tall() const override { return true; }
  QWidget* main() override;

 private:
  void commit();

  QLineEdit* line_;
  QTimer* rest_;
};

}  // namespace orrery::ui
