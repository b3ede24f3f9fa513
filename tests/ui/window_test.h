// What the tests of the window share: settings of their own, the theme, and pictures of the screen.
#pragma once

#include <QApplication>
#include <QDir>
#include <QScreen>
#include <QSettings>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>
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

}  // namespace orrery::test
