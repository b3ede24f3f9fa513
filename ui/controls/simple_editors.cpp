#include "ui/controls/simple_editors.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPushButton>
#include <QRandomGenerator>
#include <QTimer>
#include <cmath>

#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/number_field.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/toggle_switch.h"
#include "ui/widgets/value_slider.h"

namespace orrery::ui {
namespace {

QHBoxLayout* rowIn(QWidget* widget) {
  auto* row = new QHBoxLayout(widget);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(6);
  return row;
}

double numberOf(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return 0.0;
}

}  // namespace

// ---- numbers ----

NumberEditor::NumberEditor(QWidget* parent) : Editor(parent), slider_(new ValueSlider(this)), field_(new NumberField(this)) {
  QHBoxLayout* row = rowIn(this);
  row->addWidget(slider_, 1);
  field_->setFixedWidth(62);
  row->addWidget(field_);
  connect(slider_, &ValueSlider::valueChanged, this, [this](double value) {
    field_->setValue(value);
    emitValue(value);
  });
  connect(field_, &NumberField::valueChanged, this, [this](double value) {
    slider_->setValue(value);
    emitValue(value);
  });
  connect(slider_, &ValueSlider::gestureEnded, this, &Editor::gestureEnded);
  connect(field_, &NumberField::gestureEnded, this, &Editor::gestureEnded);
}

void NumberEditor::emitValue(double value) {
  whole_ ? Q_EMIT changed(static_cast<std::int64_t>(std::llround(value))) : Q_EMIT changed(value);
}

void NumberEditor::setSpec(const ControlSpec& spec) {
  whole_ = spec.kind == ControlKind::integer;
  slider_->setRange(spec.min, spec.max, whole_ ? std::max(1.0, spec.step) : spec.step, spec.logarithmic);
  slider_->setNeutral(numberOf(spec.neutral));
  slider_->setSuffix(QString::fromStdString(spec.unit));
  field_->setRange(spec.min, spec.max, whole_ ? std::max(1.0, spec.step) : spec.step);
  field_->setWhole(whole_);
  // A long unit would push the number out of its field; the tool tip names it too.
  field_->setUnit(spec.unit.size() <= 3 ? QString::fromStdString(spec.unit) : QString());
}

void NumberEditor::setValue(const Value& value) {
  slider_->setValue(numberOf(value));
  field_->setValue(numberOf(value));
}

QWidget* NumberEditor::main() { return slider_; }

// ---- switch ----

ToggleEditor::ToggleEditor(QWidget* parent) : Editor(parent), switch_(new ToggleSwitch(this)) {
  QHBoxLayout* row = rowIn(this);
  row->addWidget(switch_);
  row->addStretch();
  connect(switch_, &QAbstractButton::clicked, this, [this](bool on) {
    Q_EMIT changed(on);
    Q_EMIT gestureEnded();
  });
}

void ToggleEditor::setValue(const Value& value) { switch_->setChecked(std::get_if<bool>(&value) && std::get<bool>(value)); }
QWidget* ToggleEditor::main() { return switch_; }

// ---- choice ----

ChoiceEditor::ChoiceEditor(QWidget* parent)
    : Editor(parent), pills_(new Segmented(Segmented::Look::pills, this)), list_(new QComboBox(this)) {
  QHBoxLayout* row = rowIn(this);
  row->addWidget(pills_, 1);
  row->addWidget(list_, 1);
  list_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  list_->setMinimumContentsLength(6);
  list_->setMaxVisibleItems(16);
  list_->setFocusPolicy(Qt::StrongFocus);
  const auto choose = [this](int index) {
    if (index < 0 || index >= static_cast<int>(choices_.size())) return;
    Q_EMIT changed(choices_[static_cast<std::size_t>(index)]);
    Q_EMIT gestureEnded();
  };
  connect(pills_, &Segmented::chosen, this, choose);
  connect(list_, &QComboBox::activated, this, choose);
}

void ChoiceEditor::setSpec(const ControlSpec& spec) {
  if (spec.choices == choices_ && !choices_.empty()) return;
  choices_ = spec.choices;
  QStringList labels;
  int letters = 0;
  for (const auto& choice : choices_) labels << QString::fromStdString(choice), letters += static_cast<int>(labels.back().size());
  const bool few = labels.size() <= 3 && letters <= 22;
  pills_->setVisible(few);
  list_->setVisible(!few);
  pills_->setItems(few ? labels : QStringList());
  list_->clear();
  list_->addItems(labels);
}

void ChoiceEditor::setValue(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  const auto found = text ? std::find(choices_.begin(), choices_.end(), *text) : choices_.end();
  const int index = found == choices_.end() ? -1 : static_cast<int>(found - choices_.begin());
  if (index >= 0) pills_->setCurrent(index);
  list_->setCurrentIndex(index);
}

QWidget* ChoiceEditor::main() { return pills_->isVisibleTo(this) ? static_cast<QWidget*>(pills_) : list_; }

// ---- seed ----

SeedEditor::SeedEditor(QWidget* parent) : Editor(parent), field_(new NumberField(this)) {
  QHBoxLayout* row = rowIn(this);
  row->setSpacing(2);
  field_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  field_->setRange(0.0, 4294967295.0, 1.0);
  field_->setWhole(true);
  row->addWidget(field_, 1);
  const auto button = [&](const char* icon_name, const QString& name, auto action) {
    QToolButton* made = makeIconButton(QLatin1String(icon_name), name, {}, this);
    connect(made, &QToolButton::clicked, this, action);
    row->addWidget(made);
  };
  button("minus", tr("Previous seed"), [this] { change(value_ - 1); });
  button("plus", tr("Next seed"), [this] { change(value_ + 1); });
  button("dice", tr("Random seed"), [this] { change(static_cast<std::int64_t>(QRandomGenerator::global()->bounded(0, 100000))); });
  connect(field_, &NumberField::valueChanged, this, [this](double value) {
    value_ = static_cast<std::int64_t>(value);
    Q_EMIT changed(value_);
  });
  connect(field_, &NumberField::gestureEnded, this, &Editor::gestureEnded);
}

void SeedEditor::setSpec(const ControlSpec& spec) {
  field_->setRange(std::max(0.0, spec.min), spec.max > 1.0 ? spec.max : 4294967295.0, 1.0);
}

void SeedEditor::change(std::int64_t value) {
  value_ = std::max<std::int64_t>(0, value);
  field_->setValue(static_cast<double>(value_));
  Q_EMIT changed(value_);
  Q_EMIT gestureEnded();
}

void SeedEditor::setValue(const Value& value) {
  value_ = static_cast<std::int64_t>(numberOf(value));
  field_->setValue(static_cast<double>(value_));
}

QWidget* SeedEditor::main() { return field_; }

// ---- text ----

TextEditor::TextEditor(QWidget* parent) : Editor(parent), line_(new QLineEdit(this)), rest_(new QTimer(this)) {
  rowIn(this)->addWidget(line_);
  rest_->setSingleShot(true);
  rest_->setInterval(300);
  connect(line_, &QLineEdit::textEdited, rest_, qOverload<>(&QTimer::start));
  connect(rest_, &QTimer::timeout, this, &TextEditor::commit);
  connect(line_, &QLineEdit::editingFinished, this, [this] {
    commit();
    Q_EMIT gestureEnded();
  });
}

void TextEditor::commit() {
  rest_->stop();
  if (!line_->isModified()) return;
  line_->setModified(false);
  Q_EMIT changed(line_->text().toStdString());
}

void TextEditor::setSpec(const ControlSpec& spec) { line_->setPlaceholderText(QString::fromStdString(spec.help)); }

void TextEditor::setValue(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  const QString shown = text ? QString::fromStdString(*text) : QString();
  if (shown != line_->text() && !line_->isModified()) line_->setText(shown);
}

QWidget* TextEditor::main() { return line_; }

}  // namespace orrery::ui
