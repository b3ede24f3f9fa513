#include "window/run_window.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QIcon>
#include <QSettings>
#include <clocale>
#include <cstdio>

#include "ui/project/attached.h"
#include "ui/project/bind_project.h"
#include "ui/session/session.h"
#include "ui/stage/stage.h"
#include "ui/style/icons.h"
#include "ui/style/theme.h"
#include "ui/tape/tape_desk.h"
#include "ui/widgets/accessible_value.h"
#include "ui/window/main_window.h"
#include "window/termination_watch.h"

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
      ui::StageCore& core = window.stage().core();
      QObject::connect(&core.walk(), &ui::Walk::finished, &session, [&core, &session] {
        const auto& gaps = core.frameGaps();
        std::printf("dragged: %d frames, gap p50 %.1f p95 %.1f max %.1f ms; from a control to its picture p50 %.1f p95 %.1f ms\n", gaps.count(), gaps.percentile(0.5),
                    gaps.percentile(0.95), gaps.worst(), session.latencyPercentileMs(0.5), session.latencyPercentileMs(0.95));
        std::fflush(stdout);
      });
      auto& tape = ui::attached<ui::TapeDesk>(session);
      QObject::connect(&tape, &ui::TapeDesk::headMoved, &session, [&core, &tape, scrubs = false]() mutable {
        if (std::exchange(scrubs, tape.scrubbing()) == tape.scrubbing()) return;
        auto& gaps = core.frameGaps();
        tape.scrubbing() ? gaps.begin() : gaps.end();
        if (tape.scrubbing()) return;
        std::printf("scrubbed: %d frames, gap p50 %.1f p95 %.1f max %.1f ms\n", gaps.count(), gaps.percentile(0.5), gaps.percentile(0.95), gaps.worst());
        std::fflush(stdout);
      });
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
    const TerminationWatch watch([&window] { window.leave(); });
    code = application.exec();
    if (watch.asked()) code = exit_code(ErrorCode::interrupted);
  }
  return code;
}

}  // namespace orrery::app
