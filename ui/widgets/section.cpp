#include "ui/widgets/section.h"

#include <QAbstractButton>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QPainter>
#include <QSettings>

#include "ui/style/colors.h"
#include "ui/style/icons.h"

namespace orrery::ui {

class SectionHeader : public QAbstractButton {
 public:
  explicit SectionHeader(QWidget* parent) : QAbstractButton(parent) {
    setCheckable(true);
    setFocusPolicy(Qt::TabFocus);
    setFixedHeight(28);
    setCursor(Qt::PointingHandCursor);
    layout_ = new QHBoxLayout(this);
    layout_->setContentsMargins(0, 0, 0, 0);
    layout_->setSpacing(4);
    layout_->addStretch();
  }
  void setNote(const QString& note) {
    note_ = note;
    update();
  }
  QHBoxLayout* layout_;

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    const Colors& colors = colorsOf(palette());
    const bool strong = underMouse() || hasFocus();
    paintIcon(painter, isChecked() ? QStringLiteral("chevron-right") : QStringLiteral("chevron-down"),
              QRectF(0, height() / 2.0 - 6, 12, 12), strong ? colors.text : colors.dim);
    painter.setPen(hasFocus() ? palette().color(QPalette::Highlight) : strong ? colors.text : colors.dim);
    painter.drawText(rect().adjusted(18, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, text());
    painter.setPen(colors.dim);
    if (!note_.isEmpty())
      painter.drawText(rect().adjusted(18 + fontMetrics().horizontalAdvance(text()) + 12, 0, -2, 0), Qt::AlignVCenter | Qt::AlignRight,
                       note_);
  }
  void enterEvent(QEnterEvent*) override { update(); }
  void leaveEvent(QEvent*) override { update(); }
  void keyPressEvent(QKeyEvent* event) override;

 private:
  QString note_;
};

void SectionHeader::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) return click();
  if (event->key() == Qt::Key_Left && !isChecked()) return click();
  if (event->key() == Qt::Key_Right && isChecked()) return click();
  QAbstractButton::keyPressEvent(event);
}

Section::Section(const QString& title, const QString& id, QWidget* parent) : QWidget(parent), id_(id) {
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(0, 0, 0, 0);
  outer->setSpacing(0);
  header_ = new SectionHeader(this);
  content_ = new QWidget(this);
  body_ = new QVBoxLayout(content_);
  body_->setContentsMargins(0, 2, 0, 10);
  body_->setSpacing(4);
  outer->addWidget(header_);
  outer->addWidget(content_);
  setTitle(title);
  connect(header_, &QAbstractButton::toggled, this, &Section::setFolded);
  if (!id_.isEmpty()) setFolded(QSettings().value("folded/" + id_, false).toBool());
}

void Section::setTitle(const QString& title) {
  header_->setText(title);
  header_->setAccessibleName(title);
  header_->setToolTip(tr("Fold or unfold"));
}

void Section::setNote(const QString& note) { header_->setNote(note); }

void Section::addHeaderWidget(QWidget* widget) { header_->layout_->addWidget(widget); }

void Section::setFolded(bool folded) {
  header_->setChecked(folded);
  header_->setAccessibleDescription(folded ? tr("folded") : tr("unfolded"));
  content_->setVisible(!folded);
  if (folded == folded_) return;
  folded_ = folded;
  if (!id_.isEmpty()) QSettings().setValue("folded/" + id_, folded);
  Q_EMIT foldedChanged(folded);
}

}  // namespace orrery::ui
