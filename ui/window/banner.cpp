#include "ui/window/banner.h"

#include <QAccessible>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPlainTextEdit>
#include <QPropertyAnimation>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/style/colors.h"
#include "ui/style/icons.h"
#include "ui/style/theme.h"
#include "ui/widgets/labels.h"

namespace orrery::ui {

Banner::Banner(QWidget* parent) : QWidget(parent) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(44, 8, 8, 8);
  column->setSpacing(4);
  auto* row = new QHBoxLayout;
  row->setSpacing(8);
  auto* texts = new QVBoxLayout;
  texts->setSpacing(2);
  what_ = makeWrappedLabel({});
  rest_ = makeWrappedLabel({}, "dim");
  texts->addWidget(what_);
  texts->addWidget(rest_);
  row->addLayout(texts, 1);
  choices_ = new QHBoxLayout;
  choices_->setSpacing(8);
  row->addLayout(choices_);
  more_ = makeLabel({}, "dim");
  row->addWidget(more_);
  fold_ = makeIconButton(QStringLiteral("chevron-down"), tr("Details"), {}, this);
  fold_->setCheckable(true);
  row->addWidget(fold_);
  auto* close = makeIconButton(QStringLiteral("close"), tr("Dismiss"), {}, this);
  row->addWidget(close);
  column->addLayout(row);
  details_ = new QPlainTextEdit;
  details_->setReadOnly(true);
  details_->setFixedHeight(84);
  details_->setAccessibleName(tr("Details"));
  details_->hide();
  column->addWidget(details_);
  connect(close, &QToolButton::clicked, this, &Banner::dismiss);
  connect(fold_, &QToolButton::toggled, this, [this](bool on) {
    details_->setVisible(on);
    fold_->setIcon(icon(on ? QStringLiteral("chevron-up") : QStringLiteral("chevron-down")));
    fitHeight();
  });
  motion_ = new QPropertyAnimation(this, "maximumHeight", this);
  setMaximumHeight(0);
  setVisible(false);
  connect(motion_, &QPropertyAnimation::finished, this, [this] {
    if (!open_) setVisible(false);
    if (open_) setMaximumHeight(QWIDGETSIZE_MAX);
  });
}

void Banner::show(const JobError& error) {
  for (const auto& known : waiting_) {
    if (known.error == error) return;  // said already
  }
  waiting_.push_back({error, {}});
  if (waiting_.size() == 1)
    next();
  else
    more_->setText(tr("%n more", nullptr, static_cast<int>(waiting_.size()) - 1));
}

void Banner::ask(const QString& question, const QString& detail, std::vector<Choice> choices) {
  if (!waiting_.empty() && !waiting_.front().choices.empty()) waiting_.pop_front();
  waiting_.push_front({JobError{ErrorCode::failed, question.toStdString(), detail.toStdString(), {}, {}}, std::move(choices)});
  next();
}

void Banner::dismiss() {
  if (!waiting_.empty()) waiting_.pop_front();
  waiting_.empty() ? slide(false) : next();
}

QString Banner::text() const { return open_ ? what_->text() : QString(); }

void Banner::next() {
  const Message& message = waiting_.front();
  is_error_ = message.choices.empty();
  what_->setText(QString::fromStdString(message.error.what_happened));
  QStringList rest;
  for (const auto& part : {message.error.what_is_safe, message.error.what_to_do}) {
    if (!part.empty()) rest << QString::fromStdString(part);
  }
  rest_->setText(rest.join(QLatin1Char(' ')));
  rest_->setVisible(!rest.isEmpty());
  details_->setPlainText(QString::fromStdString(message.error.details));
  fold_->setVisible(!message.error.details.empty());
  fold_->setChecked(false);
  more_->setText(waiting_.size() > 1 ? tr("%n more", nullptr, static_cast<int>(waiting_.size()) - 1) : QString());
  while (QLayoutItem* item = choices_->takeAt(0)) {
    if (item->widget()) item->widget()->deleteLater();
    delete item;
  }
  for (const auto& choice : message.choices) {
    QPushButton* button = makeButton(choice.text, choice.primary ? "primary" : "");
    connect(button, &QPushButton::clicked, this, [this, run = choice.run] {
      dismiss();
      run();
    });
    choices_->addWidget(button);
  }
  setAccessibleName(what_->text());
  setAccessibleDescription(rest_->text());
  slide(true);
  QAccessibleEvent alert(this, QAccessible::Alert);
  QAccessible::updateAccessibility(&alert);
  update();
}

void Banner::fitHeight() {
  layout()->activate();
  updateGeometry();
}

void Banner::slide(bool in) {
  open_ = in;
  const int from = isVisible() ? height() : 0;
  if (in) setVisible(true);
  layout()->invalidate();
  const int width_px = width() > 100 ? width() : parentWidget() ? parentWidget()->width() : 600;
  const int to = in ? std::max(layout()->totalHeightForWidth(width_px), layout()->totalMinimumSize().height()) : 0;
  motion_->stop();
  motion_->setDuration(std::max(1, motionMs()));
  motion_->setStartValue(from);
  motion_->setEndValue(to);
  motion_->start();
}

void Banner::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Colors& colors = colorsOf(palette());
  const QColor sign = is_error_ ? colors.danger : palette().color(QPalette::Highlight);
  painter.fillRect(rect(), mixed(colors.panel, sign, 0.10));
  painter.fillRect(QRect(0, 0, 3, height()), sign);
  paintIcon(painter, is_error_ ? QStringLiteral("warning") : QStringLiteral("info"), QRectF(16, 10, 18, 18), sign);
}

}  // namespace orrery::ui
