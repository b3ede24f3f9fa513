#include "engine/explore/tape_store.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <thread>

#include "engine/explore/rgba_frame.h"
#include "engine/explore/tape_branches.h"
#include "engine/explore/tape_file.h"
#include "engine/io/cache_dir.h"
#include "engine/jobs/boundary.h"

namespace orrery {
namespace {

constexpr double kTell_ms = 33.0;             // between two reports of a tape that grows
constexpr std::int64_t kAhead = 8;            // steps read from the disk before they are asked for
constexpr std::size_t kCachePart = 8;         // this part of the budget is for steps that were read back

using Steps = std::vector<std::shared_ptr<RecordedStep>>;

double now_ms() { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

[[noreturn]] void gone() { throw Error(ErrorCode::wrong_use, "This tape is not there any more.", "Nothing was changed.", "Choose another one."); }

// The file that a tape's steps go to, made when the first one does.
struct SpillSlot {
  std::shared_ptr<SpillFile> file;  // guarded by Inside::spilling_
};

template <class T>
Result<T> caught(const std::function<T()>& work) {
  try {
    return work();
  } catch (...) {
    return error_of(std::current_exception());
  }
}

}  // namespace

struct TapeStore::Tape {
  TapeInfo info;  // without steps and sizes
  Steps steps;
  std::shared_ptr<SpillSlot> spill = std::make_shared<SpillSlot>();
  double told_ms = 0.0;

  TapeInfo described() const {
    TapeInfo out = info;
    for (const auto& step : steps) {
      out.steps.push_back(step->facts());
      (step->in_memory() ? out.memory_bytes : out.disk_bytes) += step->bytes();
    }
    for (const auto row : {TapeRow::state, TapeRow::prediction, TapeRow::difference, TapeRow::noise}) {
      const auto has = [&](const auto& step) {
        const auto rows = step->rows();
        return std::find(rows.begin(), rows.end(), row) != rows.end();
      };
      if (std::any_of(steps.begin(), steps.begin() + std::min<std::ptrdiff_t>(3, static_cast<std::ptrdiff_t>(steps.size())), has)) out.rows.push_back(row);
    }
    return out;
  }
};

class TapeStore::Inside : public std::enable_shared_from_this<TapeStore::Inside> {
 public:
  explicit Inside(TapeOptions options) : options_(std::move(options)), budget_(options_.budget_bytes), thread_([this](std::stop_token stop) { serve(stop); }) {}

  void stop() {
    thread_.request_stop();
    thread_.join();
  }

  // Work for the thread of files.
  void later(std::function<void()> work) {
    {
      const std::lock_guard lock(waiting_mutex_);
      waiting_.push_back(std::move(work));
    }
    wake_.notify_one();
  }

  std::vector<TapeInfo> tapes() const {
    const std::lock_guard lock(mutex_);
    std::vector<TapeInfo> out;
    for (const auto& [id, tape] : tapes_) out.push_back(tape->described());
    return out;
  }

  TapeContents contents(TapeId id) const {
    const std::lock_guard lock(mutex_);
    const Tape& tape = find(id);
    return {tape.described(), {tape.steps.begin(), tape.steps.end()}};
  }

  // A step and what a row of it needs.
  struct Look {
    std::shared_ptr<RecordedStep> step;
    StepTensors tensors, before;
  };
  Look look(TapeId id, std::int64_t index, TapeRow row) {
    std::shared_ptr<RecordedStep> step, before;
    std::vector<std::shared_ptr<RecordedStep>> ahead;
    {
      const std::lock_guard lock(mutex_);
      const Tape& tape = find(id);
      const auto count = static_cast<std::int64_t>(tape.steps.size());
      if (index < 0 || index >= count) throw Error(ErrorCode::wrong_use, "The tape has no step " + std::to_string(index) + ".", "Nothing was changed.", "It has steps 0 to " + std::to_string(count - 1) + ".");
      step = tape.steps[static_cast<std::size_t>(index)];
      if (row == TapeRow::difference && index > 0) before = tape.steps[static_cast<std::size_t>(index) - 1];
      const std::int64_t direction = index >= last_looked_ ? 1 : -1;
      last_looked_ = index;
      for (std::int64_t i = 1; i <= kAhead; ++i) {
        const std::int64_t next = index + i * direction;
        if (next >= 0 && next < count && !tape.steps[static_cast<std::size_t>(next)]->in_memory()) ahead.push_back(tape.steps[static_cast<std::size_t>(next)]);
      }
    }
    Look out{step, tensors_of(step), before ? tensors_of(before) : StepTensors{}};
    if (!ahead.empty()) {
      {
        const std::lock_guard lock(waiting_mutex_);
        ahead_ = std::move(ahead);
      }
      wake_.notify_one();
    }
    return out;
  }

  Request branch(TapeId id, std::int64_t step, const Request& changed) {
    const std::lock_guard lock(mutex_);
    Tape& tape = find(id);
    const auto count = static_cast<std::int64_t>(tape.steps.size());
    if (step < 0 || step >= count || (tape.info.complete && step == count - 1)) {
      throw Error(ErrorCode::wrong_use, "The tape cannot branch at step " + std::to_string(step) + ".", "Nothing was changed.", "Choose a step from 0 to " + std::to_string(std::max<std::int64_t>(count - 2, 0)) + ".");
    }
    tape.info.kept = true;
    return branched(tape.info.request, step, changed);
  }

  void rename(TapeId id, const std::string& name) {
    TapeInfo info;
    {
      const std::lock_guard lock(mutex_);
      const auto found = tapes_.find(id);
      if (found == tapes_.end()) return;
      found->second->info.name = name;
      found->second->info.kept = true;
      info = found->second->described();
    }
    tell(info);
  }

  void close(TapeId id) {
    std::shared_ptr<Tape> tape;  // its steps are freed after the lock
    {
      const std::lock_guard lock(mutex_);
      tape = taken_out(id);
    }
    if (tape) tell_gone(*tape);
  }

  void forget(std::uint64_t owner) {
    std::shared_ptr<Tape> tape;
    {
      const std::lock_guard lock(mutex_);
      tape = dropped(owner);
      newest_.erase(owner);
    }
    if (tape) tell_gone(*tape);
  }

  void set_budget(std::size_t bytes) {
    budget_ = bytes;
    later([this] {
      try {
        make_room();
      } catch (const Error&) {  // the next recording says so
      }
    });
  }

  void set_listener(Listener listener) {
    const std::lock_guard lock(mutex_);
    listener_ = std::move(listener);
  }

  // Where a recording of this request begins.
  struct Beginning {
    std::shared_ptr<Tape> tape;  // null: tape `id` has it all
    TapeId id = 0;
    std::vector<std::shared_ptr<const RecordedStep>> known;
  };
  Beginning beginning(std::uint64_t owner, const Request& request, const std::string& model_name, const std::string& model_hash) {
    Beginning out{std::make_shared<Tape>(), 0, {}};
    out.tape->info.request = request;
    out.tape->info.model_name = model_name;
    out.tape->info.model_hash = model_hash;
    const std::lock_guard lock(mutex_);
    for (const auto& [id, other] : tapes_) {
      if (other->info.model_hash != model_hash) continue;
      const std::int64_t last = std::min(steps_in_common(request, other->info.request), static_cast<std::int64_t>(other->steps.size()) - 1);
      if (last >= static_cast<std::int64_t>(out.known.size())) out.known.assign(other->steps.begin(), other->steps.begin() + last + 1);
      const bool same = other->info.request == request;
      if (same && other->info.complete && (other->info.kept || newest_[owner] == id)) return {nullptr, id, {other->steps.begin(), other->steps.end()}};  // asked for once more
      if (!same && !request.branches.empty() && last >= request.branches.back().step) take_for_parent(*out.tape, *other, request);
    }
    out.id = ++last_id_;
    return out;
  }

  // Puts the tape among the others and drops the owner's last one.
  void begin(const std::shared_ptr<Tape>& tape, TapeId id, std::uint64_t owner) {
    std::shared_ptr<Tape> old;
    {
      const std::lock_guard lock(mutex_);
      old = dropped(owner);
      newest_[owner] = id;
      tape->info.id = id;
      if (tape->info.name.empty()) tape->info.name = free_name();
      if (const auto parent = tapes_.find(tape->info.parent); parent != tapes_.end()) parent->second->info.kept = true;
      else tape->info.parent = 0;
      tapes_[id] = tape;
    }
    if (old) tell_gone(*old);
  }

  void reused(TapeId id, std::uint64_t owner) {
    std::shared_ptr<Tape> old;
    {
      const std::lock_guard lock(mutex_);
      if (const auto newest = newest_.find(owner); newest != newest_.end() && newest->second != id) old = dropped(owner);
      newest_[owner] = id;
    }
    if (old) tell_gone(*old);
  }

  void append(Tape& tape, const std::vector<std::shared_ptr<RecordedStep>>& steps, bool fresh) {
    TapeInfo info;
    {
      const std::lock_guard lock(mutex_);
      tape.steps.insert(tape.steps.end(), steps.begin(), steps.end());
      if (fresh) {
        for (const auto& step : steps) order_.push_back({step, tape.spill});
      }
      if (const double now = now_ms(); now - tape.told_ms >= kTell_ms && tapes_.count(tape.info.id)) {
        tape.told_ms = now;
        info = tape.described();
      }
    }
    if (info.id) tell(info);
    make_room();
  }

  void finish(Tape& tape, bool complete) {
    TapeInfo info;
    {
      const std::lock_guard lock(mutex_);
      tape.info.complete = complete;
      if (!tapes_.count(tape.info.id)) return;
      info = tape.described();
    }
    tell(info);
  }

  const std::shared_ptr<std::atomic<std::size_t>>& memory() const { return memory_; }
  bool recording() const { return budget_ > 0; }
  const TapeOptions& options() const { return options_; }
  TapeId next_id() {
    const std::lock_guard lock(mutex_);
    return ++last_id_;
  }
  // Steps of an opened file belong to nobody.
  static constexpr std::uint64_t nobody = 0;

 private:
  struct Spillable {
    std::weak_ptr<RecordedStep> step;
    std::shared_ptr<SpillSlot> slot;
  };

  // Called with the lock held.
  Tape& find(TapeId id) const {
    const auto found = tapes_.find(id);
    if (found == tapes_.end()) gone();
    return *found->second;
  }
  std::shared_ptr<Tape> taken_out(TapeId id) {
    const auto found = tapes_.find(id);
    if (found == tapes_.end()) return nullptr;
    auto tape = std::move(found->second);
    tapes_.erase(found);
    return tape;
  }
  std::shared_ptr<Tape> dropped(std::uint64_t owner) {
    const auto newest = newest_.find(owner);
    if (owner == nobody || newest == newest_.end()) return nullptr;
    const auto found = tapes_.find(newest->second);
    return found != tapes_.end() && !found->second->info.kept ? taken_out(newest->second) : nullptr;
  }
  std::string free_name() const {
    for (int number = 1;; ++number) {
      std::string name = "tape " + std::to_string(number);
      if (std::none_of(tapes_.begin(), tapes_.end(), [&](const auto& entry) { return entry.second->info.name == name; })) return name;
    }
  }
  // The tape that the request branches off; else one that branches off there too, and then its parent.
  static void take_for_parent(Tape& tape, const Tape& other, const Request& request) {
    Request trunk = request;
    const std::int64_t step = trunk.branches.back().step;
    trunk.branches.pop_back();
    const bool sibling = other.info.request != trunk && !other.info.request.branches.empty() && other.info.branch_step == step && other.info.parent != 0;
    if (tape.info.parent != 0 && other.info.request != trunk) return;
    tape.info.parent = sibling ? other.info.parent : other.info.id;
    tape.info.branch_step = step;
  }

  void tell(const TapeInfo& info) {
    Listener listener;
    {
      const std::lock_guard lock(mutex_);
      listener = listener_;
    }
    if (listener) listener(info);
  }
  void tell_gone(const Tape& tape) {
    {
      const std::lock_guard lock(mutex_);
      // Steps that only this tape had.
      std::erase_if(order_, [&](const Spillable& entry) { return entry.step.expired() || (entry.slot == tape.spill && entry.step.use_count() <= 1); });
    }
    tell(tape.info);
  }

  StepTensors tensors_of(const std::shared_ptr<RecordedStep>& step) {
    if (step->in_memory()) return step->tensors();
    {
      const std::lock_guard lock(cache_mutex_);
      const auto found = std::find_if(cache_.begin(), cache_.end(), [&](const auto& entry) { return entry.first == step; });
      if (found != cache_.end()) {
        cache_.splice(cache_.begin(), cache_, found);
        return cache_.front().second;
      }
    }
    StepTensors tensors = step->tensors();
    const std::lock_guard lock(cache_mutex_);
    cache_.emplace_front(step, tensors);
    std::size_t bytes = 0;
    std::size_t kept = 0;
    for (auto entry = cache_.begin(); entry != cache_.end(); ++entry, ++kept) {
      for (const auto& tensor : {entry->second.state, entry->second.prediction}) bytes += tensor.defined() ? tensor.nbytes() : 0;
      if (kept > 1 && (bytes > budget_ / kCachePart || kept > 4 * static_cast<std::size_t>(kAhead))) {
        cache_.erase(entry, cache_.end());
        break;
      }
    }
    return tensors;
  }

  // Moves the oldest steps to the disk until the rest fits.
  void make_room() {
    const std::lock_guard spilling(spilling_);
    const std::size_t budget = budget_;
    if (budget == 0) return;
    while (*memory_ > budget - budget / kCachePart) {
      Spillable oldest;
      {
        const std::lock_guard lock(mutex_);
        if (order_.empty()) return;
        oldest = order_.front();
        order_.pop_front();
      }
      const auto step = oldest.step.lock();
      if (!step) continue;
      try {
        if (!oldest.slot->file) oldest.slot->file = std::make_shared<SpillFile>(options_.spill_folder.empty() ? io::cache_folder("tapes") : options_.spill_folder);
        step->spill(oldest.slot->file);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        order_.push_front(oldest);
        throw;
      }
    }
  }

  void serve(std::stop_token stop) {
    for (;;) {
      std::function<void()> work;
      std::vector<std::shared_ptr<RecordedStep>> ahead;
      {
        std::unique_lock lock(waiting_mutex_);
        wake_.wait(lock, stop, [&] { return !waiting_.empty() || !ahead_.empty(); });
        if (!waiting_.empty()) {
          work = std::move(waiting_.front());
          waiting_.pop_front();
        } else if (stop.stop_requested()) {
          return;
        } else {
          ahead = std::exchange(ahead_, {});
        }
      }
      if (work) work();
      for (const auto& step : ahead) {
        try {
          tensors_of(step);
        } catch (const Error&) {  // whoever looks at it is told
        }
      }
    }
  }

  const TapeOptions options_;
  std::atomic<std::size_t> budget_;
  const std::shared_ptr<std::atomic<std::size_t>> memory_ = std::make_shared<std::atomic<std::size_t>>(0);
  mutable std::mutex mutex_;  // guards what follows; never held while a file is read or written or the listener runs
  std::map<TapeId, std::shared_ptr<Tape>> tapes_;
  std::map<std::uint64_t, TapeId> newest_;  // by owner
  std::deque<Spillable> order_;             // steps in memory, oldest first
  Listener listener_;
  TapeId last_id_ = 0;
  std::int64_t last_looked_ = 0;
  std::mutex spilling_;
  std::mutex cache_mutex_;
  std::list<std::pair<std::shared_ptr<RecordedStep>, StepTensors>> cache_;  // read back, most recently used first
  std::mutex waiting_mutex_;
  std::condition_variable_any wake_;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::shared_ptr<RecordedStep>> ahead_;
  std::jthread thread_;  // last: it uses the others
};

TapeStore::TapeStore(TapeOptions options) : inside_(std::make_shared<Inside>(std::move(options))) {}
TapeStore::~TapeStore() { inside_->stop(); }

std::vector<TapeInfo> TapeStore::tapes() const { return inside_->tapes(); }

Result<DeviceImage> TapeStore::picture(TapeId tape, std::int64_t step, TapeRow row) const {
  return caught<DeviceImage>([&] {
    const auto look = inside_->look(tape, step, row);
    return image_of(step_rgba(*look.step, look.tensors, look.before, row));
  });
}

Result<std::vector<float>> TapeStore::points(TapeId tape, std::int64_t step, TapeRow row) const {
  return caught<std::vector<float>>([&] {
    const auto look = inside_->look(tape, step, row);
    return step_points(*look.step, look.tensors, look.before, row);
  });
}

Result<Request> TapeStore::branch(TapeId tape, std::int64_t step, const Request& changed) {
  return caught<Request>([&] { return inside_->branch(tape, step, changed); });
}

void TapeStore::rename(TapeId tape, const std::string& name) { inside_->rename(tape, name); }
void TapeStore::close(TapeId tape) { inside_->close(tape); }
void TapeStore::forget(std::uint64_t owner) { inside_->forget(owner); }
void TapeStore::set_budget(std::size_t memory_bytes) { inside_->set_budget(memory_bytes); }
void TapeStore::set_listener(Listener listener) { inside_->set_listener(std::move(listener)); }
TapeContents TapeStore::contents(TapeId tape) const { return inside_->contents(tape); }

void TapeStore::save(TapeId tape, const std::string& path, std::function<void(Result<bool>)> done) {
  inside_->later([this, tape, path, done = std::move(done)] {
    auto result = caught<bool>([&] {
      save_now(tape, path);
      return true;
    });
    if (done) done(std::move(result));
  });
}

void TapeStore::open(const std::string& path, std::function<void(Result<TapeInfo>)> done) {
  inside_->later([this, path, done = std::move(done)] {
    auto result = caught<TapeInfo>([&] { return open_now(path); });
    if (done) done(std::move(result));
  });
}

void TapeStore::save_now(TapeId tape, const std::string& path) const { write_tape(path, contents(tape)); }

TapeInfo TapeStore::open_now(const std::string& path) {
  const TapeFile file(path);
  auto tape = std::make_shared<Tape>();
  tape->info = file.info();
  tape->info.kept = true;
  tape->info.parent = 0;
  if (inside_->options().find_model) {
    const auto model = inside_->options().find_model(tape->info.model_hash);
    if (!model) {
      throw Error(ErrorCode::bad_input, path + " is a tape of the model " + tape->info.model_name + " (SHA-256 " + tape->info.model_hash.substr(0, 12) + "...), which is not open.", "Nothing was changed.",
                  "Open that model first.");
    }
    Request& request = tape->info.request;
    request.model = model->model;
    request.values.erase("snapshot");
    request.values.insert(model->values.begin(), model->values.end());
  }
  for (std::int64_t i = 0; i < file.steps(); ++i) {
    double elapsed_ms = 0.0;
    const RenderStep step = file.step(i, elapsed_ms);
    inside_->append(*tape, {std::make_shared<RecordedStep>(step, elapsed_ms, inside_->memory())}, true);
  }
  const bool complete = tape->info.complete;
  inside_->begin(tape, inside_->next_id(), Inside::nobody);
  inside_->finish(*tape, complete);
  return inside_->contents(tape->info.id).info;
}

std::unique_ptr<TapeRecording> TapeStore::record(std::uint64_t owner, const Request& request, const std::string& model_name, const std::string& model_hash) {
  if (!inside_->recording()) return nullptr;
  auto begun = inside_->beginning(owner, request, model_name, model_hash);
  return std::unique_ptr<TapeRecording>(new TapeRecording(inside_, std::move(begun.tape), begun.id, std::move(begun.known), owner));
}

TapeRecording::TapeRecording(std::shared_ptr<TapeStore::Inside> inside, std::shared_ptr<TapeStore::Tape> tape, TapeId id, std::vector<std::shared_ptr<const RecordedStep>> known, std::uint64_t owner)
    : inside_(std::move(inside)), tape_(std::move(tape)), id_(id), known_(std::move(known)), owner_(owner), started_ms_(now_ms()) {
  if (!tape_) inside_->reused(id_, owner_);
}
TapeRecording::~TapeRecording() = default;

RenderStep TapeRecording::recorded_step(std::int64_t step) {
  const auto& known = *known_.at(static_cast<std::size_t>(step));
  went_on_ = step;
  const StepTensors tensors = known.tensors();
  RenderStep out;
  out.step = step;
  out.steps = recorded();
  out.evaluations = known.facts().evaluations;
  out.level = known.facts().level;
  out.state = tensors.state.defined() ? tensors.state.clone() : at::Tensor();
  out.prediction = tensors.prediction;
  out.state_scale = known.state_scale();
  out.output_norm = known.facts().output_norm;
  return out;
}

void TapeRecording::take_over(std::int64_t last) {
  Steps steps;
  for (std::int64_t i = 0; i <= last; ++i) steps.push_back(std::const_pointer_cast<RecordedStep>(known_.at(static_cast<std::size_t>(i))));
  inside_->begin(tape_, id_, owner_);
  next_ = last + 1;
  inside_->append(*tape_, steps, false);
}

void TapeRecording::add(const RenderStep& step) {
  if (broken_ || !tape_) return;
  try {
    if (next_ == 0) {
      if (step.step > 0 && step.step != went_on_ + 1) throw std::logic_error("a rendering's first step is 0, or the one after that it went on from");
      take_over(step.step - 1);
    }
    if (step.step != next_) throw std::logic_error("the steps of a rendering follow one another");
    const double before_ms = next_ > 0 && went_on_ >= 0 ? known_[static_cast<std::size_t>(went_on_)]->facts().elapsed_ms : 0.0;
    inside_->append(*tape_, {std::make_shared<RecordedStep>(step, before_ms + now_ms() - started_ms_, inside_->memory())}, true);
    ++next_;
  } catch (...) {
    broken_ = true;
    throw;
  }
}

void TapeRecording::finish() {
  if (broken_ || !tape_) return;
  if (next_ == 0 && went_on_ >= 0) take_over(went_on_);
  if (next_ > 0) inside_->finish(*tape_, true);
}

}  // namespace orrery
