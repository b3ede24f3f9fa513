#include "ui/train/preflight_list.h"

#include <QEvent>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>
#include <utility>

#include "ui/style/colors.h"
#include "ui/style/icons.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/tight.h"

namespace orrery::ui {
namespace {

struct Sign {
  const char* icon;
  QString name;
};

Sign signOf(PreflightItem::Level level) {
  switch (level) {
    case PreflightItem::Level::good: return {"check", PreflightList::tr("Good")};
    case PreflightItem::Level::looking: return {"clock", PreflightList::tr("Looking")};
    case PreflightItem::Level::warning: return {"warning", PreflightList::tr("Warning")};
    case PreflightItem::Level::blocks: return {"error", PreflightList::tr("Blocks the start")};
  }
  return {"info", {}};
}

QColor colorOf(PreflightItem::Level level, const Colors& colors) {
  switch (level) {
    case PreflightItem::Level::good: return colors.good;
    case PreflightItem::Level::looking: return colors.dim;
    case PreflightItem::Level::warning: return colors.warning;
    case PreflightItem::Level::blocks: return colors.danger;
  }
  return colors.dim;
}

bool same(const std::vector<PreflightItem>& a, const std::vector<PreflightItem>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](const PreflightItem& x, const PreflightItem& y) {
    return x.level == y.level && x.what == y.what && x.to_do == y.to_do && x.fix == y.fix && x.key == y.key;
  });
}

}  // namespace

PreflightList::PreflightList(QWidget* parent) : QWidget(parent) {
  column_ = tight(new QVBoxLayout(this), 6);
  setAccessibleName(tr("Checks before the start"));
}

// The signs are pictures in colours of the theme.
void PreflightList::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) setItems(std::exchange(shown_, {}));
}

void PreflightList::setItems(const std::vector<PreflightItem>& items) {
  if (same(items, shown_)) return;  // a button under the pointer must not be replaced by its twin
  shown_ = items;
  while (QLayoutItem* item = column_->takeAt(0)) {
    if (QWidget* widget = item->widget()) {
      widget->hide();
      widget->deleteLater();
    }
    delete item;
  }
  const Colors& colors = colorsOf(palette());
  for (const auto& item : items) {
    auto* row = new QWidget;
    auto* line = tight(new QHBoxLayout(row));
    const Sign sign = signOf(item.level);
    auto* mark = new QLabel;
    mark->setPixmap(icon(QString::fromLatin1(sign.icon), colorOf(item.level, colors)).pixmap(16, 16));
    mark->setAccessibleName(sign.name);
    mark->setToolTip(sign.name);
    line->addWidget(mark, 0, Qt::AlignTop);
    auto* text = tight(new QVBoxLayout, 1);
    text->addWidget(makeWrappedLabel(item.what));
    if (!item.to_do.isEmpty()) text->addWidget(makeWrappedLabel(item.to_do, "small"));
    line->addLayout(text, 1);
    if (item.fix != PreflightItem::Fix::none) {
      auto* fix = makeButton(item.fix_label);
      fix->setAccessibleDescription(item.what);
      connect(fix, &QPushButton::clicked, this, [this, item] { Q_EMIT fixWanted(item); });
      line->addWidget(fix, 0, Qt::AlignTop);
    }
    column_->addWidget(row);
  }
}

}  // namespace orrery::ui
