#include "ui/project/atomic_write.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace orrery::ui {
namespace {

QString reason() { return QString::fromLocal8Bit(std::strerror(errno)); }

bool writeAll(int file, const QByteArray& bytes) {
  const char* at = bytes.constData();
  qsizetype left = bytes.size();
  while (left > 0) {
    const ssize_t done = ::write(file, at, static_cast<std::size_t>(left));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return false;
    if (done == 0) {
      errno = ENOSPC;
      return false;
    }
    at += done;
    left -= done;
  }
  return true;
}

// Makes the rename itself last through a power cut.
bool flushFolder(const QByteArray& folder) {
  const int file = ::open(folder.constData(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return false;
  const bool ok = ::fsync(file) == 0 || errno == EINVAL;  // EINVAL: a file system that cannot flush folders
  ::close(file);
  return ok;
}

}  // namespace

std::optional<QString> writeFileAtomically(const QString& path, const QByteArray& bytes) {
  static std::atomic<unsigned> counter{0};
  const QFileInfo asked(path);
  const QString target = asked.isSymLink() && asked.exists() ? asked.canonicalFilePath() : asked.absoluteFilePath();
  const QFileInfo info(target);
  if (!QDir().mkpath(info.absolutePath())) return QStringLiteral("%1: %2").arg(info.absolutePath(), reason());

  const QByteArray final_name = QFile::encodeName(target);
  const QByteArray folder = QFile::encodeName(info.absolutePath());
  const QByteArray temporary = folder + "/.orrery-" + QByteArray::number(counter++) + ".tmp" + QByteArray::number(::getpid());
  const int file = ::open(temporary.constData(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
  if (file < 0) return reason();

  bool ok = writeAll(file, bytes) && ::fsync(file) == 0;
  std::optional<QString> failure;
  if (!ok) failure = reason();
  if (::close(file) != 0 && ok) {
    failure = reason();
    ok = false;
  }
  if (ok && ::rename(temporary.constData(), final_name.constData()) != 0) {
    failure = reason();
    ok = false;
  }
  if (!ok) {
    ::unlink(temporary.constData());
    return failure;
  }
  if (!flushFolder(folder)) return reason();
  return std::nullopt;
}

std::optional<QByteArray> readSmallFile(const QString& path, qint64 limit_bytes) {
  const QFileInfo info(path);
  if (!info.isFile() || info.size() > limit_bytes) return std::nullopt;
  QFile file(path);
  if (!file.open(QIODevice::ReadOnly)) return std::nullopt;
  QByteArray bytes = file.read(limit_bytes + 1);
  if (bytes.size() > limit_bytes || file.error() != QFileDevice::NoError) return std::nullopt;
  return bytes;
}

}  // namespace orrery::ui
