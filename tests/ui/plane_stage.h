// A Stage on a fake engine whose models live in the plane, for tests that play it with real events.
#pragma once

#include <QKeyEvent>
#include <QSettings>
#include <QTest>
#include <QToolButton>
#include <memory>

#include "fake_plane.h"
#include "ui/session/session.h"
#include "ui/stage/stage.h"
#include "ui/style/theme.h"
#include "window_test.h"

namespace orrery::test {

class PlaneStage {
 protected:
  void prepare() {
    ownSettings();
    theme_ = new ui::Theme(*qApp, qApp);
  }
  void openStage(const fake::PlaneOptions& options, QSize size_px) {
    QSettings().clear();
    QSettings().setValue("reduceMotion", true);
    counters_ = std::make_shared<fake::PlaneCounters>();
    studio_ = fake::makePlaneStudio(options, counters_);
    session_ = std::make_unique<ui::Session>(*studio_);
    stage_ = std::make_unique<ui::Stage>(*session_);
    stage_->resize(size_px);
    stage_->show();
    QVERIFY(QTest::qWaitForWindowExposed(stage_.get()));
    session_->start();
    session_->noteAction();
  }
  void closeStage() {
    stage_.reset();
    session_.reset();
    studio_.reset();
  }
  void key(Qt::Key key, Qt::KeyboardModifiers modifiers = {}) {
    QKeyEvent press(QEvent::KeyPress, key, modifiers);
    stage_->handleKey(press);
  }
  // A real click on the button of `parent` with this accessible name.
  static void clickButton(QWidget& parent, const char* name) {
    for (auto* button : parent.findChildren<QToolButton*>()) {
      if (button->accessibleName() == QLatin1String(name)) return QTest::mouseClick(button, Qt::LeftButton, {}, button->rect().center());
    }
    QFAIL("no such button");
  }

  ui::Theme* theme_ = nullptr;
  std::shared_ptr<fake::PlaneCounters> counters_;
  std::unique_ptr<Studio> studio_;
  std::unique_ptr<ui::Session> session_;
  std::unique_ptr<ui::Stage> stage_;
};

}  // namespace orrery::test
