// The project file: one session on disk as JSON. Hostile until proven otherwise; whatever is unknown is left alone.
#pragma once

#include <QByteArray>
#include <QString>
#include <QStringList>

#include "engine/api/result.h"
#include "ui/session/session.h"

namespace orrery::ui {

struct Project {
  SessionState session;
  QString workspace;          // "play", "train", "data", "compare"
  QByteArray window_layout;   // QMainWindow::saveState of that workspace
  QString dataset;            // the store that the Data workspace shows
  QStringList shelf;          // paths on the shelf that belong to the project
};

QByteArray projectToJson(const Project& project);
Result<Project> projectFromJson(const QByteArray& json);

}  // namespace orrery::ui
