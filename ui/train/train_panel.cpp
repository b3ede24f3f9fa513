#include "ui/train/train_panel.h"

#include <QPlainTextEdit>
#include <QScrollBar>
#include <QSplitter>
#include <QStackedWidget>
#include <QTextCursor>
#include <QVBoxLayout>

#include "ui/project/attached.h"
#include "ui/project/atomic_write.h"
#include "ui/style/colors.h"
#include "ui/train/parameter_tree.h"
#include "ui/train/plot_panel.h"
#include "ui/train/probe_view.h"
#include "ui/train/run_header.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/tight.h"

namespace orrery::ui {

TrainPanel::TrainPanel(Session& session, QWidget* parent) : QWidget(parent), session_(session), book_(attached<RunBook>(session)) {
  header_ = new RunHeader(session);
  plots_ = new PlotPanel(session);
  probes_ = new ProbeView(session);
  log_ = new QPlainTextEdit;
  log_->setReadOnly(true);
  log_->setMaximumBlockCount(2500);
  log_->setAccessibleName(tr("Event log"));
  log_->setTabChangesFocus(true);
  settings_ = new ParameterTree(true);
  auto* settings_page = new QWidget;
  auto* settings_column = tight(new QVBoxLayout(settings_page));
  settings_column->setContentsMargins(12, 8, 12, 8);
  settings_column->addWidget(settings_);
  pages_ = new Segmented(Segmented::Look::tabs);
  pages_->setItems({tr("Probes"), tr("Log"), tr("Settings")});
  pages_->setAccessibleName(tr("What to show of the run"));
  stack_ = new QStackedWidget;
  stack_->addWidget(probes_);
  stack_->addWidget(log_);
  stack_->addWidget(settings_page);
  auto* lower = new QWidget;
  auto* lower_column = tight(new QVBoxLayout(lower), 0);
  lower_column->addWidget(pages_, 0, Qt::AlignLeft);
  lower_column->addWidget(stack_, 1);

  auto* split = new QSplitter(Qt::Vertical);
  split->addWidget(plots_);
  split->addWidget(lower);
  split->setChildrenCollapsible(false);
  split->setStretchFactor(0, 3);
  split->setStretchFactor(1, 2);
  split->setSizes({420, 280});
  auto* column = tight(new QVBoxLayout(this), 0);
  column->addWidget(header_);
  column->addWidget(split, 1);

  connect(pages_, &Segmented::chosen, stack_, &QStackedWidget::setCurrentIndex);
  connect(&book_, &RunBook::runsChanged, this, [this] {
    refreshLog();
    refreshSettings();
  });
  connect(&book_, &RunBook::runChanged, this, [this](int index) {
    if (index != book_.currentIndex()) return;
    refreshLog();
    refreshSettings();
  });
  refreshLog();
  refreshSettings();
}

void TrainPanel::refreshLog() {
  const Run* run = book_.current();
  const QString folder = run ? run->folder : QString();
  if (!run || folder != log_of_ || run->log.size() < log_lines_) {
    log_->clear();
    log_lines_ = 0;
    log_of_ = folder;
  }
  if (!run) return;
  const Colors& colors = colorsOf(palette());
  const bool at_end = log_->verticalScrollBar()->value() == log_->verticalScrollBar()->maximum();
  QTextCursor cursor(log_->document());
  cursor.movePosition(QTextCursor::End);
  for (; log_lines_ < run->log.size(); ++log_lines_) {
    const LogLine& line = run->log[log_lines_];
    if (!log_->document()->isEmpty()) cursor.insertBlock();
    QTextCharFormat format;
    format.setForeground(colors.dim);
    cursor.insertText(line.time + QStringLiteral("  "), format);
    format.setForeground(line.bad ? colors.danger : colors.text);
    cursor.insertText(line.text, format);
  }
  if (at_end) log_->verticalScrollBar()->setValue(log_->verticalScrollBar()->maximum());
}

void TrainPanel::refreshSettings() {
  const Run* run = book_.current();
  const QString folder = run ? run->folder : QString();
  if (folder == settings_of_ && !settings_->model().book().keys().empty()) return;
  settings_of_ = folder;
  // config.json has the resolved configuration under "config", as Catalogue::config has.
  const auto bytes = folder.isEmpty() ? std::nullopt : readSmallFile(folder + QStringLiteral("/config.json"));
  const auto book = bytes ? ConfigBook::parse(bytes->toStdString()) : std::nullopt;
  settings_->model().setBook(book.value_or(ConfigBook()));
  if (const auto record = book ? readRunRecord(folder) : std::nullopt) settings_->model().setChanges(record->set);
}

}  // namespace orrery::ui
