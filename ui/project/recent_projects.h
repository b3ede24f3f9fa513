// The projects that were open last, newest first, in the person's state folder.
#pragma once

#include <QStringList>

namespace orrery::ui {

class RecentProjects {
 public:
  static constexpr int kMost = 12;

  static QStringList read();
  static void note(const QString& path);
  static void forget(const QString& path);
};

}  // namespace orrery::ui
