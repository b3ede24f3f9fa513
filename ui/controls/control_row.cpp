#include "ui/controls/control_row.h"

#include <QHBoxLayout>
#include <QMouseEvent>
#include <QPainter>
#include <QVBoxLayout>
#include <QVariantAnimation>

#include "ui/controls/editor.h"
#include "ui/controls/picture_editor.h"
#include "ui/session/photo_note.h"
#include "ui/session/session.h"
#include "ui/style/colors.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/number_field.h"
#include "ui/widgets/toggle_switch.h"

namespace orrery::ui {
namespace {

constexpr int kNameWidth = 84;

}  // namespace

ControlRow::ControlRow(Session& session, const ControlSpec& spec, QWidget* parent) : QWidget(parent), session_(session), spec_(spec) {
  name_ = new ElidedLabel(QString::fromStdString(spec.label), this);
  editor_ = makeEditor(spec, this);
  dot_ = new SignButton(SignButton::Sign::dot, this);
  key_ = new SignButton(SignButton::Sign::diamond, this);
  QWidget* main = editor_->main();
  const QString label = QString::fromStdString(spec.label);
  main->setAccessibleName(label);
  for (auto* field : editor_->findChildren<NumberField*>()) {
    if (field != main && field->accessibleName().isEmpty()) field->setAccessibleName(tr("%1, number").arg(label));
  }
  name_->setBuddy(main);
  dot_->setAccessibleName(tr("Reset %1").arg(QString::fromStdString(spec.label)));
  key_->setAccessibleName(tr("Key for %1").arg(QString::fromStdString(spec.label)));
  key_->setVisible(spec.animatable);

  auto* row = new QHBoxLayout;
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(3);
  row->addWidget(name_);
  if (editor_->tall()) {
    name_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 2);
    column->setSpacing(0);
    column->addLayout(row);
    column->addWidget(editor_);
  } else {
    name_->setFixedWidth(kNameWidth);
    row->addWidget(editor_, 1);
    setLayout(row);
  }
  row->addWidget(dot_);
  row->addWidget(key_);
  if (!spec.animatable) row->addSpacing(dot_->sizeHint().width() + 3);

  connect(editor_, &Editor::changed, this, [this](const Value& value) {
    shown_ = value;  // what the editor shows now, also before the session's echo
    session_.setControl(spec_.id, value);
  });
  connect(editor_, &Editor::gestureEnded, &session_, &Session::endGesture);
  if (auto* picture = qobject_cast<PictureEditor*>(editor_)) {
    connect(picture, &PictureEditor::fileChosen, this, [this](const QString& path) { session_.usePicture(spec_.id, path); });
    connect(picture, &PictureEditor::brushWanted, &session_, &Session::setBrush);
    const auto follow = [this, picture] { picture->setBrush(session_.brush()); };
    connect(&session_, &Session::brushChanged, picture, follow);
    follow();
  }
  connect(dot_, &QAbstractButton::clicked, this, [this] { session_.resetControl(spec_.id); });
  connect(key_, &QAbstractButton::clicked, this, [this] { session_.toggleKeyframe(spec_.id); });
  setSpec(spec);
  refresh();
}

void ControlRow::setSpec(const ControlSpec& spec) {
  spec_ = spec;
  editor_->setSpec(spec);
  setActs(QString::fromStdString(spec.unavailable));
  has_shown_ = false;
}

void ControlRow::setActs(const QString& reason) {
  reason_ = reason;
  const bool acts = reason.isEmpty();
  editor_->setEnabled(acts);
  name_->setEnabled(acts);
  dot_->setEnabled(acts);
  key_->setEnabled(acts);
  ControlSpec told = spec_;
  told.unavailable = reason.toStdString();
  const QString tip = toolTipOf(told);
  setToolTip(tip);
  editor_->main()->setToolTip(tip);
  editor_->main()->setAccessibleDescription(acts ? QString::fromStdString(spec_.help) : reason);
  dot_->setToolTip(acts ? tr("Back to the default, %1").arg(valueText(spec_, spec_.neutral)) : tip);
}

void ControlRow::refresh() {
  QString reason = QString::fromStdString(spec_.unavailable);
  if (const ControlSpec* photo = reason.isEmpty() ? missingPhoto(session_, spec_) : nullptr)
    reason = tr("Acts with a picture under \"%1\": drop one there first.").arg(QString::fromStdString(photo->label));
  if (reason != reason_) setActs(reason);
  const Value value = session_.value(spec_.id);
  if (!has_shown_ || !(value == shown_)) {
    editor_->setValue(value);
    shown_ = value;
    has_shown_ = true;
  }
  dot_->setLit(reason_.isEmpty() && !session_.isNeutral(spec_.id));
  const bool keyed = session_.isKeyframed(spec_.id), here = keyed && session_.hasKeyframe(spec_.id);
  key_->setLit(keyed);
  key_->setFilled(here);
  key_->setToolTip(here ? tr("Remove the key at the play head") : tr("Set a key at the play head"));
}

bool ControlRow::matches(const QString& words) const {
  const QString all = QStringLiteral("%1 %2 %3 %4")
                          .arg(QString::fromStdString(spec_.label), QString::fromStdString(spec_.section),
                               QString::fromStdString(spec_.help), QString::fromStdString(spec_.id));
  for (const QString& word : words.split(QLatin1Char(' '), Qt::SkipEmptyParts)) {
    if (!all.contains(word, Qt::CaseInsensitive)) return false;
  }
  return true;
}

void ControlRow::highlight() {
  auto* fade = new QVariantAnimation(this);
  fade->setStartValue(1.0);
  fade->setEndValue(0.0);
  fade->setDuration(1200);
  connect(fade, &QVariantAnimation::valueChanged, this, [this](const QVariant& value) {
    glow_ = value.toDouble();
    update();
  });
  fade->start(QAbstractAnimation::DeleteWhenStopped);
  editor_->main()->setFocus(Qt::OtherFocusReason);
}

void ControlRow::mouseDoubleClickEvent(QMouseEvent* event) {
  if (reason_.isEmpty() && event->button() == Qt::LeftButton) session_.resetControl(spec_.id);
}

void ControlRow::paintEvent(QPaintEvent*) {
  if (glow_ <= 0.0) return;
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  QColor accent = palette().color(QPalette::Highlight);
  accent.setAlphaF(static_cast<float>(0.25 * glow_));
  painter.setBrush(accent);
  painter.drawRoundedRect(rect(), 4, 4);
}

}  // namespace orrery::ui
