// What the window's verbs do that is no other object's business.
#include <QAction>
#include <QApplication>
#include <QCoreApplication>
#include <QDialog>
#include <QSettings>
#include <QStatusBar>
#include <QVBoxLayout>
#include <cmath>

#include "ui/controls/editor.h"
#include "ui/search/search_popup.h"
#include "ui/session/playback.h"
#include "ui/session/session.h"
#include "ui/stage/stage.h"
#include "ui/style/theme.h"
#include "ui/widgets/labels.h"
#include "ui/window/dock.h"
#include "ui/window/main_window.h"
#include "ui/window/shortcuts_dialog.h"
#include "ui/window/status_row.h"
#include "ui/window/top_bar.h"
#include "ui/window/verbs.h"

namespace orrery::ui {

void MainWindow::openSearch() {
  session_.noteAction();
  search_->open(top_->searchRect(), searchEntries());
}

std::vector<SearchEntry> MainWindow::searchEntries() {
  std::vector<SearchEntry> entries;
  if (const ModelInfo* model = session_.model()) {
    for (const auto& spec : model->controls) {
      SearchEntry entry;
      entry.title = QString::fromStdString(spec.section) == QString::fromStdString(spec.label)
                        ? QString::fromStdString(spec.label)
                        : QStringLiteral("%1: %2").arg(QString::fromStdString(spec.section), QString::fromStdString(spec.label));
      entry.kind = tr("Control");
      entry.note = spec.unavailable.empty() ? valueText(spec, session_.value(spec.id)) : tr("not here");
      entry.words = QString::fromStdString(spec.help) + QLatin1Char(' ') + QString::fromStdString(spec.id);
      entry.icon = QStringLiteral("controls");
      entry.run = [this, id = QString::fromStdString(spec.id)] { revealControl(id); };
      if (spec.unavailable.empty() &&
          (spec.kind == ControlKind::slider || spec.kind == ControlKind::integer || spec.kind == ControlKind::seed)) {
        entry.set = [this, id = spec.id](double value) {
          session_.endGesture();
          session_.setControl(id, value);
          session_.endGesture();
        };
        const bool whole = spec.kind != ControlKind::slider;
        entry.takes = [whole, low = spec.min, high = spec.max](double value) { return value >= low && value <= high && (!whole || value == std::floor(value)); };
      }
      entries.push_back(std::move(entry));
    }
  }
  for (const auto& model : session_.models()) {
    const SystemInfo* system = session_.findSystem(model.system);
    entries.push_back({QString::fromStdString(model.name), tr("Model"), system ? QString::fromStdString(system->name) : QString(),
                       QString::fromStdString(model.path), "model", [this, id = model.id] { session_.showModel(id); }});
  }
  for (const Verb& verb : verbs()) {
    entries.push_back({QCoreApplication::translate("Verbs", verb.text), tr("Verb"), verb.shortcut.toString(QKeySequence::NativeText),
                       verb.id + QLatin1Char(' ') + QCoreApplication::translate("Verbs", verb.menu),
                       verb.icon.isEmpty() ? QStringLiteral("chevron-right") : verb.icon, [this, run = verb.run] { run(*this); }});
  }
  for (const PanelSpec& spec : panel_list_) {
    entries.push_back({QCoreApplication::translate("Panels", spec.title),
                       tr("Panel"),
                       {},
                       spec.id,
                       spec.icon.isEmpty() ? QStringLiteral("stage") : spec.icon,
                       [this, id = spec.id] { showPanel(id); }});
  }
  for (const auto& system : session_.systems()) {
    entries.push_back({QString::fromStdString(system.name), tr("System"), QString::number(system.year),
                       QString::fromStdString(system.sentence + " " + system.paper + " " + system.authors), "info",
                       [this, id = QString::fromStdString(system.id)] { session_.openSheet("catalogue", {id}); }});
  }
  return entries;
}

void MainWindow::showShortcuts() {
  if (!shortcuts_) shortcuts_ = new ShortcutsDialog(this);
  shortcuts_->show();
  shortcuts_->raise();
  shortcuts_->activateWindow();
}

void MainWindow::showAbout() {
  auto* about = new QDialog(this);
  about->setAttribute(Qt::WA_DeleteOnClose);
  about->setWindowTitle(tr("About Orrery"));
  auto* column = new QVBoxLayout(about);
  column->setContentsMargins(24, 20, 24, 20);
  column->addWidget(makeLabel(QStringLiteral("Orrery %1").arg(QCoreApplication::applicationVersion()), "title"));
  column->addWidget(makeWrappedLabel(
      tr("An instrument for latent space: train the published generative models of vision on your own pictures, and play them.")));
  column->addWidget(makeWrappedLabel(
      tr("Models run on %1. The viewer is %2.").arg(QString::fromStdString(session_.studio().device), stage_->surfaceDescription()),
      "dim"));
  column->addWidget(
      makeWrappedLabel(tr("Sources: Apache License 2.0. This program with its libraries: GNU General Public License, version 3."), "dim"));
  about->resize(420, 10);
  about->show();
}

void MainWindow::toggleTheme() {
  theme_.setChoice(palette().color(QPalette::Window).lightness() < 128 ? ThemeChoice::light : ThemeChoice::dark);
}

void MainWindow::toggleReduceMotion() {
  theme_.setReduceMotion(!theme_.reduceMotion());
  session_.say(theme_.reduceMotion() ? tr("Motion is reduced: nothing slides, glides or wanders.") : tr("Motion is on."));
  if (theme_.reduceMotion()) session_.playback().stopDrift();
}

void MainWindow::toggleFullScreen() { isFullScreen() ? showNormal() : showFullScreen(); }

void MainWindow::togglePictureOnly() {
  picture_only_ = !picture_only_;
  if (picture_only_) {
    before_picture_only_ = layoutState();
    for (const auto& [id, dock] : docks_) dock->hide();
  } else {
    setLayoutState(before_picture_only_);
  }
  top_->setVisible(!picture_only_);
  statusBar()->setVisible(!picture_only_);
}

void MainWindow::toggleDrift() {
  Playback& playback = session_.playback();
  playback.drifting() ? playback.stopDrift() : playback.startDrift();
}

}  // namespace orrery::ui
