// The engine's tapes: recorded by lanes and verbs, looked at by the window, kept within a budget of memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/api/tape.h"
#include "engine/explore/tape_step.h"

namespace orrery {

struct TapeOptions {
  std::size_t budget_bytes = std::size_t{256} << 20;
  std::string spill_folder;  // empty: "tapes" in the user's cache
  // The request for an open model of these weights; nullopt: none is open. Without it every tape may be opened, and keeps the id it was saved with.
  std::function<std::optional<Request>(const std::string& model_hash)> find_model = {};
};

// A tape as it is while it is read or written elsewhere.
struct TapeContents {
  TapeInfo info;
  std::vector<std::shared_ptr<const RecordedStep>> steps;
};

class TapeRecording;

class TapeStore : public Tapes {
 public:
  explicit TapeStore(TapeOptions options = {});
  // Waits for files that are being written.
  ~TapeStore() override;

  std::vector<TapeInfo> tapes() const override;
  Result<DeviceImage> picture(TapeId tape, std::int64_t step, TapeRow row) const override;
  Result<std::vector<float>> points(TapeId tape, std::int64_t step, TapeRow row) const override;
  Result<Request> branch(TapeId tape, std::int64_t step, const Request& changed) override;
  void rename(TapeId tape, const std::string& name) override;
  void close(TapeId tape) override;
  void save(TapeId tape, const std::string& path, std::function<void(Result<bool>)> done) override;
  void open(const std::string& path, std::function<void(Result<TapeInfo>)> done) override;
  void set_budget(std::size_t memory_bytes) override;
  void set_listener(Listener listener) override;

  // Starts the tape of a rendering that is about to begin. What an older tape knows of the same request (or of one that is the same up to a
  // branch) is offered to it. `owner`'s tape before, unless kept, is dropped once the new one has a step. nullptr: recording is off.
  std::unique_ptr<TapeRecording> record(std::uint64_t owner, const Request& request, const std::string& model_name, const std::string& model_hash);
  // Drops the owner's tape unless it is kept.
  void forget(std::uint64_t owner);

  // On this thread. Throw Error: wrong_use (no such tape), bad_input, disk_full, failed.
  void save_now(TapeId tape, const std::string& path) const;
  TapeInfo open_now(const std::string& path);
  TapeContents contents(TapeId tape) const;

 private:
  friend class TapeRecording;
  struct Tape;
  class Inside;
  std::shared_ptr<Inside> inside_;
};

// One rendering's tape while it grows. One thread; may outlive the store.
class TapeRecording {
 public:
  ~TapeRecording();
  TapeRecording(const TapeRecording&) = delete;
  TapeRecording& operator=(const TapeRecording&) = delete;

  TapeId id() const { return !tape_ || next_ > 0 ? id_ : 0; }  // 0 while it has no step
  // As RenderObserver's.
  std::int64_t recorded() const { return static_cast<std::int64_t>(known_.size()) - 1; }
  RenderStep recorded_step(std::int64_t step);
  // Appends. Throws Error(disk_full, failed) once, when older steps had to go to a disk that did not take them: the tape ends here, and later
  // calls do nothing.
  void add(const RenderStep& step);
  // The rendering ran to its end.
  void finish();

 private:
  friend class TapeStore;
  TapeRecording(std::shared_ptr<TapeStore::Inside> inside, std::shared_ptr<TapeStore::Tape> tape, TapeId id, std::vector<std::shared_ptr<const RecordedStep>> known, std::uint64_t owner);
  void take_over(std::int64_t steps);

  std::shared_ptr<TapeStore::Inside> inside_;
  std::shared_ptr<TapeStore::Tape> tape_;
  TapeId id_;
  std::vector<std::shared_ptr<const RecordedStep>> known_;
  std::uint64_t owner_;
  double started_ms_ = 0.0;   // of a monotonic clock
  std::int64_t went_on_ = -1; // the last step that was asked for
  std::int64_t next_ = 0;     // the step that comes next
  bool broken_ = false;
};

}  // namespace orrery
