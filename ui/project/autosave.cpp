#include "ui/project/autosave.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <QBuffer>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QRandomGenerator>
#include <algorithm>

#include "ui/project/atomic_write.h"
#include "ui/project/user_folders.h"

namespace orrery::ui {
namespace {

QString folder() { return stateFolder() + QStringLiteral("/autosave"); }

// Files of one program: <stem>.mark (locked while it runs), <stem>-1..3.orrery, <stem>.png, <stem>.path.
bool alive(const QString& mark) {
  const int file = ::open(QFile::encodeName(mark).constData(), O_RDWR | O_CLOEXEC);
  if (file < 0) return false;
  const bool free = ::flock(file, LOCK_EX | LOCK_NB) == 0;
  ::close(file);
  return !free;
}

void removeAll(const QString& stem) {
  for (int turn = 1; turn <= Autosave::kTurns; ++turn) QFile::remove(QStringLiteral("%1-%2.orrery").arg(stem).arg(turn));
  for (const char* suffix : {".png", ".path", ".mark"}) QFile::remove(stem + QLatin1String(suffix));
}

}  // namespace

Autosave::Autosave() {
  QDir().mkpath(folder());
  stem_ = QStringLiteral("%1/%2-%3").arg(folder()).arg(::getpid()).arg(QRandomGenerator::global()->generate(), 8, 16, QLatin1Char('0'));
  lock_ = ::open(QFile::encodeName(stem_ + QStringLiteral(".mark")).constData(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock_ >= 0) ::flock(lock_, LOCK_EX | LOCK_NB);
}

Autosave::~Autosave() {
  if (lock_ >= 0) ::close(lock_);
}

bool Autosave::write(const QByteArray& project_json, const QString& project_path, const QImage& picture) {
  turn_ = turn_ % kTurns + 1;
  if (writeFileAtomically(QStringLiteral("%1-%2.orrery").arg(stem_).arg(turn_), project_json)) return false;
  writeFileAtomically(stem_ + QStringLiteral(".path"), project_path.toUtf8());
  if (!picture.isNull()) {
    QByteArray bytes;
    QBuffer buffer(&bytes);
    picture.scaled(128, 128, Qt::KeepAspectRatio, Qt::SmoothTransformation).save(&buffer, "PNG");
    writeFileAtomically(stem_ + QStringLiteral(".png"), bytes);
  }
  return true;
}

void Autosave::finish() { removeAll(stem_); }

QVector<Rescue> Autosave::find() {
  QVector<Rescue> list;
  const QDir dir(folder());
  for (const QString& mark : dir.entryList({QStringLiteral("*.mark")}, QDir::Files)) {
    const QString stem = dir.filePath(mark.chopped(5));
    if (alive(dir.filePath(mark))) continue;
    Rescue newest;
    for (int turn = 1; turn <= kTurns; ++turn) {
      const QFileInfo file(QStringLiteral("%1-%2.orrery").arg(stem).arg(turn));
      if (file.isFile() && file.size() > 0 && (newest.file.isEmpty() || file.lastModified() > newest.when)) newest = {file.absoluteFilePath(), file.lastModified(), {}, {}};
    }
    if (newest.file.isEmpty()) {
      removeAll(stem);
      continue;
    }
    newest.project = QString::fromUtf8(readSmallFile(stem + QStringLiteral(".path")).value_or(QByteArray()));
    // Saved properly after the last autosave: nothing was lost.
    if (!newest.project.isEmpty() && QFileInfo(newest.project).lastModified() > newest.when) {
      removeAll(stem);
      continue;
    }
    newest.picture = QImage(stem + QStringLiteral(".png"), "PNG");
    list << newest;
  }
  std::sort(list.begin(), list.end(), [](const Rescue& a, const Rescue& b) { return a.when > b.when; });
  return list;
}

void Autosave::discard(const Rescue& rescue) {
  const QString stem = rescue.file.left(rescue.file.lastIndexOf(QLatin1Char('-')));
  if (stem.startsWith(folder() + QLatin1Char('/'))) removeAll(stem);
}

}  // namespace orrery::ui
