#include "window/run_window.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QIcon>
#include <QSettings>
#include <clocale>
#include <cstdio>

#include "ui/project/bind_project.h"
#include "ui/session/session.h"
#include "ui/style/icons.h"
#include "ui/style/theme.h"
#include "ui/widgets/accessible_value.h"
#include "ui/window/main_window.h"

namespace orrery::app {

int run_window(int argc, char** argv, const std::function<std::unique_ptr<Studio>()>& make_studio, const std::vector<std::string>& paths) {
  QElapsedTimer since_start;
  since_start.start();
  QCoreApplication::setOrganizationName(QStringLiteral("Orrery"));
  QCoreApplication::setApplicationName(QStringLiteral("orrery"));
  QCoreApplication::setApplicationVersion(QStringLiteral(ORRERY_VERSION));
  QGuiApplication::setDesktopFileName(QStringLiteral("orrery"));
  QApplication application(argc, argv);
  // Files and messages keep their decimal points, whatever the person's locale is; the window formats by QLocale.
  std::setlocale(LC_NUMERIC, "C");
  ui::installAccessibleFactories();
  ui::Theme theme(application);
  QApplication::setWindowIcon(ui::icon(QStringLiteral("orrery"), theme.accentColor()));

  const std::unique_ptr<Studio> studio = make_studio();
  int code = 0;
  {
    ui::Session session(*studio);
    ui::MainWindow window(session, theme);
    if (qEnvironmentVariableIsSet("ORRERY_TIMING")) {
      QObject::connect(&session, &ui::Session::frameArrived, &session, [&since_start, once = false]() mutable {
        if (!std::exchange(once, true))
          std::printf("first picture after %lld ms\n", static_cast<long long>(since_start.elapsed())), std::fflush(stdout);
      });
    }
    window.show();
    session.start();
    ui::bindProject(window);
    QStringList opened;
    for (const auto& path : paths) opened << QString::fromStdString(path);
    if (!opened.isEmpty())
      QMetaObject::invokeMethod(
          &session, [&session, opened] { session.openPaths(opened); }, Qt::QueuedConnection);
    code = application.exec();
  }
  return code;
}

}  // namespace orrery::app
