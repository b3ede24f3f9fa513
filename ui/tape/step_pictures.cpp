#include "ui/tape/step_pictures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "ui/widgets/picture.h"

namespace orrery::ui {
namespace {

constexpr int kNice = 4;  // below the window and the network, above training

QImage shrunk(const QImage& picture, int px) {
  if (picture.isNull()) return picture;
  if (std::max(picture.width(), picture.height()) <= px) return picture.copy().convertToFormat(QImage::Format_ARGB32_Premultiplied);
  return picture.scaled(px, px, Qt::KeepAspectRatio, Qt::SmoothTransformation).convertToFormat(QImage::Format_ARGB32_Premultiplied);
}

}  // namespace

StepPictures::StepPictures(Tapes* tapes, QObject* parent) : QObject(parent), tapes_(tapes) {
  if (tapes_) thread_ = std::jthread([this](std::stop_token stop) { serve(stop); });
}

StepPictures::~StepPictures() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void StepPictures::want(int view, const StepKey& key) {
  {
    const std::lock_guard lock(mutex_);
    whole_[view] = key;
  }
  wake_.notify_all();
}

void StepPictures::forget(int view) {
  const std::lock_guard lock(mutex_);
  whole_.erase(view);
  done_.whole.erase(view);
}

QImage StepPictures::thumbnail(const StepKey& key) const {
  const Small* found = cache_.object(key);
  return found ? found->image : QImage();
}

void StepPictures::wantThumbnails(const std::vector<StepKey>& keys, int px) {
  std::vector<StepKey> missing;
  for (const auto& key : keys) {
    const Small* found = cache_.object(key);
    if (!found || found->px != px) missing.push_back(key);
  }
  std::reverse(missing.begin(), missing.end());
  {
    const std::lock_guard lock(mutex_);
    const bool same_size = px_ == px;
    px_ = px;
    std::erase_if(missing, [&](const StepKey& key) {
      return same_size && (key == at_work_ || std::any_of(done_.small.begin(), done_.small.end(), [&](const auto& made) { return made.first == key; }));
    });
    small_ = std::move(missing);
    if (small_.empty()) return;
  }
  wake_.notify_all();
}

void StepPictures::serve(std::stop_token stop) {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, stop, [this] { return !whole_.empty() || !small_.empty(); });
    if (stop.stop_requested()) return;
    if (!whole_.empty()) {
      const auto [view, key] = *whole_.begin();
      whole_.erase(whole_.begin());
      lock.unlock();
      Result<DeviceImage> image = tapes_->picture(key.tape, key.step, key.row);
      lock.lock();
      done_.whole.insert_or_assign(view, std::pair(key, std::move(image)));
    } else {
      const StepKey key = small_.back();
      const int px = px_;
      small_.pop_back();
      at_work_ = key;
      lock.unlock();
      const Result<DeviceImage> image = tapes_->picture(key.tape, key.step, key.row);
      Small small{image ? shrunk(imageOf(image.value()), px) : QImage(), px};
      lock.lock();
      at_work_ = {};
      done_.small.emplace_back(key, std::move(small));
    }
    post();
  }
}

// With the lock held: wakes the GUI thread unless it is on its way.
void StepPictures::post() {
  if (std::exchange(posted_, true)) return;
  QMetaObject::invokeMethod(
      this, [this] { take(); }, Qt::QueuedConnection);
}

void StepPictures::take() {
  Done done;
  {
    const std::lock_guard lock(mutex_);
    posted_ = false;
    done = std::exchange(done_, {});
  }
  for (auto& [key, small] : done.small) {
    const auto bytes = static_cast<qsizetype>(small.image.sizeInBytes()) + 64;
    cache_.insert(key, new Small(std::move(small)), bytes);
  }
  if (!done.small.empty()) Q_EMIT thumbnailsArrived();
  for (auto& [view, made] : done.whole) {
    if (made.second) {
      Q_EMIT arrived(view, made.first, made.second.value());
    } else {
      Q_EMIT failed(view, made.first, made.second.error());
    }
  }
}

}  // namespace orrery::ui
