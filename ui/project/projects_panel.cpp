#include "ui/project/projects_panel.h"

#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QStandardPaths>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/project/attached.h"
#include "ui/project/recent_projects.h"
#include "ui/project/user_folders.h"
#include "ui/style/icons.h"
#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/tight.h"

namespace orrery::ui {
namespace {

QString projectsFolder() {
  const QString documents = QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation);
  return (documents.isEmpty() ? QDir::homePath() : documents) + QStringLiteral("/Orrery");
}

QString age(const QDateTime& when) { return formatAgo(when.secsTo(QDateTime::currentDateTime())); }

void clear(QLayout* layout) {
  while (QLayoutItem* item = layout->takeAt(0)) {
    if (QWidget* widget = item->widget()) widget->deleteLater();
    delete item;
  }
}

}  // namespace

ProjectsPanel::ProjectsPanel(Session& session, QWidget* parent) : QWidget(parent), session_(session), keeper_(attached<ProjectKeeper>(session)) {
  heading_ = makeLabel(tr("Project"), "title");
  state_ = makeWrappedLabel(QString(), "dim");
  place_ = new QLineEdit;
  place_->setAccessibleName(tr("File of the project"));
  place_->setPlaceholderText(tr("Where to save the project"));
  auto* browse = makeIconButton(QStringLiteral("folder"), tr("Choose a place"));
  save_ = withTip(makeButton(tr("Save"), "primary"), tr("Views, positions, timeline, layout and what lies where (Ctrl+S)"));
  auto* open = withTip(makeButton(tr("Open...")), tr("Open a project file"));
  auto* fresh = withTip(makeButton(tr("New")), tr("One view, an empty timeline. What is unsaved stays in the autosave."));

  rescue_box_ = new QWidget;
  auto* rescue_column = tight(new QVBoxLayout(rescue_box_));
  rescue_column->addWidget(makeLabel(tr("From a session that ended unexpectedly"), "heading"));
  rescues_ = tight(new QVBoxLayout);
  rescue_column->addLayout(rescues_);

  auto* place_row = tight(new QHBoxLayout);
  place_row->addWidget(place_, 1);
  place_row->addWidget(browse);
  auto* verbs = tight(new QHBoxLayout);
  verbs->addWidget(save_);
  verbs->addWidget(open);
  verbs->addWidget(fresh);
  verbs->addStretch(1);
  recent_ = tight(new QVBoxLayout, 2);

  auto* content = new QWidget;
  auto* column = new QVBoxLayout(content);
  column->setContentsMargins(0, 0, 8, 16);
  column->setSpacing(12);
  column->addWidget(heading_);
  column->addWidget(rescue_box_);
  column->addWidget(state_);
  column->addLayout(place_row);
  column->addLayout(verbs);
  column->addSpacing(8);
  column->addWidget(makeLabel(tr("Recent"), "heading"));
  column->addLayout(recent_);
  column->addStretch(1);
  auto* scroll = new QScrollArea;
  scroll->setWidget(content);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  tight(new QVBoxLayout(this), 0)->addWidget(scroll);

  connect(save_, &QPushButton::clicked, this, &ProjectsPanel::save);
  connect(place_, &QLineEdit::returnPressed, this, &ProjectsPanel::save);
  connect(browse, &QToolButton::clicked, this, [this] { choose(true); });
  connect(open, &QPushButton::clicked, this, [this] { choose(false); });
  connect(fresh, &QPushButton::clicked, this, [this] {
    keeper_.autosave();
    keeper_.startNew();
    session_.closeSheet();
  });
  connect(&keeper_, &ProjectKeeper::changed, this, &ProjectsPanel::refresh);
  setFocusProxy(place_);
  refresh();
}

void ProjectsPanel::setArguments(const QStringList& arguments) {
  refresh();
  if (!arguments.contains(QStringLiteral("save"))) return;
  place_->setFocus();
  const int dot = place_->text().lastIndexOf(QLatin1Char('.')), slash = place_->text().lastIndexOf(QLatin1Char('/'));
  place_->setSelection(slash + 1, std::max(0, dot - slash - 1));
}

void ProjectsPanel::refresh() {
  heading_->setText(keeper_.name());
  if (keeper_.readOnly()) {
    state_->setText(tr("Open for reading only. Save it under another name to keep changes."));
  } else if (keeper_.path().isEmpty()) {
    state_->setText(keeper_.modified() ? tr("Not saved as a file yet. A copy is kept every two minutes.") : tr("Nothing to save yet."));
  } else {
    state_->setText(keeper_.modified() ? tr("Changed since it was saved. A copy is kept every two minutes.") : tr("Saved."));
  }
  if (!place_->isModified() || place_->text().isEmpty()) {
    place_->setText(keeper_.path().isEmpty() || keeper_.readOnly() ? freePath(projectsFolder(), keeper_.path().isEmpty() ? tr("My project") : keeper_.name(), QStringLiteral(".orrery")) : keeper_.path());
  }
  refreshRescues();
  refreshRecent();
}

void ProjectsPanel::refreshRescues() {
  clear(rescues_);
  rescue_box_->setVisible(!keeper_.rescues().isEmpty());
  for (const Rescue& rescue : keeper_.rescues()) {
    auto* box = new QWidget;
    auto* row = tight(new QHBoxLayout(box), 12);
    auto* picture = new QLabel;
    picture->setFixedSize(64, 64);
    picture->setAlignment(Qt::AlignCenter);
    picture->setAccessibleName(tr("What was on the stage"));
    picture->setPixmap(rescue.picture.isNull() ? icon(QStringLiteral("image")).pixmap(32, 32) : QPixmap::fromImage(rescue.picture.scaled(64, 64, Qt::KeepAspectRatio, Qt::SmoothTransformation)));
    auto* text = tight(new QVBoxLayout, 4);
    text->addWidget(makeLabel(rescue.project.isEmpty() ? tr("Untitled") : QFileInfo(rescue.project).completeBaseName()));
    text->addWidget(makeLabel(tr("as it was %1").arg(age(rescue.when)), "dim"));
    auto* verbs = tight(new QHBoxLayout);
    auto* restore = makeButton(tr("Restore"), "primary");
    auto* discard = withTip(makeButton(tr("Discard"), "flat"), tr("Deletes this autosave; saved projects stay as they are."));
    verbs->addWidget(restore);
    verbs->addWidget(discard);
    verbs->addStretch(1);
    text->addLayout(verbs);
    row->addWidget(picture, 0, Qt::AlignTop);
    row->addLayout(text, 1);
    rescues_->addWidget(box);
    connect(restore, &QPushButton::clicked, this, [this, rescue] {
      keeper_.restore(rescue);
      session_.closeSheet();
    });
    connect(discard, &QPushButton::clicked, this, [this, rescue] { keeper_.discard(rescue); });
  }
}

void ProjectsPanel::refreshRecent() {
  clear(recent_);
  const auto add = [this](const QString& name, const QString& path, const QString& note, bool there) {
    auto* entry = makeButton(name, "flat");
    entry->setStyleSheet(QStringLiteral("text-align: left;"));
    entry->setToolTip(QStringLiteral("<qt>%1</qt>").arg(path.toHtmlEscaped()));
    entry->setEnabled(there);
    auto* row = new QWidget;
    auto* line = tight(new QHBoxLayout(row));
    line->addWidget(entry, 1);
    line->addWidget(makeLabel(there ? note : tr("Missing"), "dim"));
    recent_->addWidget(row);
    connect(entry, &QPushButton::clicked, this, [this, path] {
      keeper_.open(path);
      session_.closeSheet();
    });
  };
  const QFileInfo last(ProjectKeeper::lastSessionFile());
  if (last.isFile()) {
    auto* entry = makeButton(tr("Last session, unsaved"), "flat");
    entry->setStyleSheet(QStringLiteral("text-align: left;"));
    auto* row = new QWidget;
    auto* line = tight(new QHBoxLayout(row));
    line->addWidget(entry, 1);
    line->addWidget(makeLabel(age(last.lastModified()), "dim"));
    recent_->addWidget(row);
    connect(entry, &QPushButton::clicked, this, [this, file = last.absoluteFilePath()] {
      keeper_.restore(Rescue{file, {}, {}, {}});
      session_.closeSheet();
    });
  }
  for (const QString& path : RecentProjects::read()) {
    const QFileInfo info(path);
    add(info.completeBaseName(), path, age(info.lastModified()), info.isFile());
  }
  if (recent_->count() == 0) recent_->addWidget(makeWrappedLabel(tr("Projects you save or open are listed here."), "dim"));
}

void ProjectsPanel::save() {
  if (!keeper_.saveAs(place_->text().trimmed())) return;
  place_->setModified(false);
  session_.closeSheet();
}

void ProjectsPanel::choose(bool for_saving) {
  auto* dialog = new QFileDialog(this, for_saving ? tr("Save the project") : tr("Open a project"), for_saving ? QFileInfo(place_->text()).absolutePath() : projectsFolder(), tr("Orrery projects (*.orrery)"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setModal(false);
  dialog->setAcceptMode(for_saving ? QFileDialog::AcceptSave : QFileDialog::AcceptOpen);
  dialog->setFileMode(for_saving ? QFileDialog::AnyFile : QFileDialog::ExistingFile);
  dialog->setDefaultSuffix(QStringLiteral("orrery"));
  connect(dialog, &QFileDialog::fileSelected, this, [this, for_saving](const QString& path) {
    if (for_saving) {
      place_->setText(path);
      place_->setModified(true);
      place_->setFocus();
    } else {
      keeper_.open(path);
      session_.closeSheet();
    }
  });
  dialog->show();
}

}  // namespace orrery::ui
