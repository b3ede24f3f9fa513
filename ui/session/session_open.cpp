// The Session's doors: what was dropped or chosen is told apart by what is in it, not by its name.
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSize>

#include "engine/api/run_probe.h"
#include "ui/project/attached.h"
#include "ui/session/photo_note.h"
#include "ui/session/playback.h"
#include "ui/session/session.h"
#include "ui/tape/tape_desk.h"

namespace orrery::ui {
namespace {

struct Found {
  enum class What { nothing, project, request, timeline, recipe, dataset, model, run, tape, pictures, photo } what = What::pictures;
  Request request;
  Timeline timeline;
  Recipe recipe;
  std::optional<Result<std::string>> photo;  // where the model takes one
  bool trained_elsewhere = false;  // a run
  bool model_there = false;  // where the recipe says it lay
};

bool looksLikeModel(const QByteArray& head, const QString& suffix) {
  static const QStringList kNames{"safetensors", "pt", "pth", "pkl", "ckpt"};
  return (head.size() > 8 && head[8] == '{') || kNames.contains(suffix.toLower());
}

bool namedLikePicture(const QString& suffix) {
  static const QStringList kNames{"png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp", "gif", "heic", "heif", "avif", "jxl"};
  return kNames.contains(suffix.toLower());
}

// `photo_px`: of the photos that the active view's model takes; empty: it takes none.
Found look(const Studio& studio, const QString& path, const QSize& photo_px) {
  Found found;
  const QFileInfo info(path);
  if (!info.exists()) return found.what = Found::What::nothing, found;
  if (info.isDir()) {
    found.what = QFileInfo::exists(QDir(path).filePath("stats.jsonl")) ? Found::What::run : Found::What::pictures;
    if (found.what == Found::What::run) found.trained_elsewhere = trained_elsewhere(path.toStdString());
    return found;
  }
  QFile file(path);
  if (!file.open(QIODevice::ReadOnly)) return found;
  const QByteArray head = file.read(4096);
  if (head.trimmed().startsWith('{')) {
    if (head.contains("\"orrery_project\"")) return found.what = Found::What::project, found;
    const std::string text = (head + file.read(16 << 20)).toStdString();
    if (auto timeline = timeline_from_json(text)) return found.what = Found::What::timeline, found.timeline = timeline.value(), found;
    if (auto request = request_from_json(text)) return found.what = Found::What::request, found.request = request.value(), found;
  }
  // A tape's header names its description first or last; the suffix tells it as well.
  if (info.suffix().compare(QLatin1String("otape"), Qt::CaseInsensitive) == 0 || head.contains("\"orrery.tape\"")) return found.what = Found::What::tape, found;
  if (looksLikeModel(head, info.suffix())) return found.what = Found::What::model, found;
  if (auto recipe = studio.recipes->read(path.toStdString())) {
    found.what = Found::What::recipe, found.recipe = recipe.value();
    found.model_there = !found.recipe.model_path.empty() && QFileInfo::exists(QString::fromStdString(found.recipe.model_path));
    return found;
  }
  if (studio.datasets->info(path.toStdString())) return found.what = Found::What::dataset, found;
  if (photo_px.isEmpty()) return found;
  auto photo = studio.pictures->value_of_file(path.toStdString(), ControlKind::photo, photo_px.width(), photo_px.height());
  // A font or a film that is no photo still makes a data set.
  if (photo || namedLikePicture(info.suffix())) found.what = Found::What::photo, found.photo = std::move(photo);
  return found;
}

}  // namespace

void Session::openPath(const QString& path) {
  noteAction();
  openFile(QFileInfo(path).absoluteFilePath());
}

void Session::openPaths(const QStringList& paths) {
  if (paths.size() == 1) return openPath(paths.front());
  noteAction();
  if (!paths.isEmpty()) openSheet("import", paths);
}

void Session::usePicture(const std::string& control, const QString& path) {
  const ControlSpec* wanted = spec(control);
  const ModelInfo* info = model();
  if (!wanted || !info || !wanted->unavailable.empty()) return;
  noteAction();
  background<Result<std::string>>(
      this,
      [this, path, kind = wanted->kind, width = info->width_px, height = info->height_px] {
        return studio_.pictures->value_of_file(path.toStdString(), kind, width, height);
      },
      [this, control, id = info->id, path](Result<std::string> value) {
        if (!value) return report(value.error());
        if (!model() || model()->id != id) return;
        applyPicture(control, value.value(), tr("Use %1").arg(QFileInfo(path).fileName()));
        if (const QString note = resizeNote(path, {model()->width_px, model()->height_px}); !note.isEmpty()) say(note);
      });
}

void Session::openFile(const QString& path) {
  const ControlSpec* photo = firstOfKind(ControlKind::photo);
  const ModelInfo* here = model();
  const QSize photo_px = photo && here ? QSize(here->width_px, here->height_px) : QSize();
  background<Found>(
      this, [this, path, photo_px] { return look(studio_, path, photo_px); },
      [this, path, control = photo ? photo->id : std::string(), id = here ? here->id : std::string()](Found found) {
        switch (found.what) {
          case Found::What::nothing:
            return report({ErrorCode::bad_input, tr("There is no file %1.").arg(QDir::toNativeSeparators(path)).toStdString(),
                           tr("Nothing was changed.").toStdString(),
                           tr("It may have been moved or deleted; drop it from where it is now.").toStdString()});
          case Found::What::project:
            return Q_EMIT projectRequested(path);
          case Found::What::request:
            return setRequest(found.request, tr("Open %1").arg(QFileInfo(path).fileName()));
          case Found::What::timeline:
            setTimeline(found.timeline, tr("Open %1").arg(QFileInfo(path).fileName()));
            return playback_->seek(0.0);
          case Found::What::recipe:
            return restoreRecipe(found.recipe, found.model_there);
          case Found::What::tape:
            return attached<TapeDesk>(*this).open(path);
          case Found::What::dataset:
            return Q_EMIT datasetOpened(path);
          case Found::What::run:
            if (found.trained_elsewhere) {
              submit(AttachJob{path.toStdString()});
              say(tr("%1 trains in another process: watching it.").arg(QFileInfo(path).fileName()));
            }
            Q_EMIT runOpened(path);
            [[fallthrough]];
          case Found::What::model:
            return openModel(path, [this](const ModelInfo& info) { showModel(info.id); });
          case Found::What::photo:
            if (!*found.photo) return report(found.photo->error());
            if (!model() || model()->id != id) return openSheet("import", {path});
            applyPicture(control, found.photo->value(), tr("Use %1").arg(QFileInfo(path).fileName()));
            return Q_EMIT photoUsed(path);
          case Found::What::pictures:
            return openSheet("import", {path});
        }
      });
}

void Session::openModel(const QString& path, std::function<void(const ModelInfo&)> then) {
  studio_.models->open(path.toStdString(), [this, then = std::move(then)](Result<ModelInfo> result) {
    auto shared = std::make_shared<Result<ModelInfo>>(std::move(result));
    QMetaObject::invokeMethod(
        this,
        [this, then, shared] {
          if (!*shared) return report(shared->error());
          onModel(shared->value());
          then(shared->value());
        },
        Qt::QueuedConnection);
  });
}

void Session::restoreRecipe(const Recipe& recipe, bool model_there) {
  const auto apply = [this, recipe](const ModelInfo& info) {
    Timeline timeline = recipe.timeline;
    timeline.base.model = info.id;
    if (!recipe.model_hash.empty() && info.hash != recipe.model_hash)
      say(tr("The model has changed since this was exported: the picture may differ."));
    setRequest(timeline.base, tr("Restore an exported view"));
    if (!timeline.tracks.empty()) {
      setTimeline(timeline, tr("Restore an exported film"));
      playback_->seek(0.0);
    }
  };
  for (const auto& info : models_) {
    if (!recipe.model_hash.empty() && info.hash == recipe.model_hash) return apply(info);
  }
  if (const ModelInfo* info = findModel(recipe.timeline.base.model)) return apply(*info);
  if (model_there) {
    return openModel(QString::fromStdString(recipe.model_path), apply);
  }
  report({ErrorCode::bad_input, tr("The model that made this file is not here.").toStdString(),
          tr("The file itself is fine.").toStdString(),
          tr("Open the model first (it was %1), then drop the file again.").arg(QString::fromStdString(recipe.model_path)).toStdString()});
}

}  // namespace orrery::ui
