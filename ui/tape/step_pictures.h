// Pictures of a tape's steps, fetched on a thread of their own: whole ones for the stage (the newest wish of a view wins), small ones for the
// film strip, kept within a bound. The GUI thread only ever looks at what is here.
#pragma once

#include <QCache>
#include <QHashFunctions>
#include <QImage>
#include <QObject>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/api/tape.h"

namespace orrery::ui {

struct StepKey {
  TapeId tape = 0;
  std::int64_t step = 0;
  TapeRow row = TapeRow::state;
  bool operator==(const StepKey&) const = default;
};
inline size_t qHash(const StepKey& key, size_t seed = 0) { return qHashMulti(seed, key.tape, static_cast<qint64>(key.step), static_cast<int>(key.row)); }

class StepPictures : public QObject {
  Q_OBJECT

 public:
  static constexpr int kCacheBytes = 48 << 20;

  explicit StepPictures(Tapes* tapes, QObject* parent = nullptr);
  ~StepPictures() override;

  // A whole picture; a later wish of the same view replaces it.
  void want(int view, const StepKey& key);
  void forget(int view);

  // Null: not here yet.
  QImage thumbnail(const StepKey& key) const;
  // The small pictures that are looked at now, the most important first; what was wished before and is not among them is not fetched. `px`: of
  // the longer side, in device pixels. Wishes that are there already cost nothing.
  void wantThumbnails(const std::vector<StepKey>& keys, int px);
  int cachedBytes() const { return static_cast<int>(cache_.totalCost()); }

 Q_SIGNALS:
  void arrived(int view, const orrery::ui::StepKey& key, const orrery::DeviceImage& image);
  void failed(int view, const orrery::ui::StepKey& key, const orrery::JobError& error);
  void thumbnailsArrived();

 private:
  struct Small {
    QImage image;
    int px = 0;
  };
  struct Done {
    std::map<int, std::pair<StepKey, Result<DeviceImage>>> whole;
    std::vector<std::pair<StepKey, Small>> small;
  };
  void serve(std::stop_token stop);
  void post();
  void take();

  Tapes* tapes_;
  QCache<StepKey, Small> cache_{kCacheBytes};
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any wake_;
  std::map<int, StepKey> whole_;
  std::vector<StepKey> small_;  // last first
  StepKey at_work_{};
  int px_ = 64;
  Done done_;
  bool posted_ = false;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace orrery::ui
