#include "ui/widgets/empty_state.h"

#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/style/colors.h"
#include "ui/style/icons.h"
#include "ui/widgets/labels.h"

namespace orrery::ui {

EmptyState::EmptyState(const QString& icon_name, const QString& sentence, const QString& button, QWidget* parent)
    : QWidget(parent), icon_(icon_name) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(24, 16, 24, 16);
  column->addStretch(1);
  column->addSpacing(48);
  QLabel* label = makeWrappedLabel(sentence, "dim");
  label->setAlignment(Qt::AlignCenter);
  sentence_ = label;
  column->addWidget(label);
  if (!button.isEmpty()) {
    QPushButton* push = makeButton(button, "primary");
    connect(push, &QPushButton::clicked, this, &EmptyState::clicked);
    column->addSpacing(4);
    column->addWidget(push, 0, Qt::AlignCenter);
  }
  column->addStretch(1);
}

void EmptyState::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  paintIcon(painter, icon_, QRectF(width() / 2.0 - 16, sentence_->y() - 44, 32, 32), colorsOf(palette()).faint);
}

}  // namespace orrery::ui
