// The net under a crash: the session as it was, written every two minutes to the state folder in three turns, and found again by the next
// start. What a program that still runs has written is not touched (it holds a lock on its mark).
#pragma once

#include <QDateTime>
#include <QImage>
#include <QString>
#include <QVector>

namespace orrery::ui {

struct Rescue {
  QString file;        // an autosave to open
  QDateTime when;
  QString project;     // the project it belongs to, "" for none
  QImage picture;      // what was on the stage
};

class Autosave {
 public:
  static constexpr int kTurns = 3;

  Autosave();   // marks this program as running
  ~Autosave();  // leaves the mark (a crash does the same); finish() takes it away
  Autosave(const Autosave&) = delete;
  Autosave& operator=(const Autosave&) = delete;

  // False when it could not be written.
  bool write(const QByteArray& project_json, const QString& project_path, const QImage& picture);
  // A proper end: nothing is left to rescue.
  void finish();

  // What programs that ended badly left behind: the newest of each, newest first.
  static QVector<Rescue> find();
  static void discard(const Rescue& rescue);

 private:
  QString stem_;
  int lock_ = -1;
  int turn_ = 0;
};

}  // namespace orrery::ui
