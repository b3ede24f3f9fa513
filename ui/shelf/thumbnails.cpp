#include "ui/shelf/thumbnails.h"

#include <QBuffer>
#include <QCryptographicHash>
#include <QDir>
#include <QFileInfo>
#include <QImageReader>
#include <QPainter>

#include "ui/data/store_picture.h"
#include "ui/project/atomic_write.h"
#include "ui/project/user_folders.h"

namespace orrery::ui {
namespace {

QImage squared(const QImage& picture) {
  if (picture.isNull()) return {};
  const QImage scaled = picture.scaled(Thumbnails::kSizePx, Thumbnails::kSizePx, Qt::KeepAspectRatioByExpanding, Qt::SmoothTransformation);
  return scaled.copy((scaled.width() - Thumbnails::kSizePx) / 2, (scaled.height() - Thumbnails::kSizePx) / 2, Thumbnails::kSizePx, Thumbnails::kSizePx);
}

// Four pictures of a store in a square.
QImage fourOf(const Datasets& datasets, const std::string& store) {
  QImage sheet(Thumbnails::kSizePx, Thumbnails::kSizePx, QImage::Format_RGB32);
  sheet.fill(Qt::white);
  QPainter painter(&sheet);
  const int half = Thumbnails::kSizePx / 2;
  for (int i = 0; i < 4; ++i) {
    // Spread over the set: neighbours often look alike.
    const auto picture = datasets.picture(store, i * 7);
    if (!picture) return i == 0 ? QImage() : sheet;
    painter.drawImage(QRect(i % 2 * half, i / 2 * half, half, half), storePicture(picture.value()).scaled(half, half, Qt::IgnoreAspectRatio, Qt::SmoothTransformation));
  }
  return sheet;
}

QImage fileThumbnail(const QString& path) {
  QImageReader reader(path);
  reader.setAutoTransform(true);
  const QSize size = reader.size();
  if (!size.isValid() || qint64{size.width()} * size.height() > qint64{200} * 1000 * 1000) return {};
  reader.setScaledSize(size.scaled(Thumbnails::kSizePx, Thumbnails::kSizePx, Qt::KeepAspectRatioByExpanding).expandedTo({1, 1}));
  return squared(reader.read());
}

// The picture of the same name that stands beside a model, as beside the starters.
QImage besideModel(const QString& path) {
  const QFileInfo model(path);
  const QString picture = model.dir().filePath(model.completeBaseName() + QStringLiteral(".png"));
  return QFileInfo::exists(picture) ? fileThumbnail(picture) : QImage();
}

// The newest probe sheet of a run.
QImage runThumbnail(const QString& folder) {
  const QDir probes(folder + QStringLiteral("/probes"));
  const auto names = probes.entryList({QStringLiteral("probe-*.png")}, QDir::Files, QDir::Name);
  return names.isEmpty() ? QImage() : fileThumbnail(probes.filePath(names.back()));
}

}  // namespace

Thumbnails::Thumbnails(Session& session) : QObject(&session), session_(session) {}

QString Thumbnails::fileOf(const QString& path) const {
  return QStringLiteral("%1/thumbnails/%2.png").arg(dataFolder(), QString::fromLatin1(QCryptographicHash::hash(path.toUtf8(), QCryptographicHash::Sha1).toHex()));
}

QPixmap Thumbnails::of(const ShelfEntry& entry) {
  if (const auto found = known_.constFind(entry.path); found != known_.constEnd()) return *found;
  if (!asked_.contains(entry.path)) {
    asked_.insert(entry.path);
    make(entry);
  }
  return {};
}

void Thumbnails::make(const ShelfEntry& entry) {
  const QString kept = fileOf(entry.path);
  const QString path = entry.path;
  const ShelfKind kind = entry.kind;
  const Datasets* datasets = session_.studio().datasets.get();
  session_.background<QImage>(
      this,
      [kept, path, file = files_.value(path, path), kind, datasets]() -> QImage {
        QImage picture;
        // A run's picture changes while it trains: made anew each time.
        if (kind == ShelfKind::run) picture = runThumbnail(path);
        if (picture.isNull()) picture = QImage(kept, "PNG");
        if (picture.isNull() && kind == ShelfKind::model) picture = besideModel(file);
        if (picture.isNull() && kind == ShelfKind::data) picture = fourOf(*datasets, path.toStdString());
        if (picture.isNull() && kind == ShelfKind::exported) picture = QFileInfo(path).isDir() ? QImage() : fileThumbnail(path);
        return picture;
      },
      [this, path](QImage picture) {
        if (!picture.isNull()) put(path, picture);
      });
}

void Thumbnails::keep(const QString& path, const QImage& picture, const std::string& weights) {
  const QString hash = QString::fromStdString(weights);
  if (path.isEmpty() || picture.isNull() || (known_.contains(path) && weights_.value(path) == hash)) return;
  weights_[path] = hash;
  put(path, squared(picture));
}

void Thumbnails::put(const QString& path, const QImage& picture) {
  known_[path] = QPixmap::fromImage(picture);
  Q_EMIT changed(path);
  const QString file = fileOf(path);
  session_.background<bool>(
      this,
      [file, picture] {
        QByteArray bytes;
        QBuffer buffer(&bytes);
        picture.save(&buffer, "PNG");
        return !writeFileAtomically(file, bytes);
      },
      [](bool) {});  // without it the picture is made again at the next start
}

}  // namespace orrery::ui
