// What the window can do, by name: one line each in verbs.cpp. The menu, the shortcuts, the list of shortcuts and the search (Ctrl+K) are
// all made from this list.
#pragma once

#include <QKeySequence>
#include <QString>
#include <functional>
#include <vector>

namespace orrery::ui {

class MainWindow;

struct Verb {
  QString id;        // "export"
  const char* menu;  // QT_TRANSLATE_NOOP("Verbs", "Project"): the sub-menu, in the order of first use
  const char* text;  // QT_TRANSLATE_NOOP("Verbs", "Export...")
  QString icon;
  QKeySequence shortcut;  // a real shortcut, or (for_stage) a key that acts while nobody types
  std::function<void(MainWindow&)> run;
  bool for_stage = false;     // a bare key: the stage handles it
  bool starts_group = false;  // a line above it in the menu
};

const std::vector<Verb>& verbs();

}  // namespace orrery::ui
