// Puts on the shelf what the person opens and makes: models, data sets, runs, exports; with undo for what the person takes off.
#pragma once

#include <QSet>
#include <QTimer>

#include "ui/session/session.h"
#include "ui/shelf/shelf_store.h"
#include "ui/shelf/thumbnails.h"

namespace orrery::ui {

class ShelfKeeper : public QObject {
  Q_OBJECT

 public:
  explicit ShelfKeeper(Session& session);

  ShelfStore& store() { return store_; }
  Thumbnails& thumbnails() { return *thumbnails_; }
  // Whether the file or folder was gone when last looked. A disk may be slow or asleep, so looking happens on a worker thread: after each
  // change, every few seconds while the program is in front, and when it comes to the front.
  bool missing(const QString& path) const { return missing_.contains(path); }

  // With a step in the history.
  void rename(const QString& path, const QString& name);
  void setTags(const QString& path, const QStringList& tags);
  void remove(const QString& path);
  void relocate(const QString& path, const QString& new_path);
  // Opens an entry as its kind wants.
  void open(const ShelfEntry& entry);

 Q_SIGNALS:
  void missingChanged(const QStringList& paths);  // whose state is another now

 private:
  void look();
  void puttingSize(ShelfEntry entry);
  void takeModels();
  void takeJob(const JobStatus& status);
  void takeFrame(int view, const Frame& frame);
  void takeData();

  Session& session_;
  ShelfStore store_;
  Thumbnails* thumbnails_;
  QSet<QString> missing_;
  QTimer again_;
  bool looking_ = false, look_again_ = false;
};

// Where a model lies: its file or run folder, or its id when it has none.
QString shelfPathOf(const ModelInfo& model);

}  // namespace orrery::ui
