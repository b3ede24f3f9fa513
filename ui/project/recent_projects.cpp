#include "ui/project/recent_projects.h"

#include <QJsonArray>
#include <QJsonDocument>

#include "ui/project/atomic_write.h"
#include "ui/project/user_folders.h"

namespace orrery::ui {
namespace {

QString file() { return stateFolder() + QStringLiteral("/recent.json"); }

// A list that cannot be written costs convenience only: nothing is said.
void write(const QStringList& list) { writeFileAtomically(file(), QJsonDocument(QJsonArray::fromStringList(list)).toJson()); }

}  // namespace

QStringList RecentProjects::read() {
  QStringList list;
  const auto bytes = readSmallFile(file());
  for (const auto& item : QJsonDocument::fromJson(bytes.value_or(QByteArray())).array()) {
    if (item.isString() && list.size() < kMost) list << item.toString();
  }
  return list;
}

void RecentProjects::note(const QString& path) {
  QStringList list = read();
  list.removeAll(path);
  list.prepend(path);
  write(list.mid(0, kMost));
}

void RecentProjects::forget(const QString& path) {
  QStringList list = read();
  if (list.removeAll(path) > 0) write(list);
}

}  // namespace orrery::ui
