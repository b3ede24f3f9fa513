// What several panels share (the shelf's list, the data at hand, the project) hangs on the Session: made when first asked for, gone with it.
#pragma once

#include "ui/session/session.h"

namespace orrery::ui {

// T is a QObject with a constructor T(Session&) that makes the Session its parent.
template <class T>
T& attached(Session& session) {
  if (T* found = session.findChild<T*>(QString(), Qt::FindDirectChildrenOnly)) return *found;
  return *new T(session);
}

}  // namespace orrery::ui
