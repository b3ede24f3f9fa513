// The project at hand: open, save, autosave, and whether anything is unsaved. The window lends it its layout.
#pragma once

#include <QLockFile>
#include <QTimer>
#include <functional>
#include <memory>
#include <optional>

#include "ui/project/autosave.h"
#include "ui/project/project_file.h"

namespace orrery::ui {

class ProjectKeeper : public QObject {
  Q_OBJECT

 public:
  struct Window {
    std::function<QByteArray()> layout;                                            // QMainWindow::saveState
    std::function<QString()> workspace;                                            // the one that shows
    std::function<void(const QString& workspace, const QByteArray& layout)> restore;
  };

  explicit ProjectKeeper(Session& session);
  ~ProjectKeeper() override;
  void setWindow(Window window) { window_ = std::move(window); }
  // Looks for what a crash left behind and opens the sheet "projects" when there is something.
  void start();

  const QString& path() const { return path_; }  // "" while the project has no file
  QString name() const;
  bool modified() const;
  bool readOnly() const { return read_only_; }

  // Ctrl+S: into its file, or by the sheet "projects" when it has none yet. False when nothing was written.
  bool save();
  bool saveAs(const QString& path);
  void open(const QString& path);
  // The starter, one view, an empty timeline, no file.
  void startNew();

  const QVector<Rescue>& rescues() const { return rescues_; }
  void restore(const Rescue& rescue);
  void discard(const Rescue& rescue);

  // The window closes: what is unsaved is kept as the "last session" and offered at the next start; nothing is asked.
  void leave();
  static QString lastSessionFile();

  void setAutosaveInterval(int ms) { timer_.setInterval(ms); }  // 2 min by default
  bool autosave();

 Q_SIGNALS:
  void changed();  // path, name, modified or rescues

 private:
  Project project() const;
  QByteArray content() const { return projectToJson(project()); }
  void load(const Project& project, const QString& path, const QByteArray& saved);
  bool claim(const QString& path);
  void noteSaved(const QString& path);
  void lookModified();

  Session& session_;
  Window window_;
  QString path_;
  QByteArray saved_;           // what lies beside the history, as it was last saved
  bool read_only_ = false;
  bool was_modified_ = false;
  std::unique_ptr<QLockFile> lock_;
  Autosave autosave_;
  QByteArray autosaved_;
  QTimer timer_;
  QTimer look_;
  QVector<Rescue> rescues_;
};

}  // namespace orrery::ui
