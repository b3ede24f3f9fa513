#include "ui/project/bind_project.h"

#include "ui/project/attached.h"
#include "ui/project/project_keeper.h"
#include "ui/window/main_window.h"

namespace orrery::ui {

void bindProject(MainWindow& window) {
  auto& keeper = attached<ProjectKeeper>(window.session());
  ProjectKeeper::Window lent;
  lent.layout = [&window] { return window.layoutState(); };
  lent.workspace = [&window] { return window.workspace(); };
  lent.restore = [&window](const QString& workspace, const QByteArray& layout) {
    window.setWorkspace(workspace);
    if (!layout.isEmpty()) window.setLayoutState(layout);
  };
  keeper.setWindow(std::move(lent));
  const auto title = [&window, &keeper] {
    window.setWindowTitle(QStringLiteral("%1[*] - Orrery").arg(keeper.name()));
    window.setWindowModified(keeper.modified() && !keeper.path().isEmpty());
  };
  QObject::connect(&keeper, &ProjectKeeper::changed, &window, title);
  QObject::connect(&window, &MainWindow::closing, &keeper, [&keeper] {
    keeper.leave();
    keeper.setWindow({});  // the window goes first
  });
  title();
  keeper.start();
}

}  // namespace orrery::ui
