// Work beside the GUI thread that must not wait behind others': the Session's workers may be busy for minutes with making a data set.
#pragma once

#include <QMetaObject>
#include <QThreadPool>
#include <functional>
#include <memory>
#include <optional>

namespace orrery::ui {

// Runs `work` on a thread of `pool` and `done` in the GUI thread. `owner` has the pool as a member: it waits for its threads when it goes, and what
// was posted to it goes with it.
template <class T, class Owner>
void aside(QThreadPool& pool, Owner* owner, std::function<T()> work, std::function<void(T)> done) {
  pool.start([owner, work = std::move(work), done = std::move(done)] {
    auto result = std::make_shared<std::optional<T>>(work());
    QMetaObject::invokeMethod(
        owner, [result, done] { done(std::move(**result)); }, Qt::QueuedConnection);
  });
}

}  // namespace orrery::ui
