#include "ui/window/panels.h"

#include <QCoreApplication>

namespace orrery::ui {

const std::vector<PanelSpec>& panels() {
  static const std::vector<PanelSpec> list{
      // {"shelf", QT_TRANSLATE_NOOP("Panels", "Shelf"), "shelf", {"play", "compare"}, PanelArea::left, [](Session& s) { return new
      // Shelf(s); }, 232},
  };
  return list;
}

}  // namespace orrery::ui
