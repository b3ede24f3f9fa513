#include "engine/explore/live_lane.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include "engine/explore/rgba_frame.h"
#include "engine/jobs/boundary.h"

namespace orrery {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kNice = 3;            // below the window's thread, above training
constexpr int kMostGivenUp = 3;     // in a row, then one is finished
constexpr std::size_t kPlayers = 4; // kept ready, least recently used goes first
constexpr double kPreviewPart = 0.05;       // of a rendering's time, for previews at most
constexpr double kPreviewPause_ms = 12.0;   // more of them than a screen shows are for nothing

double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

// What the lane knows of one view. The slot is guarded by the lane's mutex, the callbacks by their own.
struct Slot {
  Live::OnFrame on_frame;
  Live::OnError on_error;
  std::recursive_mutex calling;                // held while a callback runs; recursive: a callback may destroy its own view
  std::atomic<bool> closed{false};
  std::atomic<std::uint64_t> newest{0};        // generation
  std::optional<Request> waiting;
  std::uint64_t served_at = 0;                 // turn of the lane
  std::uint64_t number = 0;                    // of the view: whose tape it is
  int given_up = 0;
  bool patient = false;

  template <class Callback, class Argument>
  void call(const Callback& callback, const Argument& argument) {
    const std::lock_guard lock(calling);
    if (closed || !callback) return;
    const auto held = callback;  // it may destroy its own view, and with it the original
    held(argument);
  }
};

}  // namespace

class LiveLane::Lane {
 public:
  Lane(ModelSource& source, bool device_frames, TapeStore* tapes) : source_(source), device_frames_(device_frames), tapes_(tapes), thread_([this] { serve(); }) {}

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    ready_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  std::shared_ptr<Slot> open(OnFrame on_frame, OnError on_error, bool patient) {
    auto slot = std::make_shared<Slot>();
    slot->patient = patient;
    slot->on_frame = std::move(on_frame);
    slot->on_error = std::move(on_error);
    const std::lock_guard lock(mutex_);
    slot->number = ++views_;
    slots_.push_back(slot);
    return slot;
  }

  std::uint64_t show(Slot& slot, const Request& request) {
    std::uint64_t generation = 0;
    {
      const std::lock_guard lock(mutex_);
      slot.waiting = request;
      generation = ++slot.newest;
      count_eager();
    }
    ready_.notify_one();
    return generation;
  }

  void post(std::function<void(const Players&)> work) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      errands_.push_back(std::move(work));
      count_eager();
    }
    ready_.notify_one();
  }

  void close(const std::shared_ptr<Slot>& slot) {
    slot->closed = true;  // cancels what is under way
    {
      const std::lock_guard lock(mutex_);
      std::erase(slots_, slot);
      count_eager();
      if (tapes_ && !stopping_) tapes_->forget(slot->number);
    }
    const std::lock_guard lock(slot->calling);  // a callback that runs now ends first
    slot->on_frame = nullptr;
    slot->on_error = nullptr;
  }

 private:
  // Gives up for a newer request, records, passes previews on.
  class Observer : public RenderObserver {
   public:
    Observer(Lane& lane, Slot& slot, Frame frame, std::unique_ptr<TapeRecording> tape) : lane_(lane), slot_(slot), frame_(std::move(frame)), tape_(std::move(tape)) {}

    bool cancelled() const override { return put_off() || overtaken(); }
    bool overtaken() const {
      if (lane_.stopping_ || slot_.closed) return true;
      return slot_.newest != frame_.generation && slot_.given_up < kMostGivenUp;
    }
    bool put_off() const { return slot_.patient && lane_.eager_; }
    std::int64_t recorded() const override { return tape_ ? tape_->recorded() : -1; }
    RenderStep recorded_step(std::int64_t step) override { return tape_->recorded_step(step); }

    void on_step(const RenderStep& step) override {
      steps_ = std::max(1, static_cast<int>(step.steps));  // a photo that stays as it is takes none
      if (overtaken()) return;
      record(step);  // also when put off: it goes on from here
      if (cancelled()) return;
      if (step.step < 1 || step.step >= step.steps || !affordable()) return;  // nothing to see yet; the finished picture follows
      const auto start = Clock::now();
      Frame frame = frame_;
      frame.tape = tape();
      frame.step = static_cast<int>(step.step);
      frame.steps = steps_;
      frame.image = frame_image((step.preview ? step.preview() : step.prediction)[0].to(at::kFloat), lane_.device_frames_);
      frame.render_ms = ms_since(start_);
      slot_.given_up = 0;
      slot_.call(slot_.on_frame, frame);
      last_preview_ = Clock::now();
      last_cost_ms_ = ms_since(start);
      spent_ms_ += last_cost_ms_;
    }

    void finish() {
      if (tape_) tape_->finish();
    }
    int steps() const { return steps_; }
    TapeId tape() const { return tape_ ? tape_->id() : 0; }

   private:
    bool affordable() const {
      if (last_cost_ms_ < 0.0) return true;
      return ms_since(last_preview_) >= kPreviewPause_ms && spent_ms_ + last_cost_ms_ <= kPreviewPart * ms_since(start_);
    }
    // A tape that cannot go on is no reason to stop the picture.
    void record(const RenderStep& step) {
      if (!tape_) return;
      try {
        tape_->add(step);
      } catch (const Error& error) {
        slot_.call(slot_.on_error, error.error());
      }
    }

    Lane& lane_;
    Slot& slot_;
    Frame frame_;
    std::unique_ptr<TapeRecording> tape_;
    int steps_ = 1;
    Clock::time_point start_ = Clock::now(), last_preview_{};
    double spent_ms_ = 0.0, last_cost_ms_ = -1.0;  // of previews
  };

  struct Ready {
    std::shared_ptr<const Model> model;
    std::unique_ptr<Player> player;
  };

  void serve() {
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
    for (;;) {
      std::shared_ptr<Slot> slot;
      std::function<void(const Players&)> errand;
      Frame frame;
      {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [&] { return stopping_ || !errands_.empty() || next() != nullptr; });
        if (stopping_) return;
        slot = next();
        // In turn with the views that somebody waits for.
        if (!errands_.empty() && (!slot || slot->patient || !ran_errand_)) {
          errand = std::move(errands_.front());
          errands_.pop_front();
        } else {
          slot->served_at = ++turn_;
          frame.request = std::move(*slot->waiting);
          slot->waiting.reset();
          frame.generation = slot->newest;
        }
        ran_errand_ = static_cast<bool>(errand);
        count_eager();
      }
      if (errand) {
        run(errand);
      } else {
        render(*slot, std::move(frame));
      }
    }
  }

  void run(const std::function<void(const Players&)>& errand) {
    try {
      errand([this](const std::shared_ptr<const Model>& model) -> Player& { return player_for(model); });
    } catch (...) {  // an errand tells its errors itself
    }
  }

  // Of the views with a request the one that waited longest; patient ones last. Called with the lock held.
  std::shared_ptr<Slot> next() const {
    std::shared_ptr<Slot> longest;
    const auto before = [](const Slot& a, const Slot& b) { return a.patient != b.patient ? b.patient : a.served_at < b.served_at; };
    for (const auto& slot : slots_) {
      if (slot->waiting && (!longest || before(*slot, *longest))) longest = slot;
    }
    return longest;
  }

  // Whether anybody waits for whom patient views give way. Called with the lock held, whenever that may have changed.
  void count_eager() {
    eager_ = !errands_.empty() || std::any_of(slots_.begin(), slots_.end(), [](const auto& slot) { return slot->waiting && !slot->patient; });
  }

  // A patient view's request that was put off comes again, unless a newer one has.
  void put_back(Slot& slot, Frame& frame) {
    const std::lock_guard lock(mutex_);
    if (slot.closed || slot.waiting || slot.newest != frame.generation) return;
    slot.waiting = std::move(frame.request);
  }

  Player& player_for(const std::shared_ptr<const Model>& model) {
    const auto known = std::find_if(players_.begin(), players_.end(), [&](const Ready& ready) { return ready.model == model; });
    if (known != players_.end()) {
      std::rotate(players_.begin(), known, known + 1);
    } else {
      players_.insert(players_.begin(), {model, source_.make_player(model)});
      if (players_.size() > kPlayers) players_.pop_back();
    }
    return *players_.front().player;
  }

  void render(Slot& slot, Frame frame) {
    try {
      const auto start = Clock::now();
      const auto model = source_.resolve(frame.request);
      Player& player = player_for(model);
      frame.model_hash = model->hash;
      const std::string name = source_.path_of(frame.request);
      Observer observer(*this, slot, frame, tapes_ ? tapes_->record(slot.number, frame.request, std::filesystem::path(name).stem(), model->hash) : nullptr);
      const at::Tensor pictures = player.render({frame.request}, observer);
      if (!pictures.defined()) {
        if (slot.patient && slot.newest == frame.generation) {
          put_back(slot, frame);
        } else {
          ++slot.given_up;
        }
        return;
      }
      frame.image = frame_image(pictures[0], device_frames_);
      observer.finish();
      frame.tape = observer.tape();
      frame.step = frame.steps = observer.steps();
      frame.render_ms = ms_since(start);
      slot.given_up = 0;
      slot.call(slot.on_frame, frame);
    } catch (...) {
      slot.call(slot.on_error, live_error_of(std::current_exception()));
    }
  }

  ModelSource& source_;
  const bool device_frames_;
  TapeStore* const tapes_;  // may be null
  std::mutex mutex_;
  std::condition_variable ready_;
  std::vector<std::shared_ptr<Slot>> slots_;
  std::deque<std::function<void(const Players&)>> errands_;
  bool ran_errand_ = false;
  std::atomic<bool> eager_{false};
  std::uint64_t turn_ = 0, views_ = 0;
  std::atomic<bool> stopping_{false};
  std::vector<Ready> players_;   // the lane thread's own, most recently used first
  std::thread thread_;           // last: it uses the others
};

namespace {

// A view holds its slot and whatever keeps the lane's state alive, so it may outlive the LiveLane (and then shows nothing).
template <class Lane>
class View : public LiveView {
 public:
  View(std::shared_ptr<Lane> lane, std::shared_ptr<Slot> slot) : lane_(std::move(lane)), slot_(std::move(slot)) {}
  ~View() override { lane_->close(slot_); }
  std::uint64_t show(const Request& request) override { return lane_->show(*slot_, request); }

 private:
  std::shared_ptr<Lane> lane_;
  std::shared_ptr<Slot> slot_;
};

}  // namespace

LiveLane::LiveLane(ModelSource& source, bool device_frames, TapeStore* tapes) : lane_(std::make_shared<Lane>(source, device_frames, tapes)) {}
LiveLane::~LiveLane() { lane_->stop(); }

std::unique_ptr<LiveView> LiveLane::open_view(OnFrame on_frame, OnError on_error) {
  auto slot = lane_->open(std::move(on_frame), std::move(on_error), false);
  return std::make_unique<View<Lane>>(lane_, std::move(slot));
}

std::unique_ptr<LiveView> LiveLane::open_patient_view(OnFrame on_frame, OnError on_error) {
  auto slot = lane_->open(std::move(on_frame), std::move(on_error), true);
  return std::make_unique<View<Lane>>(lane_, std::move(slot));
}

void LiveLane::post(std::function<void(const Players&)> work) { lane_->post(std::move(work)); }

}  // namespace orrery
