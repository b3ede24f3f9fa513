#include "ui/project/reveal_file.h"

#include <QDesktopServices>
#include <QFileInfo>
#include <QUrl>

namespace orrery::ui {

void revealFile(const QString& path) {
  const QFileInfo info(path);
  QDesktopServices::openUrl(QUrl::fromLocalFile(info.isDir() ? info.absoluteFilePath() : info.absolutePath()));
}

}  // namespace orrery::ui
