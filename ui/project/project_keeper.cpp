#include "ui/project/project_keeper.h"

#include <QDir>
#include <QFileInfo>

#include "ui/data/current_data.h"
#include "ui/project/atomic_write.h"
#include "ui/project/attached.h"
#include "ui/project/recent_projects.h"
#include "ui/project/user_folders.h"
#include "ui/shelf/shelf_keeper.h"
#include "ui/widgets/picture.h"

namespace orrery::ui {
namespace {

constexpr int kAutosaveMs = 2 * 60 * 1000;

QString lockName(const QString& path) {
  const QFileInfo info(path);
  return QStringLiteral("%1/.%2.lock").arg(info.absolutePath(), info.fileName());
}

// What the history does not tell: positions, number of views, data. Not where the docks stand, and not what the views show, which also moves
// by itself.
QByteArray besidesHistory(Project project) {
  for (auto& view : project.session.views) view = {};
  project.session.timeline = {};
  project.session.model_paths.clear();
  project.window_layout.clear();
  project.workspace.clear();
  project.shelf.clear();
  return projectToJson(project);
}

}  // namespace

ProjectKeeper::ProjectKeeper(Session& session) : QObject(&session), session_(session) {
  timer_.setInterval(kAutosaveMs);
  connect(&timer_, &QTimer::timeout, this, &ProjectKeeper::autosave);
  timer_.start();
  // Requests change at screen rate while something moves: look once it rests.
  look_.setSingleShot(true);
  look_.setInterval(250);
  connect(&look_, &QTimer::timeout, this, &ProjectKeeper::lookModified);
  const auto later = [this] { look_.start(); };
  connect(&session.undo(), &QUndoStack::indexChanged, this, later);
  connect(&session, &Session::positionsChanged, this, later);
  connect(&session, &Session::viewsChanged, this, later);
  connect(&attached<CurrentData>(session), &CurrentData::changed, this, later);
  connect(&session, &Session::projectRequested, this, &ProjectKeeper::open);
  saved_ = besidesHistory(project());
}

ProjectKeeper::~ProjectKeeper() = default;

void ProjectKeeper::start() {
  rescues_ = Autosave::find();
  saved_ = besidesHistory(project());
  Q_EMIT changed();
  if (!rescues_.isEmpty()) session_.openSheet(QStringLiteral("projects"));
}

QString ProjectKeeper::name() const { return path_.isEmpty() ? tr("Untitled") : QFileInfo(path_).completeBaseName(); }

bool ProjectKeeper::modified() const { return !session_.undo().isClean() || besidesHistory(project()) != saved_; }

void ProjectKeeper::lookModified() {
  const bool now = modified();
  if (now == was_modified_) return;
  was_modified_ = now;
  Q_EMIT changed();
}

Project ProjectKeeper::project() const {
  Project project;
  project.session = session_.state();
  if (window_.layout) project.window_layout = window_.layout();
  if (window_.workspace) project.workspace = window_.workspace();
  project.dataset = attached<CurrentData>(session_).store();
  const auto& store = attached<ShelfKeeper>(session_).store();
  const auto refer = [&](const QString& path) {
    if (const ShelfEntry* entry = store.find(path)) project.shelf << *entry;
  };
  for (const auto& [id, path] : project.session.model_paths) refer(QString::fromStdString(path.empty() ? id : path));
  refer(project.dataset);
  return project;
}

// One window writes a project at a time; another opens it for reading.
bool ProjectKeeper::claim(const QString& path) {
  auto lock = std::make_unique<QLockFile>(lockName(path));
  lock->setStaleLockTime(0);
  if (lock->tryLock(0)) {
    lock_ = std::move(lock);
    read_only_ = false;
    return true;
  }
  // A folder that cannot be written has no second writer either.
  lock_.reset();
  read_only_ = true;
  if (lock->error() == QLockFile::LockFailedError) {
    qint64 pid = 0;
    QString host, program;
    lock->getLockInfo(&pid, &host, &program);
    session_.report({ErrorCode::wrong_use, tr("The project is open in another window (process %1 on %2).").arg(pid).arg(host).toStdString(), tr("This window shows it without writing to it.").toStdString(), tr("Save it under another name to keep changes.").toStdString()});
  } else {
    session_.say(tr("The project's folder cannot be written: open for reading."));
  }
  return false;
}

bool ProjectKeeper::save() {
  if (path_.isEmpty() || read_only_) {
    session_.openSheet(QStringLiteral("projects"), {QStringLiteral("save")});
    return false;
  }
  return saveAs(path_);
}

bool ProjectKeeper::saveAs(const QString& wanted) {
  QString path = QFileInfo(wanted).absoluteFilePath();
  if (QFileInfo(path).suffix() != QLatin1String("orrery")) path += QStringLiteral(".orrery");
  QDir().mkpath(QFileInfo(path).absolutePath());
  if (path != path_ || read_only_) {
    const bool was_read_only = read_only_;
    auto lock = std::make_unique<QLockFile>(lockName(path));
    lock->setStaleLockTime(0);
    if (!lock->tryLock(0) && lock->error() == QLockFile::LockFailedError) {
      read_only_ = was_read_only;
      session_.report({ErrorCode::wrong_use, tr("Another window has %1 open.").arg(QFileInfo(path).fileName()).toStdString(), tr("Nothing was written.").toStdString(), tr("Choose another name.").toStdString()});
      return false;
    }
    lock_ = std::move(lock);
    read_only_ = false;
  }
  if (const auto reason = writeFileAtomically(path, content())) {
    session_.report({ErrorCode::failed, tr("The project could not be saved.").toStdString(), tr("The last saved version is untouched, and the session is still here.").toStdString(), tr("Free some space, or save it elsewhere.").toStdString(), QStringLiteral("%1: %2").arg(path, *reason).toStdString()});
    return false;
  }
  noteSaved(path);
  session_.say(tr("Saved %1.").arg(QFileInfo(path).fileName()));
  return true;
}

void ProjectKeeper::noteSaved(const QString& path) {
  path_ = path;
  session_.undo().setClean();
  saved_ = besidesHistory(project());
  was_modified_ = false;
  RecentProjects::note(path);
  Q_EMIT changed();
}

void ProjectKeeper::open(const QString& path) {
  const auto bytes = readSmallFile(path);
  if (!bytes) {
    RecentProjects::forget(path);
    session_.report({ErrorCode::bad_input, tr("The project %1 cannot be read.").arg(QFileInfo(path).fileName()).toStdString(), tr("The window is as it was.").toStdString(), tr("It may have been moved or deleted.").toStdString(), path.toStdString()});
    Q_EMIT changed();
    return;
  }
  auto project = projectFromJson(*bytes);
  if (!project) return session_.report(project.error());
  const QString absolute = QFileInfo(path).absoluteFilePath();
  if (absolute != path_) claim(absolute);
  RecentProjects::note(absolute);
  load(project.value(), absolute, besidesHistory(project.value()));
}

// Opens what models the project needs, then shows it; a model that is gone leaves its view empty and is told.
void ProjectKeeper::load(const Project& project, const QString& path, const QByteArray& saved) {
  path_ = path;
  auto waiting = std::make_shared<int>(1);
  const auto finish = [this, project, saved, waiting] {
    if (--*waiting > 0) return;
    auto& keeper = attached<ShelfKeeper>(session_);
    for (const auto& entry : project.shelf) {
      if (!keeper.store().find(entry.path)) keeper.store().put(entry);
    }
    session_.setState(project.session);
    if (!project.dataset.isEmpty()) attached<CurrentData>(session_).setStore(project.dataset);
    if (window_.restore && !project.workspace.isEmpty()) window_.restore(project.workspace, project.window_layout);
    saved_ = saved;
    was_modified_ = modified();
    Q_EMIT changed();
  };
  for (const auto& [id, file] : project.session.model_paths) {
    if (file.empty() || session_.findModel(id)) continue;
    ++*waiting;
    session_.studio().models->open(file, [this, finish](Result<ModelInfo> result) {
      auto shared = std::make_shared<Result<ModelInfo>>(std::move(result));
      QMetaObject::invokeMethod(
          this,
          [this, finish, shared] {
            if (!*shared) session_.report(shared->error());
            finish();
          },
          Qt::QueuedConnection);
    });
  }
  finish();
}

void ProjectKeeper::startNew() {
  Project fresh;
  Request first;
  if (!session_.models().empty()) first.model = session_.models().front().id;
  fresh.session.views = {first};
  lock_.reset();
  read_only_ = false;
  load(fresh, QString(), besidesHistory(fresh));
}

bool ProjectKeeper::autosave() {
  if (!modified()) return false;
  const QByteArray now = content();
  if (now == autosaved_) return false;
  const auto& frame = session_.frame(session_.activeView());
  if (!autosave_.write(now, path_, frame ? imageOf(frame->image) : QImage())) return false;
  autosaved_ = now;
  return true;
}

void ProjectKeeper::restore(const Rescue& rescue) {
  const auto bytes = readSmallFile(rescue.file);
  auto project = projectFromJson(bytes.value_or(QByteArray()));
  if (!project) return session_.report(project.error());
  const QString path = QFileInfo::exists(rescue.project) ? rescue.project : QString();
  if (!path.isEmpty()) claim(path);
  // Not saved yet: what lies in the project's own file is older.
  load(project.value(), path, QByteArray());
  discard(rescue);
}

void ProjectKeeper::discard(const Rescue& rescue) {
  const QString file = rescue.file;
  Autosave::discard(rescue);
  rescues_.removeIf([&](const Rescue& one) { return one.file == file; });
  Q_EMIT changed();
}

QString ProjectKeeper::lastSessionFile() { return stateFolder() + QStringLiteral("/last-session.orrery"); }

void ProjectKeeper::leave() {
  bool safe = true;
  if (modified()) {
    safe = !writeFileAtomically(lastSessionFile(), content());
  }
  // What could not be kept stays as an autosave.
  if (safe) autosave_.finish();
  lock_.reset();
}

}  // namespace orrery::ui
