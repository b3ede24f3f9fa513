// Small files that are either the old or the new version, whatever happens in between. (QSaveFile reports success on a full disk and
// leaves an empty file behind.)
#pragma once

#include <QByteArray>
#include <QString>
#include <optional>

namespace orrery::ui {

// Replaces the file by `bytes`, making its folder when needed: written beside it, flushed to the disk, renamed over it. Follows a
// symbolic link to its target. Returns the system's reason when that failed; the old file is then untouched.
std::optional<QString> writeFileAtomically(const QString& path, const QByteArray& bytes);

// The whole file, or nothing when it is missing, unreadable or larger than `limit_bytes`.
std::optional<QByteArray> readSmallFile(const QString& path, qint64 limit_bytes = 64 << 20);

}  // namespace orrery::ui
