// The window: top bar, stage, docks, sheets, banner, status line. Panels come from panels.cpp, verbs from verbs.cpp; this only gives
// them their places.
#pragma once

#include <QMainWindow>
#include <map>
#include <set>
#include <vector>

#include "ui/window/dock_layout.h"
#include "ui/window/panels.h"

class QMenu;
class QSplitter;
class QStackedWidget;

namespace orrery::ui {

class Banner;
class ControlsPanel;
class Dock;
class SearchPopup;
class SheetHost;
class ShortcutsDialog;
class Stage;
class StatusRow;
class Theme;
class TopBar;
struct SearchEntry;

class MainWindow : public QMainWindow {
  Q_OBJECT

 public:
  MainWindow(Session& session, Theme& theme, std::vector<PanelSpec> panel_list = panels());
  ~MainWindow() override;

  Session& session() { return session_; }
  Stage& stage() { return *stage_; }
  Theme& theme() { return theme_; }
  StatusRow& status() { return *status_; }
  Banner& banner() { return *banner_; }
  SheetHost& sheets() { return *sheets_; }
  SearchPopup& search() { return *search_; }

  // ---- workspaces and layout ----
  QString workspace() const { return workspace_; }
  void setWorkspace(const QString& id);  // "play", "train", "data", "compare"
  QByteArray layoutState() const;        // of the workspace at hand
  void setLayoutState(const QByteArray& state);
  void resetLayout();
  void showPanel(const QString& id);
  void revealControl(const QString& id);  // of the active view: scrolled to, lit up, with the focus
  QWidget* panel(const QString& id) const;  // the widget its factory made, or null
  Dock* dock(const QString& id) const;

  // Asked to end from outside (SIGTERM, the end of the desktop session): training stops and saves, the session is kept, the window closes;
  // within ten seconds, without a question.
  void leave();

  // ---- what verbs do ----
  void openSearch();
  void showShortcuts();
  void showAbout();
  void toggleTheme();
  void toggleReduceMotion();
  void toggleFullScreen();
  void togglePictureOnly();
  void toggleDrift();
  QAction* action(const QString& verb) const;
  std::vector<SearchEntry> searchEntries();

 Q_SIGNALS:
  void workspaceChanged(const QString& id);
  void closing();  // the last chance to save what is open

 protected:
  void keyPressEvent(QKeyEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dragMoveEvent(QDragMoveEvent* event) override;
  void dragLeaveEvent(QDragLeaveEvent* event) override;
  void dropEvent(QDropEvent* event) override;
  void closeEvent(QCloseEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void makeCentre();
  void makeDocks();
  void makeMenu();
  void connectSession();
  void arrange(const QString& workspace);  // the default layout
  void showCentre();
  void openSheet(const QString& id, const QStringList& arguments);
  void followModel();
  bool rests(const PanelSpec& spec) const;
  void layOutDocks(DockLayout layout);
  void stopTrainingAndClose();
  const PanelSpec* panelSpec(const QString& id) const;

  Session& session_;
  Theme& theme_;
  std::vector<PanelSpec> panel_list_;
  QString workspace_ = "play";
  QMenu* menu_;
  QMenu* panels_menu_;
  TopBar* top_;
  Banner* banner_;
  QStackedWidget* pages_;
  QSplitter* splitter_;
  Stage* stage_;
  StatusRow* status_;
  SheetHost* sheets_;
  SearchPopup* search_;
  ShortcutsDialog* shortcuts_ = nullptr;
  std::map<QString, Dock*> docks_;
  std::map<QString, QWidget*> panels_made_;
  std::set<QString> resting_;    // docks that have nothing to show for the model in view, but belong to the layout
  std::set<QString> asked_for_;  // and those a person opened all the same
  std::map<QString, QAction*> actions_;
  std::map<QString, QByteArray> layouts_;  // of this session, before the settings
  int views_before_compare_ = 1;
  QByteArray before_picture_only_;
  bool picture_only_ = false;
  bool quitting_ = false;
};

}  // namespace orrery::ui
