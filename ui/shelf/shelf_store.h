// What lies on the shelf, kept in one small JSON file of the person's data folder. Values only: nothing here opens a model or a picture.
#pragma once

#include <QDateTime>
#include <QObject>
#include <QString>
#include <QStringList>
#include <QVector>
#include <optional>

namespace orrery::ui {

enum class ShelfKind { model, data, run, exported };

struct ShelfEntry {
  ShelfKind kind = ShelfKind::model;
  QString path;      // file or folder; "builtin:emoji" and "starter:..." ids are places that always exist
  QString name;
  QString system;    // SystemInfo::id, empty where there is none
  QString note;      // "64 px, 1,870 pictures"
  QStringList tags;
  qint64 size_bytes = 0;
  QDateTime when;    // made or first seen
  bool starter = false;

  bool operator==(const ShelfEntry&) const = default;
};

// True for places that are no files: they cannot be missing, renamed on disk or revealed.
bool isBuiltIn(const QString& path);
// Asks the disk: on worker threads only (ShelfKeeper::missing is what the window asks).
bool isMissing(const ShelfEntry& entry);

class ShelfStore : public QObject {
  Q_OBJECT

 public:
  explicit ShelfStore(QString file, QObject* parent = nullptr);

  const QVector<ShelfEntry>& entries() const { return entries_; }
  const ShelfEntry* find(const QString& path) const;
  // Adds, or refreshes size, system and note of the entry of that path; name, tags and time stay as the person knows them.
  void put(const ShelfEntry& entry);
  void remove(const QString& path);
  // Puts back exactly what was there (undo of remove), or replaces name, tags or path.
  void restore(const ShelfEntry& entry);
  void rename(const QString& path, const QString& name);
  void setTags(const QString& path, const QStringList& tags);
  void relocate(const QString& path, const QString& new_path);

  // Reads the file. A damaged one is set aside under "<file>.damaged" and told through `problem`.
  void load();

 Q_SIGNALS:
  void changed();
  void problem(const QString& what, const QString& details);

 private:
  void save();
  ShelfEntry* entryOf(const QString& path);

  QString file_;
  QVector<ShelfEntry> entries_;
};

QByteArray shelfToJson(const QVector<ShelfEntry>& entries);
std::optional<QVector<ShelfEntry>> shelfFromJson(const QByteArray& json);

}  // namespace orrery::ui
