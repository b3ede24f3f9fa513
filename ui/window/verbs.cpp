#include "ui/window/verbs.h"

#include <QApplication>
#include <QClipboard>
#include <QCoreApplication>
#include <QFileDialog>
#include <QKeyEvent>

#include "ui/project/attached.h"
#include "ui/project/project_keeper.h"
#include "ui/session/session.h"
#include "ui/stage/stage.h"
#include "ui/tape/tape_desk.h"
#include "ui/window/main_window.h"

namespace orrery::ui {
namespace {

std::function<void(MainWindow&)> stageKey(Qt::Key key, Qt::KeyboardModifiers modifiers = {}) {
  return [key, modifiers](MainWindow& window) {
    const QKeyEvent press(QEvent::KeyPress, key, modifiers);
    window.stage().handleKey(press);
  };
}

void openFiles(MainWindow& window) {
  const QStringList paths = QFileDialog::getOpenFileNames(
      &window, QCoreApplication::translate("Verbs", "Open a model, dataset, exported picture or film, or project"));
  if (!paths.isEmpty()) window.session().openPaths(paths);
}

void openFolder(MainWindow& window) {
  const QString path =
      QFileDialog::getExistingDirectory(&window, QCoreApplication::translate("Verbs", "Open a folder of pictures or a run"));
  if (!path.isEmpty()) window.session().openPath(path);
}

void paste(MainWindow& window) {
  const QMimeData* mime = QApplication::clipboard()->mimeData();
  if (!mime || !window.stage().paste(*mime))
    window.session().say(QCoreApplication::translate("Verbs", "There is nothing on the clipboard that Orrery can open."));
}

}  // namespace

const std::vector<Verb>& verbs() {
  static const char* const kProject = QT_TRANSLATE_NOOP("Verbs", "Project");
  static const char* const kEdit = QT_TRANSLATE_NOOP("Verbs", "Edit");
  static const char* const kPlay = QT_TRANSLATE_NOOP("Verbs", "Play");
  static const char* const kView = QT_TRANSLATE_NOOP("Verbs", "View");
  static const char* const kHelp = QT_TRANSLATE_NOOP("Verbs", "Help");
  static const std::vector<Verb> list{
      {"open", kProject, QT_TRANSLATE_NOOP("Verbs", "Open..."), "file", QKeySequence::Open, openFiles},
      {"open-folder", kProject, QT_TRANSLATE_NOOP("Verbs", "Open a folder..."), "folder", QKeySequence("Ctrl+Shift+O"), openFolder},
      {"save", kProject, QT_TRANSLATE_NOOP("Verbs", "Save project"), "save", QKeySequence::Save,
       [](MainWindow& w) { attached<ProjectKeeper>(w.session()).save(); }},
      {"projects", kProject, QT_TRANSLATE_NOOP("Verbs", "Projects..."), "clock", QKeySequence("Ctrl+Shift+S"),
       [](MainWindow& w) { w.session().openSheet("projects"); }},
      {"new-run", kProject, QT_TRANSLATE_NOOP("Verbs", "New run..."), "train", QKeySequence::New,
       [](MainWindow& w) { w.session().openSheet("catalogue"); }, false, true},
      {"import", kProject, QT_TRANSLATE_NOOP("Verbs", "Import pictures..."), "import", QKeySequence("Ctrl+I"),
       [](MainWindow& w) { w.session().openSheet("import"); }},
      {"export", kProject, QT_TRANSLATE_NOOP("Verbs", "Export..."), "export", QKeySequence("Ctrl+E"),
       [](MainWindow& w) { w.session().openSheet("export"); }},
      {"quit", kProject, QT_TRANSLATE_NOOP("Verbs", "Quit"), "", QKeySequence("Ctrl+Q"), [](MainWindow& w) { w.close(); }, false, true},

      {"undo", kEdit, QT_TRANSLATE_NOOP("Verbs", "Undo"), "undo", QKeySequence("Ctrl+Z"), [](MainWindow& w) { w.session().undo().undo(); }},
      {"redo", kEdit, QT_TRANSLATE_NOOP("Verbs", "Redo"), "redo", QKeySequence("Ctrl+Shift+Z"),
       [](MainWindow& w) { w.session().undo().redo(); }},
      {"copy", kEdit, QT_TRANSLATE_NOOP("Verbs", "Copy picture with its recipe"), "copy", QKeySequence::Copy,
       [](MainWindow& w) { w.stage().copyPicture(); }, false, true},
      {"paste", kEdit, QT_TRANSLATE_NOOP("Verbs", "Paste a view or files"), "", QKeySequence::Paste, paste},
      {"reset-all", kEdit, QT_TRANSLATE_NOOP("Verbs", "Reset every control"), "reset", QKeySequence("Ctrl+Backspace"),
       [](MainWindow& w) { w.session().resetAll(); }, false, true},

      {"play", kPlay, QT_TRANSLATE_NOOP("Verbs", "Play the path"), "play", Qt::Key_Space, stageKey(Qt::Key_Space), true},
      {"random", kPlay, QT_TRANSLATE_NOOP("Verbs", "Random seed"), "dice", Qt::Key_R, stageKey(Qt::Key_R), true},
      {"drift", kPlay, QT_TRANSLATE_NOOP("Verbs", "Wander slowly"), "walk", QKeySequence("Ctrl+D"), [](MainWindow& w) { w.toggleDrift(); }},
      {"tape-back", kPlay, QT_TRANSLATE_NOOP("Verbs", "One step of the tape back"), "tape", Qt::Key_Comma, stageKey(Qt::Key_Comma), true, true},
      {"tape-on", kPlay, QT_TRANSLATE_NOOP("Verbs", "One step of the tape on"), "", Qt::Key_Period, stageKey(Qt::Key_Period), true},
      {"tape-live", kPlay, QT_TRANSLATE_NOOP("Verbs", "Back to the finished picture"), "", Qt::Key_End, stageKey(Qt::Key_End), true},
      {"tape-branch", kPlay, QT_TRANSLATE_NOOP("Verbs", "Branch off the tape here"), "branch", QKeySequence("Shift+B"),
       [](MainWindow& w) { attached<TapeDesk>(w.session()).branch(); }, true},
      {"slower", kPlay, QT_TRANSLATE_NOOP("Verbs", "Walk slower"), "", Qt::Key_BracketLeft, stageKey(Qt::Key_BracketLeft), true, true},
      {"faster", kPlay, QT_TRANSLATE_NOOP("Verbs", "Walk faster"), "", Qt::Key_BracketRight, stageKey(Qt::Key_BracketRight), true},

      {"fit", kView, QT_TRANSLATE_NOOP("Verbs", "Fit"), "fit", Qt::Key_F, stageKey(Qt::Key_F), true},
      {"one-to-one", kView, QT_TRANSLATE_NOOP("Verbs", "One to one"), "one-to-one", Qt::Key_Z, stageKey(Qt::Key_Z), true},
      {"smooth", kView, QT_TRANSLATE_NOOP("Verbs", "Smooth pixels"), "smooth", Qt::Key_S, stageKey(Qt::Key_S), true},
      {"hud", kView, QT_TRANSLATE_NOOP("Verbs", "Show seed and time on the picture"), "hud", Qt::Key_H, stageKey(Qt::Key_H), true},
      {"lens", kView, QT_TRANSLATE_NOOP("Verbs", "Lens"), "zoom-in", Qt::Key_L, stageKey(Qt::Key_L), true},
      {"brush", kView, QT_TRANSLATE_NOOP("Verbs", "Paint a mask on the picture"), "brush", Qt::Key_B, stageKey(Qt::Key_B), true},
      {"grid", kView, QT_TRANSLATE_NOOP("Verbs", "Grid of seeds"), "data", Qt::Key_G, stageKey(Qt::Key_G), true, true},
      {"wipe", kView, QT_TRANSLATE_NOOP("Verbs", "Wipe between A and B"), "wipe", Qt::Key_W, stageKey(Qt::Key_W), true},
      {"difference", kView, QT_TRANSLATE_NOOP("Verbs", "Difference of A and B"), "difference", Qt::Key_D, stageKey(Qt::Key_D), true},
      {"spectrum", kView, QT_TRANSLATE_NOOP("Verbs", "Spectrum of the picture"), "spectrum", Qt::Key_P, stageKey(Qt::Key_P), true},
      {"space", kView, QT_TRANSLATE_NOOP("Verbs", "Plane of points"), "space", Qt::Key_X, stageKey(Qt::Key_X), true},
      {"race", kView, QT_TRANSLATE_NOOP("Verbs", "Race of samplers"), "race", Qt::Key_C, stageKey(Qt::Key_C), true},
      {"views-1", kView, QT_TRANSLATE_NOOP("Verbs", "One view"), "view-1", QKeySequence("Alt+1"),
       [](MainWindow& w) { w.session().setViewCount(1); }, false, true},
      {"views-2", kView, QT_TRANSLATE_NOOP("Verbs", "Two views"), "view-2", QKeySequence("Alt+2"),
       [](MainWindow& w) { w.session().setViewCount(2); }},
      {"views-4", kView, QT_TRANSLATE_NOOP("Verbs", "Four views"), "view-4", QKeySequence("Alt+4"),
       [](MainWindow& w) { w.session().setViewCount(4); }},
      {"workspace-play", kView, QT_TRANSLATE_NOOP("Verbs", "Workspace: Play"), "play", QKeySequence("F1"),
       [](MainWindow& w) { w.setWorkspace("play"); }, false, true},
      {"workspace-train", kView, QT_TRANSLATE_NOOP("Verbs", "Workspace: Train"), "train", QKeySequence("F2"),
       [](MainWindow& w) { w.setWorkspace("train"); }},
      {"workspace-data", kView, QT_TRANSLATE_NOOP("Verbs", "Workspace: Data"), "data", QKeySequence("F3"),
       [](MainWindow& w) { w.setWorkspace("data"); }},
      {"workspace-compare", kView, QT_TRANSLATE_NOOP("Verbs", "Workspace: Compare"), "compare", QKeySequence("F4"),
       [](MainWindow& w) { w.setWorkspace("compare"); }},
      {"full-screen", kView, QT_TRANSLATE_NOOP("Verbs", "Full screen"), "", QKeySequence("F11"),
       [](MainWindow& w) { w.toggleFullScreen(); }, false, true},
      {"picture-only", kView, QT_TRANSLATE_NOOP("Verbs", "Picture only"), "stage", QKeySequence("F12"),
       [](MainWindow& w) { w.togglePictureOnly(); }},
      {"reset-layout", kView, QT_TRANSLATE_NOOP("Verbs", "Reset layout"), "", {}, [](MainWindow& w) { w.resetLayout(); }},

      {"search", kHelp, QT_TRANSLATE_NOOP("Verbs", "Search anything"), "search", QKeySequence("Ctrl+K"),
       [](MainWindow& w) { w.openSearch(); }},
      {"shortcuts", kHelp, QT_TRANSLATE_NOOP("Verbs", "Keys"), "keyboard", QKeySequence("Ctrl+/"),
       [](MainWindow& w) { w.showShortcuts(); }},
      {"theme", kHelp, QT_TRANSLATE_NOOP("Verbs", "Switch between dark and light"), "sun", QKeySequence("Ctrl+Shift+L"),
       [](MainWindow& w) { w.toggleTheme(); }, false, true},
      {"reduce-motion", kHelp, QT_TRANSLATE_NOOP("Verbs", "Reduce motion"), "", {}, [](MainWindow& w) { w.toggleReduceMotion(); }},
      {"about", kHelp, QT_TRANSLATE_NOOP("Verbs", "About Orrery"), "orrery", {}, [](MainWindow& w) { w.showAbout(); }, false, true},
  };
  return list;
}

}  // namespace orrery::ui
