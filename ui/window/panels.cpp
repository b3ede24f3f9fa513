#include "ui/window/panels.h"

#include <QCoreApplication>

#include "ui/controls/controls_panel.h"

namespace orrery::ui {

const std::vector<PanelSpec>& panels() {
  static const std::vector<PanelSpec> list{
      {"controls",
       QT_TRANSLATE_NOOP("Panels", "Controls"),
       "controls",
       {"play", "compare"},
       PanelArea::right,
       [](Session& s) { return new ControlsPanel(s); },
       352},
  };
  return list;
}

}  // namespace orrery::ui
