// Small pictures of what lies on the shelf, made once and kept in the person's data folder.
#pragma once

#include <QHash>
#include <QObject>
#include <QPixmap>
#include <QSet>

#include "ui/session/session.h"
#include "ui/shelf/shelf_store.h"

namespace orrery::ui {

class Thumbnails : public QObject {
  Q_OBJECT

 public:
  static constexpr int kSizePx = 96;

  explicit Thumbnails(Session& session);

  // Null when there is none yet; then one is made in the background where that can be done, and changed() tells.
  QPixmap of(const ShelfEntry& entry);
  // Where the model of an entry lies whose path is only a name, as a starter's.
  void liesAt(const QString& entry_path, const QString& file) { files_[entry_path] = file; }
  // A picture that a model has just made; kept when there is none or the weights are others.
  void keep(const QString& path, const QImage& picture, const std::string& weights);

 Q_SIGNALS:
  void changed(const QString& path);

 private:
  QString fileOf(const QString& path) const;
  void make(const ShelfEntry& entry);
  void put(const QString& path, const QImage& picture);

  Session& session_;
  QHash<QString, QPixmap> known_;
  QSet<QString> asked_;
  QHash<QString, QString> weights_, files_;
};

}  // namespace orrery::ui
