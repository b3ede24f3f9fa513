// Which panels the window has: one line each in panels.cpp. A panel is any QWidget made with the Session; the window gives it a place.
#pragma once

#include <QString>
#include <QStringList>
#include <functional>
#include <vector>

class QWidget;

namespace orrery::ui {

class Session;

enum class PanelArea {
  left,
  right,
  bottom,  // a dock widget: moves, floats, hides; several in one area of a workspace share it as tabs
  centre,  // beside the stage, divided by a splitter
  whole,   // in the stage's place (the stage is hidden in its workspaces)
  sheet,   // slides in over the right side of the stage at Session::openSheet(id, arguments); the widget may have a slot
           // `void setArguments(const QStringList&)` (Q_INVOKABLE), and leaves by Session::closeSheet() or Escape
};

struct PanelSpec {
  QString id;              // "shelf": stable, kept in saved layouts
  const char* title;       // QT_TRANSLATE_NOOP("Panels", "Shelf")
  QString icon;            // assets/icons/<icon>.svg
  QStringList workspaces;  // where it shows at first: of "play", "train", "data", "compare"; empty: hidden until asked for
  PanelArea area = PanelArea::right;
  std::function<QWidget*(Session&)> factory;
  int size_px = 0;  // preferred width (left, right, sheet, centre) or height (bottom); 0: the widget's own
  // For a dock that has nothing to show for some models: it is not there while this says no, unless a person asks for it.
  std::function<bool(const Session&)> wanted = {};
};

const std::vector<PanelSpec>& panels();

}  // namespace orrery::ui
