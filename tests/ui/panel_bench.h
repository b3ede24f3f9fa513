// What every test of a panel stands on: a person's folders of its own, the look, a Session over the fake Studio, and pictures of what is shown.
#pragma once

#include <QPushButton>
#include <QApplication>
#include <QDir>
#include <QImage>
#include <QLabel>
#include <QPainter>
#include <QTemporaryDir>
#include <QPushButton>
#include <QTest>
#include <QToolButton>
#include <QWidget>
#include <functional>
#include <memory>

#include "fake_studio.h"
#include "ui/session/session.h"
#include "ui/style/theme.h"

namespace orrery::ui {

class Bench {
 public:
  explicit Bench(const fake::Options& options = {.job_speed = 20.0}) {
    for (const char* name : {"XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_PICTURES_DIR"}) qputenv(name, home.path().toUtf8());
    qputenv("HOME", home.path().toUtf8());
    if (qEnvironmentVariableIsEmpty("XDG_RUNTIME_DIR")) qputenv("XDG_RUNTIME_DIR", home.path().toUtf8());
    counters = std::make_shared<fake::Counters>();
    studio = fake::makeStudio(options, counters);
    session = std::make_unique<Session>(*studio);
  }
  ~Bench() {
    session.reset();
    studio.reset();
  }

  // The panel in a window of that size, ready for events.
  template <class Panel>
  Panel& show(Panel* panel, QSize size) {
    panel->setAttribute(Qt::WA_DeleteOnClose, false);
    panel->resize(size);
    panel->setAutoFillBackground(true);
    panel->show();
    panel->activateWindow();
    if (!QTest::qWaitForWindowActive(panel)) QTest::qWait(50);
    return *panel;
  }

  QTemporaryDir home;
  std::shared_ptr<fake::Counters> counters;
  std::unique_ptr<Studio> studio;
  std::unique_ptr<Session> session;
};

// Keeps what the widget looks like, dark and light, as <name>-dark.png and <name>-light.png for whoever changes it.
inline void keepShots(QWidget& widget, const QString& name) {
  static Theme theme(*qApp);
  QDir().mkpath(QStringLiteral(ORRERY_SHOTS_DIR));
  for (const auto& [choice, suffix] : {std::pair(ThemeChoice::light, "light"), {ThemeChoice::dark, "dark"}}) {
    theme.setChoice(choice);
    QTest::qWait(60);
    QVERIFY(widget.grab().save(QStringLiteral("%1/%2-%3.png").arg(QStringLiteral(ORRERY_SHOTS_DIR), name, QLatin1String(suffix))));
  }
}

// The look, before the first widget.
inline void useLook() {
  static Theme theme(*qApp);
  theme.setChoice(ThemeChoice::dark);
}

// The child that shows this text or has this object name.
template <class Widget>
Widget* findBy(const QWidget& in, const QString& text) {
  for (Widget* one : in.findChildren<Widget*>()) {
    if (one->text() == text || one->objectName() == text) return one;
  }
  return nullptr;
}

}  // namespace orrery::ui
