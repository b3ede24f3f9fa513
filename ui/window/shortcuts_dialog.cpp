#include "ui/window/shortcuts_dialog.h"

#include <QCoreApplication>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QScrollArea>
#include <QVBoxLayout>

#include "ui/widgets/labels.h"
#include "ui/window/verbs.h"

namespace orrery::ui {

ShortcutsDialog::ShortcutsDialog(QWidget* parent) : QDialog(parent) {
  setWindowTitle(tr("Keys"));
  resize(860, 620);
  struct Line {
    QString keys, text;
  };
  std::vector<std::pair<QString, std::vector<Line>>> groups{
      {tr("On the picture"),
       {{tr("Drag"), tr("Walk in latent space (Shift fine, Ctrl coarse)")},
        {tr("Arrow keys"), tr("Walk a little (Shift fine, Ctrl a whole seed)")},
        {tr("Wheel"), tr("Zoom at the cursor")},
        {tr("Middle or right drag"), tr("Move the picture")},
        {QStringLiteral("1 – 9"), tr("Go to a stored position")},
        {tr("Shift or Ctrl + 1 – 9"), tr("Store the current view")}}},
      {tr("On a control"),
       {{tr("Double-click"), tr("Reset")},
        {tr("Shift / Ctrl while dragging"), tr("Fine / coarse")},
        {tr("Arrow keys, Page up, Page down"), tr("Step, ten steps")},
        {tr("Home, End, Delete"), tr("Smallest, largest, default")},
        {tr("Wheel"), tr("Step, once it has the focus")}}},
  };
  for (const Verb& verb : verbs()) {
    if (verb.shortcut.isEmpty()) continue;
    const QString menu = QCoreApplication::translate("Verbs", verb.menu);
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& known) { return known.first == menu; });
    if (group == groups.end()) group = groups.insert(groups.end(), {menu, {}});
    group->second.push_back({verb.shortcut.toString(QKeySequence::NativeText), QCoreApplication::translate("Verbs", verb.text)});
  }

  auto* content = new QWidget;
  auto* columns = new QHBoxLayout(content);
  columns->setContentsMargins(16, 8, 16, 16);
  columns->setSpacing(40);
  std::size_t lines = 0;
  for (const auto& group : groups) lines += group.second.size() + 3;
  QVBoxLayout* column = nullptr;
  std::size_t filled = 0;
  for (const auto& [title, list] : groups) {
    if (!column || filled > lines / 2) {
      column = new QVBoxLayout;
      column->setSpacing(4);
      columns->addLayout(column, 1);
      filled = 0;
    }
    QLabel* heading = makeLabel(title, "heading");
    heading->setContentsMargins(0, 12, 0, 2);
    column->addWidget(heading);
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(16);
    grid->setVerticalSpacing(3);
    grid->setColumnStretch(1, 1);
    for (const auto& line : list) {
      const int row = grid->rowCount();
      QLabel* keys = makeLabel(line.keys, "dim");
      keys->setFixedWidth(150);
      keys->setWordWrap(true);
      grid->addWidget(keys, row, 0, Qt::AlignTop);
      grid->addWidget(makeWrappedLabel(line.text), row, 1, Qt::AlignTop);
    }
    column->addLayout(grid);
    filled += list.size() + 3;
  }
  for (int i = 0; i < columns->count(); ++i) static_cast<QVBoxLayout*>(columns->itemAt(i)->layout())->addStretch(1);

  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setWidget(content);
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(0, 0, 0, 0);
  outer->addWidget(scroll);
}

}  // namespace orrery::ui
