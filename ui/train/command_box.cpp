#include "ui/train/command_box.h"

#include <QClipboard>
#include <QFontDatabase>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QPlainTextEdit>
#include <QToolButton>

#include "ui/widgets/labels.h"
#include "ui/widgets/tight.h"

namespace orrery::ui {

CommandBox::CommandBox(QWidget* parent) : QWidget(parent) {
  text_ = new QPlainTextEdit;
  text_->setReadOnly(true);
  text_->setTabChangesFocus(true);
  QFont font = QFontDatabase::systemFont(QFontDatabase::FixedFont);
  font.setPixelSize(12);
  text_->setFont(font);
  text_->setMaximumHeight(64);
  text_->setAccessibleName(tr("The same as a command"));
  text_->setToolTip(tr("What to type in a terminal to do the same"));
  auto* copy = makeIconButton(QStringLiteral("copy"), tr("Copy the command"));
  auto* row = tight(new QHBoxLayout(this), 4);
  row->addWidget(text_, 1);
  row->addWidget(copy, 0, Qt::AlignTop);
  connect(copy, &QToolButton::clicked, this, [this] { QGuiApplication::clipboard()->setText(text_->toPlainText()); });
}

void CommandBox::setCommand(const QString& command) {
  if (command != text_->toPlainText()) text_->setPlainText(command);
}

QString CommandBox::command() const { return text_->toPlainText(); }

}  // namespace orrery::ui
