#include "ui/project/atomic_write.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>

#include "engine/api/save_file.h"

namespace orrery::ui {

std::optional<QString> writeFileAtomically(const QString& path, const QByteArray& bytes) {
  const QFileInfo asked(path);
  if (!asked.isSymLink() && !QDir().mkpath(asked.absolutePath())) return QStringLiteral("The folder %1 cannot be made.").arg(asked.absolutePath());
  const auto saved = save_file(QFile::encodeName(asked.absoluteFilePath()).toStdString(), {bytes.constData(), static_cast<std::size_t>(bytes.size())});
  return saved ? std::nullopt : std::optional(QString::fromStdString(saved.error().what_happened));
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
