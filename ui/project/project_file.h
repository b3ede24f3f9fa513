// The project file: one session on disk as JSON. Hostile until proven otherwise; whatever is unknown is left alone.
#pragma once

#include <QByteArray>
#include <QString>

#include "engine/api/result.h"
#include "ui/session/session.h"
#include "ui/shelf/shelf_store.h"

namespace orrery::ui {

struct Project {
  SessionState session;
  QString workspace;          // "play", "train", "data", "compare"
  QByteArray window_layout;   // QMainWindow::saveState of that workspace
  QString dataset;            // the store that the Data workspace shows
  QVector<ShelfEntry> shelf;  // what the project uses: its models, data and runs
};

QByteArray projectToJson(const Project& project);
Result<Project> projectFromJson(const QByteArray& json);

}  // namespace orrery::ui
