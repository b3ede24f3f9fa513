#include "ui/window/panels.h"

#include <QCoreApplication>

#include "ui/catalogue/catalogue_panel.h"
#include "ui/controls/controls_panel.h"
#include "ui/data/data_panel.h"
#include "ui/data/import_form.h"
#include "ui/export/export_panel.h"
#include "ui/project/attached.h"
#include "ui/project/projects_panel.h"
#include "ui/shelf/shelf_panel.h"
#include "ui/tape/tape_panel.h"
#include "ui/tokens/token_desk.h"
#include "ui/tokens/token_panel.h"
#include "ui/timeline/timeline_panel.h"
#include "ui/train/run_form.h"
#include "ui/train/train_panel.h"

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
      {"shelf", QT_TRANSLATE_NOOP("Panels", "Shelf"), "shelf", {"play", "compare", "data"}, PanelArea::left, [](Session& s) { return new ShelfPanel(s); }, 232},
      {"tape", QT_TRANSLATE_NOOP("Panels", "Tape"), "tape", {"play"}, PanelArea::bottom, [](Session& s) { return new TapePanel(s); }, 220,
       [](const Session& s) { return attached<TapeDesk>(const_cast<Session&>(s)).iterates(s.activeView()); }},
      {"tokens", QT_TRANSLATE_NOOP("Panels", "Tokens"), "tokens", {"play"}, PanelArea::right, [](Session& s) { return new TokenPanel(s); }, 352,
       [](const Session& s) { return attached<TokenDesk>(const_cast<Session&>(s)).possible(); }},
      {"timeline", QT_TRANSLATE_NOOP("Panels", "Timeline"), "timeline", {"play"}, PanelArea::bottom, [](Session& s) { return new TimelinePanel(s); }, 220},
      {"train", QT_TRANSLATE_NOOP("Panels", "Run"), "train", {"train"}, PanelArea::centre, [](Session& s) { return new TrainPanel(s); }, 648},
      {"data", QT_TRANSLATE_NOOP("Panels", "Data"), "data", {"data"}, PanelArea::whole, [](Session& s) { return new DataPanel(s); }},
      {"catalogue", QT_TRANSLATE_NOOP("Panels", "Catalogue"), "system", {}, PanelArea::sheet, [](Session& s) { return new CataloguePanel(s); }, 536},
      {"new-run", QT_TRANSLATE_NOOP("Panels", "New run"), "train", {}, PanelArea::sheet, [](Session& s) { return new RunForm(s); }, 460},
      {"import", QT_TRANSLATE_NOOP("Panels", "Import"), "import", {}, PanelArea::sheet, [](Session& s) { return new ImportForm(s); }, 420},
      {"export", QT_TRANSLATE_NOOP("Panels", "Export"), "export", {}, PanelArea::sheet, [](Session& s) { return new ExportPanel(s); }, 420},
      {"projects", QT_TRANSLATE_NOOP("Panels", "Project"), "save", {}, PanelArea::sheet, [](Session& s) { return new ProjectsPanel(s); }, 420},
  };
  return list;
}

}  // namespace orrery::ui
