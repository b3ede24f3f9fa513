// Where the docks of a workspace stand, as a value. Qt's own saveState() is not used: restored in a workspace with other docks it brings back
// those of the workspace before, and it squeezes docks when the middle was wider there.
#pragma once

#include <QByteArray>
#include <QRect>
#include <QString>
#include <QVector>
#include <Qt>
#include <map>
#include <optional>
#include <vector>

#include "ui/window/panels.h"

class QMainWindow;

namespace orrery::ui {

class Dock;

struct DockPlace {
  QString id;
  bool shown = false;
  bool floating = false;
  Qt::DockWidgetArea area = Qt::RightDockWidgetArea;
  int px = 0;      // width at the sides, height below
  int group = -1;  // docks of an area with the same number lie behind each other as tabs
  bool on_top = true;
  QRect floats_at;

  bool operator==(const DockPlace&) const = default;
};
using DockLayout = QVector<DockPlace>;  // within an area from left to right, or from top to bottom

DockLayout defaultLayout(const std::vector<PanelSpec>& panels, const QString& workspace);
// `sizes_from`: sizes of docks that are not laid out yet.
DockLayout layoutOf(const QMainWindow& window, const std::map<QString, Dock*>& docks, const DockLayout& sizes_from);
void applyLayout(QMainWindow& window, const std::map<QString, Dock*>& docks, const DockLayout& layout);

QByteArray layoutBytes(const DockLayout& layout);
std::optional<DockLayout> layoutFrom(const QByteArray& bytes);  // nothing when they are not ours

}  // namespace orrery::ui
