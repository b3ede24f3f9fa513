#include "ui/window/dock_layout.h"

#include <QCoreApplication>
#include <QDataStream>
#include <QIODevice>
#include <QLayout>
#include <QMainWindow>
#include <QTimer>
#include <algorithm>
#include <numeric>

#include "ui/window/dock.h"

namespace orrery::ui {
namespace {

constexpr quint32 kMark = 0x6f72726c;  // "orrl"
constexpr qint32 kVersion = 1;
constexpr qint32 kMostDocks = 256;
constexpr int kTries = 8;
constexpr int kSettle_ms = 12;
constexpr int kSeparators_px = 8;  // left and right of the middle

Qt::DockWidgetArea areaOf(PanelArea area) {
  return area == PanelArea::left ? Qt::LeftDockWidgetArea : area == PanelArea::bottom ? Qt::BottomDockWidgetArea : Qt::RightDockWidgetArea;
}

bool liesFlat(Qt::DockWidgetArea area) { return area == Qt::BottomDockWidgetArea || area == Qt::TopDockWidgetArea; }

void applySizes(QMainWindow& window, const std::map<QString, Dock*>& docks, const DockLayout& layout) {
  QList<QDockWidget*> wide, high;
  QList<int> widths, heights;
  for (const auto& place : layout) {
    const auto found = docks.find(place.id);
    if (found == docks.end() || !place.shown || place.floating || place.px <= 0 || found->second->isHidden()) continue;
    (liesFlat(place.area) ? high : wide) << found->second;
    (liesFlat(place.area) ? heights : widths) << place.px;
  }
  // The middle keeps the size it had where there were no docks, and Qt takes it out of theirs: so the middle is held back meanwhile.
  QWidget* middle = window.centralWidget();
  QCoreApplication::sendPostedEvents(nullptr, QEvent::LayoutRequest);  // what was hidden in it counts no more
  const auto taken = [](const QList<int>& sizes) { return std::accumulate(sizes.begin(), sizes.end(), 0); };
  const int width = window.width() - taken(widths) - kSeparators_px;
  const bool hold = middle && window.isVisible() && !wide.isEmpty() && width >= middle->minimumSizeHint().width();
  if (hold) middle->setMaximumWidth(width);
  if (hold && window.layout()) window.layout()->activate();
  window.resizeDocks(wide, widths, Qt::Horizontal);
  window.resizeDocks(high, heights, Qt::Vertical);
  if (hold) middle->setMaximumWidth(QWIDGETSIZE_MAX);
}

bool hasSizes(const std::map<QString, Dock*>& docks, const DockLayout& layout) {
  return std::all_of(layout.begin(), layout.end(), [&](const DockPlace& place) {
    const auto found = docks.find(place.id);
    if (found == docks.end() || !place.shown || place.floating || place.px <= 0 || found->second->visibleRegion().isEmpty()) return true;
    return (liesFlat(place.area) ? found->second->height() : found->second->width()) == place.px;
  });
}

// Until every widget knows its place the middle may ask for the room of what it showed before: the sizes are said again until they hold, a few
// times at most.
void settle(QMainWindow& window, const std::map<QString, Dock*>& docks, const DockLayout& layout, int tries) {
  QTimer::singleShot(tries == kTries ? 0 : kSettle_ms, &window, [&window, &docks, layout, tries] {
    const bool same = std::all_of(layout.begin(), layout.end(), [&](const DockPlace& place) {
      return !docks.contains(place.id) || docks.at(place.id)->isHidden() != place.shown;
    });
    if (!same || (tries < kTries && hasSizes(docks, layout))) return;
    applySizes(window, docks, layout);
    if (tries > 1) settle(window, docks, layout, tries - 1);
  });
}

}  // namespace

DockLayout defaultLayout(const std::vector<PanelSpec>& panels, const QString& workspace) {
  DockLayout layout;
  std::map<PanelArea, int> first;
  for (const PanelSpec& spec : panels) {
    if (spec.area != PanelArea::left && spec.area != PanelArea::right && spec.area != PanelArea::bottom) continue;
    DockPlace place;
    place.id = spec.id;
    place.shown = spec.workspaces.contains(workspace);
    place.area = areaOf(spec.area);
    place.px = spec.size_px;
    // Beside each other below, behind each other at the sides.
    if (place.shown && !liesFlat(place.area)) {
      place.group = static_cast<int>(spec.area);
      place.on_top = first[spec.area]++ == 0;
    }
    layout << place;
  }
  return layout;
}

DockLayout layoutOf(const QMainWindow& window, const std::map<QString, Dock*>& docks, const DockLayout& sizes_from) {
  DockLayout layout;
  std::map<const QDockWidget*, int> groups;
  int next = 0;
  for (const auto& [id, dock] : docks) {
    DockPlace place;
    place.id = id;
    place.shown = !dock->isHidden();
    place.floating = dock->isFloating();
    place.area = window.dockWidgetArea(dock);
    if (place.floating) place.floats_at = dock->geometry();
    const auto known = std::find_if(sizes_from.begin(), sizes_from.end(), [&](const DockPlace& one) { return one.id == id; });
    if (known != sizes_from.end()) {
      place.px = known->px;
      if (place.area == Qt::NoDockWidgetArea) place.area = known->area;
    }
    const auto tabs = window.tabifiedDockWidgets(dock);
    if (!tabs.isEmpty() && !groups.contains(dock)) {
      groups[dock] = next;
      for (const QDockWidget* other : tabs) groups[other] = next;
      ++next;
    }
    if (groups.contains(dock)) place.group = groups[dock];
    place.on_top = !dock->visibleRegion().isEmpty();
    if (place.shown && !place.floating && window.isVisible() && place.on_top) place.px = liesFlat(place.area) ? dock->height() : dock->width();
    layout << place;
  }
  std::stable_sort(layout.begin(), layout.end(), [&](const DockPlace& a, const DockPlace& b) {
    const QPoint pa = docks.at(a.id)->pos(), pb = docks.at(b.id)->pos();
    if (a.area != b.area) return a.area < b.area;
    return liesFlat(a.area) ? pa.x() < pb.x() : pa.y() < pb.y();
  });
  return layout;
}

void applyLayout(QMainWindow& window, const std::map<QString, Dock*>& docks, const DockLayout& layout) {
  for (const auto& [id, dock] : docks) {
    dock->setFloating(false);
    window.removeDockWidget(dock);
  }
  std::map<std::pair<Qt::DockWidgetArea, int>, Dock*> groups;
  for (const auto& place : layout) {
    const auto found = docks.find(place.id);
    if (found == docks.end()) continue;
    Dock* dock = found->second;
    // Hidden ones have their place too: the menu of panels shows them there.
    window.addDockWidget(place.area, dock, liesFlat(place.area) ? Qt::Horizontal : Qt::Vertical);
    if (place.group >= 0) {
      Dock*& first = groups[{place.area, place.group}];
      if (first) window.tabifyDockWidget(first, dock);
      if (!first) first = dock;
    }
    dock->setVisible(place.shown);
    if (place.floating) {
      dock->setFloating(true);
      if (place.floats_at.isValid()) dock->setGeometry(place.floats_at);
    }
  }
  for (const auto& place : layout) {
    if (place.on_top && place.shown && place.group >= 0 && docks.contains(place.id)) docks.at(place.id)->raise();
  }
  applySizes(window, docks, layout);
  settle(window, docks, layout, kTries);
}

QByteArray layoutBytes(const DockLayout& layout) {
  QByteArray bytes;
  QDataStream stream(&bytes, QIODevice::WriteOnly);
  stream.setVersion(QDataStream::Qt_6_4);
  stream << kMark << kVersion << static_cast<qint32>(layout.size());
  for (const auto& place : layout)
    stream << place.id << place.shown << place.floating << static_cast<qint32>(place.area) << place.px << place.group << place.on_top << place.floats_at;
  return bytes;
}

std::optional<DockLayout> layoutFrom(const QByteArray& bytes) {
  QDataStream stream(bytes);
  stream.setVersion(QDataStream::Qt_6_4);
  quint32 mark = 0;
  qint32 version = 0, count = 0;
  stream >> mark >> version >> count;
  if (mark != kMark || version != kVersion || count < 0 || count > kMostDocks) return std::nullopt;
  DockLayout layout;
  for (qint32 i = 0; i < count; ++i) {
    DockPlace place;
    qint32 area = 0;
    stream >> place.id >> place.shown >> place.floating >> area >> place.px >> place.group >> place.on_top >> place.floats_at;
    if (stream.status() != QDataStream::Ok) return std::nullopt;
    if (area != Qt::LeftDockWidgetArea && area != Qt::RightDockWidgetArea && area != Qt::TopDockWidgetArea && area != Qt::BottomDockWidgetArea) area = Qt::RightDockWidgetArea;
    place.area = static_cast<Qt::DockWidgetArea>(area);
    place.px = std::clamp(place.px, 0, 10000);
    layout << place;
  }
  return layout;
}

}  // namespace orrery::ui
