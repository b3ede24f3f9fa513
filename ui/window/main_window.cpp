#include "ui/window/main_window.h"

#include <QCloseEvent>
#include <QCoreApplication>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QMenu>
#include <QMimeData>
#include <QSettings>
#include <QSplitter>
#include <QStackedWidget>
#include <QStatusBar>
#include <QTimer>
#include <QUrl>
#include <QVBoxLayout>

#include "ui/controls/controls_panel.h"
#include "ui/project/attached.h"
#include "ui/search/search_popup.h"
#include "ui/session/photo_note.h"
#include "ui/session/playback.h"
#include "ui/session/session.h"
#include "ui/stage/clipboard.h"
#include "ui/stage/stage.h"
#include "ui/stage/surface.h"
#include "ui/style/icons.h"
#include "ui/style/theme.h"
#include "ui/tape/tape_desk.h"
#include "ui/widgets/labels.h"
#include "ui/window/banner.h"
#include "ui/window/dock.h"
#include "ui/window/dock_layout.h"
#include "ui/window/sheet_host.h"
#include "ui/window/shortcuts_dialog.h"
#include "ui/window/status_row.h"
#include "ui/window/top_bar.h"
#include "ui/window/verbs.h"

namespace orrery::ui {
namespace {

const QStringList kWorkspaces{"play", "train", "data", "compare"};
constexpr int kLeaveMs = 8000;

Qt::DockWidgetArea areaOf(PanelArea area) {
  return area == PanelArea::left ? Qt::LeftDockWidgetArea : area == PanelArea::bottom ? Qt::BottomDockWidgetArea : Qt::RightDockWidgetArea;
}


}  // namespace

MainWindow::MainWindow(Session& session, Theme& theme, std::vector<PanelSpec> panel_list)
    : session_(session), theme_(theme), panel_list_(std::move(panel_list)) {
  setWindowTitle(QStringLiteral("Orrery"));
  setMinimumSize(1024, 640);
  resize(1440, 900);
  setAcceptDrops(true);
  setDockOptions(AnimatedDocks | AllowTabbedDocks | AllowNestedDocks);
  setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
  // The sides go down to the status line on the right, the bottom panels lie under the stage and the shelf.
  setCorner(Qt::BottomRightCorner, Qt::RightDockWidgetArea);
  setCorner(Qt::BottomLeftCorner, Qt::BottomDockWidgetArea);
  makeCentre();
  makeDocks();
  makeMenu();
  QStringList names{tr("Play"), tr("Train"), tr("Data"), tr("Compare")};
  top_ = new TopBar(names, menu_, this);
  top_->setDevice(QString::fromStdString(session_.studio().device));
  setMenuWidget(top_);
  status_ = new StatusRow(session_, this);
  status_->setViewer(stage_->surfaceDescription());
  auto* bar = new QStatusBar(this);
  bar->setSizeGripEnabled(false);
  bar->setContentsMargins(0, 0, 0, 0);
  bar->addWidget(status_, 1);
  setStatusBar(bar);
  search_ = new SearchPopup(this);
  connect(top_, &TopBar::workspaceChosen, this, [this](int index) { setWorkspace(kWorkspaces[index]); });
  connect(top_, &TopBar::searchWanted, this, &MainWindow::openSearch);
  connect(top_, &TopBar::helpWanted, this, &MainWindow::showShortcuts);
  connectSession();
  const QByteArray geometry = QSettings().value("window/geometry").toByteArray();
  if (!geometry.isEmpty()) restoreGeometry(geometry);
  const QByteArray stored = QSettings().value("layout/play").toByteArray();
  arrange(workspace_);
  if (!stored.isEmpty()) setLayoutState(stored);
  followModel();
  stage_->view()->setFocus();
}

MainWindow::~MainWindow() = default;

void MainWindow::makeCentre() {
  auto* centre = new QWidget(this);
  auto* column = new QVBoxLayout(centre);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  banner_ = new Banner(centre);
  column->addWidget(banner_);
  pages_ = new QStackedWidget(centre);
  column->addWidget(pages_, 1);
  splitter_ = new QSplitter(Qt::Horizontal, pages_);
  splitter_->setChildrenCollapsible(false);
  stage_ = new Stage(session_);
  splitter_->addWidget(stage_);
  pages_->addWidget(splitter_);
  setCentralWidget(centre);
  sheets_ = new SheetHost(session_, pages_);
  connect(stage_, &Stage::exportWanted, this, [this] { session_.openSheet("export"); });
  connect(stage_, &Stage::softwareViewerUsed, this, [this](const QString& why) {
    status_->setViewer(stage_->surfaceDescription());
    banner_->show({ErrorCode::device_lost, tr("OpenGL stopped working.").toStdString(),
                   tr("The software viewer shows the pictures now; nothing was lost.").toStdString(),
                   tr("A restart of the program may bring OpenGL back.").toStdString(), why.toStdString()});
  });
}

void MainWindow::makeDocks() {
  for (const PanelSpec& spec : panel_list_) {
    if (spec.area == PanelArea::sheet) continue;
    QWidget* made = spec.factory(session_);
    panels_made_[spec.id] = made;
    if (spec.area == PanelArea::centre) {
      splitter_->addWidget(made);
      made->hide();
    } else if (spec.area == PanelArea::whole) {
      pages_->addWidget(made);
    } else {
      auto* dock = new Dock(spec, made, this);
      docks_[spec.id] = dock;
      addDockWidget(areaOf(spec.area), dock);
      dock->hide();
    }
  }
}

void MainWindow::makeMenu() {
  menu_ = new QMenu(this);
  std::map<QString, QMenu*> sub_menus;
  for (const Verb& verb : verbs()) {
    const QString title = QCoreApplication::translate("Verbs", verb.menu);
    QMenu*& sub_menu = sub_menus[title];
    if (!sub_menu) sub_menu = menu_->addMenu(title);
    if (verb.starts_group) sub_menu->addSeparator();
    QAction* action = sub_menu->addAction(QCoreApplication::translate("Verbs", verb.text));
    if (!verb.icon.isEmpty()) action->setIcon(icon(verb.icon));
    if (!verb.shortcut.isEmpty()) {
      if (verb.for_stage) {
        // A bare key is no shortcut, or it would act while somebody types: the stage takes it. The menu only shows it.
        action->setText(action->text() + QLatin1Char('\t') + verb.shortcut.toString(QKeySequence::NativeText));
      } else {
        action->setShortcut(verb.shortcut);
        addAction(action);
      }
    }
    connect(action, &QAction::triggered, this, [this, run = verb.run] { run(*this); });
    actions_[verb.id] = action;
  }
  panels_menu_ = new QMenu(tr("Panels"), menu_);
  for (const PanelSpec& spec : panel_list_) {
    if (docks_.contains(spec.id)) {
      QAction* toggle = docks_[spec.id]->toggleViewAction();
      toggle->setIcon(icon(spec.icon));
      connect(toggle, &QAction::triggered, this, [this, id = spec.id](bool on) {
        resting_.erase(id);
        if (on) asked_for_.insert(id);
      });
      panels_menu_->addAction(toggle);
    }
  }
  const auto actions = menu_->actions();
  menu_->insertMenu(actions.isEmpty() ? nullptr : actions.last(), panels_menu_);

  const auto follow = [this] {
    QUndoStack& undo = session_.undo();
    actions_["undo"]->setEnabled(undo.canUndo());
    actions_["redo"]->setEnabled(undo.canRedo());
    actions_["undo"]->setText(undo.undoText().isEmpty() ? tr("Undo") : tr("Undo: %1").arg(undo.undoText()));
    actions_["redo"]->setText(undo.redoText().isEmpty() ? tr("Redo") : tr("Redo: %1").arg(undo.redoText()));
  };
  connect(&session_.undo(), &QUndoStack::indexChanged, this, follow);
  follow();
}

void MainWindow::connectSession() {
  attached<KeptNotes>(session_);
  connect(&session_, &Session::problem, banner_, &Banner::show);
  connect(&session_, &Session::photoUsed, this, [this](const QString& path) {
    const ModelInfo* model = session_.model();
    const QString size = model ? resizeNote(path, {model->width_px, model->height_px}) : QString();
    const ControlSpec* photo = session_.firstOfKind(ControlKind::photo);
    const QString next = photo && session_.spec(photo->id + ".strength") ? tr("Strength says how much of it is made anew; B paints a mask.") : tr("It stays as it is; B paints what is made anew.");
    banner_->ask(tr("%1 is the photo now.").arg(QFileInfo(path).fileName()), size.isEmpty() ? next : size + QLatin1Char(' ') + next, {{tr("Make a data set of it instead"), [this, path, step = session_.undo().index()] {
                    if (session_.undo().index() == step) session_.undo().undo();
                    session_.openSheet(QStringLiteral("import"), {path});
                  }}});
  });
  connect(&session_, &Session::sheetRequested, this, &MainWindow::openSheet);
  connect(&session_, &Session::sheetClosed, sheets_, &SheetHost::close);
  connect(&session_, &Session::workspaceRequested, this, &MainWindow::setWorkspace);
  connect(&session_, &Session::controlWanted, this, &MainWindow::revealControl);
  connect(&session_, &Session::viewModelChanged, this, &MainWindow::followModel);
  connect(&session_, &Session::viewsChanged, this, &MainWindow::followModel);
  if (session_.request().model.empty())
    stage_->core().setHint(tr("Drag on the picture to walk; drop a folder, film, font or model to begin."));
}

void MainWindow::followModel() {
  const ModelInfo* model = session_.model();
  if (model) theme_.setAccent(model->kind);
  if (picture_only_) return;  // the layout comes back with the docks
  for (const PanelSpec& spec : panel_list_) {
    Dock* dock = this->dock(spec.id);
    if (!spec.wanted || !dock) continue;
    if (spec.wanted(session_)) asked_for_.erase(spec.id);
    if (rests(spec) != resting_.contains(spec.id) && (resting_.contains(spec.id) || !dock->isHidden())) return setLayoutState(layoutState());
  }
}

bool MainWindow::rests(const PanelSpec& spec) const { return spec.wanted && !asked_for_.contains(spec.id) && !spec.wanted(session_); }

void MainWindow::layOutDocks(DockLayout layout) {
  resting_.clear();
  for (DockPlace& place : layout) {
    const PanelSpec* spec = panelSpec(place.id);
    if (!spec || !place.shown || !rests(*spec)) continue;
    resting_.insert(place.id);
    place.shown = false;
  }
  applyLayout(*this, docks_, layout);
}

const PanelSpec* MainWindow::panelSpec(const QString& id) const {
  for (const PanelSpec& spec : panel_list_) {
    if (spec.id == id) return &spec;
  }
  return nullptr;
}

QWidget* MainWindow::panel(const QString& id) const {
  const auto found = panels_made_.find(id);
  return found != panels_made_.end() ? found->second : sheets_->sheet(id);
}

Dock* MainWindow::dock(const QString& id) const {
  const auto found = docks_.find(id);
  return found == docks_.end() ? nullptr : found->second;
}

QAction* MainWindow::action(const QString& verb) const {
  const auto found = actions_.find(verb);
  return found == actions_.end() ? nullptr : found->second;
}

void MainWindow::openSheet(const QString& id, const QStringList& arguments) {
  if (const PanelSpec* spec = panelSpec(id); spec && spec->area == PanelArea::sheet) return sheets_->open(*spec, arguments);
  if (panelSpec(id)) return showPanel(id);
}

// ---- keys, drops, closing ----

void MainWindow::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Escape) {
    if (sheets_->isOpen()) return sheets_->close();
    if (pages_->currentWidget() == splitter_ && attached<TapeDesk>(session_).scrubbing()) return attached<TapeDesk>(session_).live();
    if (picture_only_) return togglePictureOnly();
    if (isFullScreen()) return toggleFullScreen();
  }
  if (pages_->currentWidget() == splitter_ && stage_->handleKey(*event)) return;
  QMainWindow::keyPressEvent(event);
}

namespace {

QStringList localPaths(const QMimeData& mime) {
  QStringList paths;
  for (const QUrl& url : mime.urls()) {
    if (url.isLocalFile()) paths << url.toLocalFile();
  }
  return paths;
}

}  // namespace

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  if (localPaths(*event->mimeData()).isEmpty() && !event->mimeData()->hasFormat(QLatin1String(kRequestMime))) return;
  event->acceptProposedAction();
  stage_->core().setNotice(tr("Drop to open or import"));
}

void MainWindow::dragMoveEvent(QDragMoveEvent* event) { event->acceptProposedAction(); }  // what could be entered can be dropped anywhere

void MainWindow::dragLeaveEvent(QDragLeaveEvent*) { stage_->core().setNotice({}); }

void MainWindow::dropEvent(QDropEvent* event) {
  stage_->core().setNotice({});
  event->acceptProposedAction();
  if (event->mimeData()->hasFormat(QLatin1String(kRequestMime))) {
    stage_->paste(*event->mimeData());
    return;
  }
  const QStringList paths = localPaths(*event->mimeData());
  if (paths.isEmpty()) return session_.say(tr("The other program gave nothing that can be opened."));
  session_.openPaths(paths);
}

void MainWindow::stopTrainingAndClose() {
  for (const JobId id : session_.trainingHere()) session_.say(id, JobVerb::stop_and_save);
  const auto look = [this] {
    if (!session_.trainingHere().empty() || quitting_) return;
    quitting_ = true;
    QMetaObject::invokeMethod(this, &QWidget::close, Qt::QueuedConnection);
  };
  connect(&session_, &Session::jobChanged, this, look);
  look();
}

void MainWindow::leave() {
  stopTrainingAndClose();
  // Who asked (the system, at a shutdown) does not wait for ever; the last checkpoint is whole whatever happens now.
  QTimer::singleShot(kLeaveMs, this, [this] {
    quitting_ = true;
    close();
  });
}

void MainWindow::closeEvent(QCloseEvent* event) {
  if (!session_.trainingHere().empty() && !quitting_) {
    event->ignore();
    banner_->ask(tr("A training run is at work."), tr("Stopped and saved, it goes on later where it was."),
                 {{tr("Stop, save and quit"), [this] { stopTrainingAndClose(); }, true}, {tr("Quit without saving"), [this] {
                     for (const JobId id : session_.trainingHere()) session_.say(id, JobVerb::stop_without_saving);
                     quitting_ = true;
                     close();
                   }}});
    return;
  }
  if (picture_only_) togglePictureOnly();
  QSettings settings;
  settings.setValue("window/geometry", saveGeometry());
  layouts_[workspace_] = layoutState();
  for (const auto& [workspace, state] : layouts_) settings.setValue("layout/" + workspace, state);
  Q_EMIT closing();
  event->accept();
}

void MainWindow::resizeEvent(QResizeEvent* event) { QMainWindow::resizeEvent(event); }

// ---- workspaces ----

void MainWindow::showCentre() {
  QWidget* page = splitter_;
  bool beside = false;
  for (const PanelSpec& spec : panel_list_) {
    const bool here = spec.workspaces.contains(workspace_);
    if (spec.area == PanelArea::whole && here) page = panels_made_[spec.id];
    if (spec.area == PanelArea::centre) {
      panels_made_[spec.id]->setVisible(here);
      beside = beside || here;
    }
  }
  pages_->setCurrentWidget(page);
  if (!beside) return;
  QList<int> sizes{std::max(200, splitter_->width())};
  for (const PanelSpec& spec : panel_list_) {
    if (spec.area != PanelArea::centre) continue;
    const int wanted = spec.workspaces.contains(workspace_) ? (spec.size_px > 0 ? spec.size_px : splitter_->width() / 2) : 0;
    sizes << wanted;
    sizes[0] = std::max(200, sizes[0] - wanted);
  }
  splitter_->setSizes(sizes);
}

void MainWindow::setWorkspace(const QString& id) {
  if (!kWorkspaces.contains(id) || id == workspace_) return;
  if (picture_only_) togglePictureOnly();
  layouts_[workspace_] = layoutState();
  const QString before = std::exchange(workspace_, id);
  top_->setWorkspace(static_cast<int>(kWorkspaces.indexOf(id)));
  if (id == "compare") {
    views_before_compare_ = session_.viewCount();
    if (session_.viewCount() < 2) session_.setViewCount(2);
    session_.setLinked(true);
  } else if (before == "compare") {
    session_.setStageMode(StageMode::pictures);
    session_.setLinked(false);
    session_.setViewCount(views_before_compare_);
  }
  QByteArray stored = layouts_.contains(id) ? layouts_[id] : QSettings().value("layout/" + id).toByteArray();
  showCentre();
  setLayoutState(stored);  // the default where none was kept
  Q_EMIT workspaceChanged(id);
}

void MainWindow::arrange(const QString& workspace) {
  showCentre();
  layOutDocks(defaultLayout(panel_list_, workspace));
}

QByteArray MainWindow::layoutState() const {
  DockLayout layout = layoutOf(*this, docks_, defaultLayout(panel_list_, workspace_));
  for (DockPlace& place : layout) place.shown = place.shown || resting_.contains(place.id);
  return layoutBytes(layout);
}

void MainWindow::setLayoutState(const QByteArray& state) {
  if (const auto layout = layoutFrom(state)) return layOutDocks(*layout);
  arrange(workspace_);
}

void MainWindow::resetLayout() {
  layouts_.clear();
  for (const QString& workspace : kWorkspaces) QSettings().remove("layout/" + workspace);
  arrange(workspace_);
  session_.say(tr("The layout is as it was at first."));
}

void MainWindow::showPanel(const QString& id) {
  const PanelSpec* spec = panelSpec(id);
  if (!spec) return;
  if (spec->area == PanelArea::sheet) return sheets_->open(*spec, {});
  if (Dock* wanted = dock(id)) {
    resting_.erase(id);
    asked_for_.insert(id);
    wanted->show();
    if (dockWidgetArea(wanted) == Qt::NoDockWidgetArea && !wanted->isFloating()) addDockWidget(areaOf(spec->area), wanted);
    wanted->raise();
    return;
  }
  if (!spec->workspaces.isEmpty() && !spec->workspaces.contains(workspace_)) setWorkspace(spec->workspaces.first());
}

void MainWindow::revealControl(const QString& id) {
  showPanel("controls");
  auto* controls = qobject_cast<ControlsPanel*>(panel("controls"));
  if (!controls) return;
  // A dock that was hidden until now has no geometry to scroll in before the next turn of the loop.
  QMetaObject::invokeMethod(
      controls, [controls, id] { controls->reveal(id.toStdString()); }, Qt::QueuedConnection);
}

}  // namespace orrery::ui
