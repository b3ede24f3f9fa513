#include "ui/project/user_folders.h"

#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>

namespace orrery::ui {
namespace {

QString xdg(const char* variable, const QString& fallback) {
  const QString set = qEnvironmentVariable(variable);
  const QString base = QDir::isAbsolutePath(set) ? set : QDir::homePath() + fallback;
  return QDir::cleanPath(base) + QStringLiteral("/orrery");
}

}  // namespace

QString dataFolder() { return xdg("XDG_DATA_HOME", QStringLiteral("/.local/share")); }
QString stateFolder() { return xdg("XDG_STATE_HOME", QStringLiteral("/.local/state")); }
QString storesFolder() { return dataFolder() + QStringLiteral("/data"); }
QString runsFolder() { return dataFolder() + QStringLiteral("/runs"); }

QString exportsFolder() {
  QString pictures = QStandardPaths::writableLocation(QStandardPaths::PicturesLocation);
  if (pictures.isEmpty()) pictures = QDir::homePath();
  return pictures + QStringLiteral("/Orrery");
}

QString freePath(const QString& folder, const QString& name, const QString& suffix) {
  QString path = folder + QLatin1Char('/') + name + suffix;
  for (int i = 2; QFileInfo::exists(path) || QFileInfo(path).isSymLink(); ++i) {
    path = folder + QLatin1Char('/') + name + QLatin1Char('-') + QString::number(i) + suffix;
  }
  return path;
}

QString fileNameFrom(const QString& text) {
  QString name;
  for (const QChar c : text) {
    if (c.isLetterOrNumber() || c == QLatin1Char('_')) {
      name += c;
    } else if (!name.isEmpty() && !name.endsWith(QLatin1Char('-'))) {
      name += QLatin1Char('-');
    }
  }
  while (name.endsWith(QLatin1Char('-'))) name.chop(1);
  return name.isEmpty() ? QStringLiteral("untitled") : name.left(80);
}

}  // namespace orrery::ui
