// What the tests of the window share: settings of their own, drops, and pictures of the screen.
#pragma once

#include <QApplication>
#include <QDir>
#include <QDragEnterEvent>
#include <QMimeData>
#include <QScreen>
#include <QSettings>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
#include <QUrl>
#include <QWidget>

namespace orrery::test {

// Settings in a folder that goes away; call before the first QSettings.
inline void ownSettings() {
  static QTemporaryDir folder;
  QCoreApplication::setOrganizationName("Orrery-test");
  QCoreApplication::setApplicationName("orrery-test");
  QSettings::setDefaultFormat(QSettings::IniFormat);
  QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, folder.path());
  QStandardPaths::setTestModeEnabled(true);
}

// What is on the screen there, native windows included (QWidget::grab would miss the stage).
inline QImage shotOf(QWidget& window) {
  window.raise();
  QTest::qWait(60);
  return window.screen()->grabWindow(window.winId()).toImage();
}

inline void keepShot(QWidget& window, const QString& name) {
  QDir().mkpath(ORRERY_SHOTS_DIR);
  const QString scale = window.devicePixelRatioF() == 1.0 ? QString() : QStringLiteral("@%1x").arg(window.devicePixelRatioF());
  shotOf(window).save(QStringLiteral(ORRERY_SHOTS_DIR "/%1%2.png").arg(name, scale));
}

// Files dropped on a widget, as Qt brings them; whether both the entry and the drop were taken.
inline bool drop(QWidget& on, const QStringList& paths, const QPoint& at = {10, 10}) {
  QMimeData mime;
  QList<QUrl> urls;
  for (const QString& path : paths) urls << QUrl::fromLocalFile(path);
  mime.setUrls(urls);
  QDragEnterEvent enter(at, Qt::CopyAction, &mime, Qt::LeftButton, {});
  QCoreApplication::sendEvent(&on, &enter);
  if (!enter.isAccepted()) return false;
  QDropEvent event(QPointF(at), Qt::CopyAction, &mime, Qt::LeftButton, {});
  QCoreApplication::sendEvent(&on, &event);
  return event.isAccepted();
}

}  // namespace orrery::test
