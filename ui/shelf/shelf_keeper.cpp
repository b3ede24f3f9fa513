#include "ui/shelf/shelf_keeper.h"

#include <QFileInfo>
#include <QGuiApplication>
#include <QUndoCommand>

#include "ui/data/current_data.h"
#include "ui/project/attached.h"
#include "ui/project/user_folders.h"
#include "ui/widgets/picture.h"

namespace orrery::ui {
namespace {

constexpr int kLookAgainMs = 5000;

class ShelfCommand : public QUndoCommand {
 public:
  ShelfCommand(const QString& text, std::function<void()> redo, std::function<void()> undo) : QUndoCommand(text), redo_(std::move(redo)), undo_(std::move(undo)) {}
  void redo() override { redo_(); }
  void undo() override { undo_(); }

 private:
  std::function<void()> redo_, undo_;
};

}  // namespace

QString shelfPathOf(const ModelInfo& model) { return QString::fromStdString(model.path.empty() ? model.id : model.path); }

ShelfKeeper::ShelfKeeper(Session& session) : QObject(&session), session_(session), store_(dataFolder() + QStringLiteral("/shelf.json")), thumbnails_(new Thumbnails(session)) {
  connect(&store_, &ShelfStore::problem, this, [this](const QString& what, const QString& details) {
    session_.report({ErrorCode::failed, what.toStdString(), tr("The models and files themselves are untouched.").toStdString(), tr("Check that the disk is not full.").toStdString(), details.toStdString()});
  });
  store_.load();
  for (const QString& name : CurrentData::builtIns()) {
    ShelfEntry entry;
    entry.kind = ShelfKind::data;
    entry.path = name;
    entry.name = name.mid(8);
    entry.starter = true;
    store_.put(entry);
  }
  connect(&session, &Session::modelsChanged, this, &ShelfKeeper::takeModels);
  connect(&session, &Session::jobChanged, this, &ShelfKeeper::takeJob);
  connect(&session, &Session::frameArrived, this, &ShelfKeeper::takeFrame);
  connect(&attached<CurrentData>(session), &CurrentData::changed, this, &ShelfKeeper::takeData);
  connect(&store_, &ShelfStore::changed, this, &ShelfKeeper::look);
  connect(qGuiApp, &QGuiApplication::applicationStateChanged, this, [this](Qt::ApplicationState state) {
    if (state == Qt::ApplicationActive) look();
  });
  again_.setInterval(kLookAgainMs);
  connect(&again_, &QTimer::timeout, this, [this] {
    if (QGuiApplication::applicationState() == Qt::ApplicationActive) look();
  });
  again_.start();
  takeModels();
  look();
}

void ShelfKeeper::look() {
  if (looking_) {
    look_again_ = true;  // one look at a time, or a disk that does not answer would take every worker
    return;
  }
  looking_ = true;
  look_again_ = false;
  session_.background<QSet<QString>>(
      this,
      [entries = store_.entries()] {
        QSet<QString> missing;
        for (const auto& entry : entries) {
          if (isMissing(entry)) missing.insert(entry.path);
        }
        return missing;
      },
      [this](QSet<QString> missing) {
        looking_ = false;
        const QSet<QString> changed = (missing - missing_) + (missing_ - missing);
        missing_ = std::move(missing);
        if (!changed.isEmpty()) Q_EMIT missingChanged(QStringList(changed.begin(), changed.end()));
        if (look_again_) look();
      });
}

// Puts the entry with the size its file has; a run that has not made its folder yet waits for its next report.
void ShelfKeeper::puttingSize(ShelfEntry entry) {
  session_.background<std::optional<ShelfEntry>>(
      this,
      [entry]() -> std::optional<ShelfEntry> {
        if (isMissing(entry)) return std::nullopt;
        ShelfEntry sized = entry;
        const QFileInfo info(entry.path);
        sized.size_bytes = info.isFile() ? info.size() : 0;
        return sized;
      },
      [this](std::optional<ShelfEntry> sized) {
        if (sized) store_.put(*sized);
      });
}

void ShelfKeeper::takeModels() {
  for (const auto& model : session_.models()) {
    ShelfEntry entry;
    const QString id = QString::fromStdString(model.id);
    entry.kind = id.startsWith(QLatin1String("run:")) ? ShelfKind::run : ShelfKind::model;
    entry.starter = id.startsWith(QLatin1String("starter:"));
    entry.path = entry.starter ? id : shelfPathOf(model);
    entry.name = QString::fromStdString(model.name.empty() ? model.id : model.name);
    entry.system = QString::fromStdString(model.system);
    entry.size_bytes = model.size_bytes;
    entry.note = model.width_px > 0 ? tr("%1 px").arg(model.width_px) : QString();
    // A model that is neither a file nor a starter could not be opened again from the shelf.
    if (!entry.starter && model.path.empty()) continue;
    thumbnails_->liesAt(entry.path, QString::fromStdString(model.path));
    store_.put(entry);
  }
}

void ShelfKeeper::takeJob(const JobStatus& status) {
  const QString path = QString::fromStdString(status.result_path);
  if (path.isEmpty()) return;
  ShelfEntry entry;
  entry.path = path;
  entry.name = QFileInfo(path).fileName();
  if (status.kind == "train") {
    entry.kind = ShelfKind::run;
  } else if (status.kind == "import" && status.state == JobState::done) {
    entry.kind = ShelfKind::data;
    entry.name = QFileInfo(path).completeBaseName();
  } else if (status.kind == "export" && status.state == JobState::done) {
    entry.kind = ShelfKind::exported;
  } else {
    return;
  }
  if (entry.kind == ShelfKind::run && store_.find(path)) return;
  puttingSize(entry);
}

void ShelfKeeper::takeFrame(int view, const Frame& frame) {
  const ModelInfo* model = session_.model(view);
  if (!model || frame.step < frame.steps || model->id != frame.request.model) return;
  const QString path = model->id.starts_with("starter:") ? QString::fromStdString(model->id) : shelfPathOf(*model);
  if (store_.find(path)) thumbnails_->keep(path, imageOf(frame.image), frame.model_hash);
}

void ShelfKeeper::takeData() {
  const auto& data = attached<CurrentData>(session_);
  if (!data.info()) return;
  ShelfEntry entry;
  entry.kind = ShelfKind::data;
  entry.path = data.store();
  entry.name = QString::fromStdString(data.info()->name);
  if (entry.name.endsWith(QLatin1String(".zip"))) entry.name.chop(4);
  entry.note = tr("%1 px, %2 pictures").arg(data.info()->width_px).arg(QLocale().toString(qlonglong(data.info()->taken)));
  entry.starter = isBuiltIn(entry.path);
  puttingSize(entry);
}

void ShelfKeeper::rename(const QString& path, const QString& name) {
  const ShelfEntry* entry = store_.find(path);
  if (!entry || name.trimmed().isEmpty() || entry->name == name.trimmed()) return;
  const QString before = entry->name;
  session_.undo().push(new ShelfCommand(tr("Rename %1").arg(before), [this, path, name] { store_.rename(path, name); }, [this, path, before] { store_.rename(path, before); }));
}

void ShelfKeeper::setTags(const QString& path, const QStringList& tags) {
  const ShelfEntry* entry = store_.find(path);
  if (!entry || entry->tags == tags) return;
  const QStringList before = entry->tags;
  session_.undo().push(new ShelfCommand(tr("Tags of %1").arg(entry->name), [this, path, tags] { store_.setTags(path, tags); }, [this, path, before] { store_.setTags(path, before); }));
}

void ShelfKeeper::remove(const QString& path) {
  const ShelfEntry* found = store_.find(path);
  if (!found || found->starter) return;
  const ShelfEntry entry = *found;
  session_.undo().push(new ShelfCommand(tr("Remove %1 from the shelf").arg(entry.name), [this, path] { store_.remove(path); }, [this, entry] { store_.restore(entry); }));
  session_.say(missing(path) ? tr("Taken off the shelf.") : tr("Taken off the shelf. The file stays at %1.").arg(path));
}

void ShelfKeeper::relocate(const QString& path, const QString& new_path) {
  const ShelfEntry* entry = store_.find(path);
  if (!entry || new_path.isEmpty()) return;
  session_.undo().push(new ShelfCommand(tr("Locate %1").arg(entry->name), [this, path, new_path] { store_.relocate(path, new_path); }, [this, path, new_path] { store_.relocate(new_path, path); }));
}

void ShelfKeeper::open(const ShelfEntry& entry) {
  if (missing(entry.path)) {
    session_.report({ErrorCode::bad_input, tr("%1 is not where it was.").arg(entry.name).toStdString(), tr("The shelf keeps its place.").toStdString(), tr("Choose \"Locate...\" in its menu, or put the file back.").toStdString(), entry.path.toStdString()});
    return;
  }
  if (entry.kind == ShelfKind::data) {
    attached<CurrentData>(session_).setStore(entry.path);
    session_.openWorkspace(QStringLiteral("data"));
    return;
  }
  for (const auto& model : session_.models()) {
    if (entry.path == QString::fromStdString(model.id) || (!model.path.empty() && entry.path == QString::fromStdString(model.path))) return session_.showModel(model.id);
  }
  session_.openPath(entry.path);
}

}  // namespace orrery::ui
