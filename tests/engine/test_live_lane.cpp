// The live lane: newest wins, cancellation between evaluations, order, fairness, errors, an end without stragglers.
#include <ATen/ops/full.h>
#include <sys/resource.h>

#include <QtTest>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine/explore/live_lane.h"
#include "kernels/to_rgba8/to_rgba8.h"

using namespace orrery;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

// A player of `steps` evaluations of `ms` each, whose picture is grey at the control "x".
struct Behaviour {
  std::atomic<int> steps{1};
  std::atomic<int> ms{0};
  std::atomic<bool> previews{false};
  std::atomic<int> evaluations{0};
  std::atomic<int> started{0};
};

class Grey : public Player {
 public:
  explicit Grey(Behaviour& behaviour) : behaviour_(behaviour) {}
  std::vector<ControlSpec> controls() const override { return {}; }
  PictureShape picture_shape() const override { return {3, 4, 4}; }
  at::Tensor render(const std::vector<Request>& requests, RenderObserver& observer) override {
    ++behaviour_.started;
    const double x = requests.at(0).get<double>("x", 0.0);
    if (x == 1e6) throw Error(ErrorCode::wrong_use, "Too much.", "a", "b");
    if (x == 2e6) throw std::runtime_error("inside");
    if (x == 3e6) throw std::bad_alloc();
    const at::Tensor picture = at::full({1, 3, 4, 4}, x == 4e6 ? std::numeric_limits<double>::quiet_NaN() : x, at::kFloat);
    const int steps = behaviour_.steps;
    for (int step = 0; step < steps; ++step) {
      if (observer.cancelled()) return {};
      std::this_thread::sleep_for(std::chrono::milliseconds(behaviour_.ms));
      ++behaviour_.evaluations;
      RenderStep done;
      done.step = step + 1;
      done.steps = steps;
      done.prediction = picture;
      if (behaviour_.previews && step + 1 < steps) observer.on_step(done);
    }
    return picture;
  }

 private:
  Behaviour& behaviour_;
};

class Source : public ModelSource {
 public:
  explicit Source(Behaviour& behaviour) : behaviour_(behaviour), model_(std::make_shared<Model>()) { model_->hash = "abc"; }
  std::shared_ptr<const Model> resolve(const Request& request) override {
    if (request.model == "gone") throw Error(ErrorCode::bad_input, "Gone.");
    return model_;
  }
  std::unique_ptr<Player> make_player(std::shared_ptr<const Model>) const override { return std::make_unique<Grey>(behaviour_); }

 private:
  Behaviour& behaviour_;
  std::shared_ptr<Model> model_;
};

// What a view's callbacks got.
class Seen {
 public:
  void add(const Frame& frame) {
    const std::lock_guard lock(mutex_);
    frames_.push_back(frame);
    changed_.notify_all();
  }
  void add(const JobError& error) {
    const std::lock_guard lock(mutex_);
    errors_.push_back(error);
    changed_.notify_all();
  }
  bool wait_for(const std::function<bool(const std::vector<Frame>&, const std::vector<JobError>&)>& enough, std::chrono::milliseconds most = 5s) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, most, [&] { return enough(frames_, errors_); });
  }
  bool wait_for_generation(std::uint64_t generation) {
    return wait_for([&](const auto& frames, const auto&) { return !frames.empty() && frames.back().generation == generation; });
  }
  std::vector<Frame> frames() const {
    const std::lock_guard lock(mutex_);
    return frames_;
  }
  std::vector<JobError> errors() const {
    const std::lock_guard lock(mutex_);
    return errors_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Frame> frames_;
  std::vector<JobError> errors_;
};

Request grey(double x) { return {"m", {{"x", x}}}; }
std::unique_ptr<LiveView> open(LiveLane& lane, Seen& seen) {
  return lane.open_view([&seen](const Frame& frame) { seen.add(frame); }, [&seen](const JobError& error) { seen.add(error); });
}

}  // namespace

class TestLiveLane : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_request_becomes_a_frame() {
    Behaviour behaviour;
    Source source(behaviour);
    LiveLane lane(source);
    Seen seen;
    auto view = open(lane, seen);
    QCOMPARE(view->show(grey(0.5)), std::uint64_t{1});
    QVERIFY(seen.wait_for_generation(1));
    const Frame frame = seen.frames().at(0);
    QVERIFY(frame.request == grey(0.5));
    QCOMPARE(frame.model_hash, std::string("abc"));
    QVERIFY(frame.render_ms > 0.0 && frame.image.keep_alive && frame.image.where == DeviceImage::Where::host);
    QCOMPARE(frame.image.width_px, 4);
    QCOMPARE(frame.image.stride_bytes, std::size_t{16});
    const at::Tensor expected = kernels::to_rgba8(at::full({3, 4, 4}, 0.5, at::kFloat));
    QVERIFY(std::memcmp(frame.image.data, expected.const_data_ptr<std::uint8_t>(), 64) == 0);
  }

  void newest_wins_under_flood() {
    Behaviour behaviour;
    behaviour.ms = 10;
    Source source(behaviour);
    LiveLane lane(source);
    Seen seen;
    auto view = open(lane, seen);
    std::uint64_t last = 0;
    for (int i = 1; i <= 300; ++i) {
      last = view->show(grey(i / 1000.0));
      if (i % 3 == 0) std::this_thread::sleep_for(1ms);
    }
    QCOMPARE(last, std::uint64_t{300});
    QVERIFY(seen.wait_for_generation(300));
    const auto frames = seen.frames();
    QVERIFY2(frames.size() >= 2 && frames.size() < 200, qPrintable(QString::number(frames.size())));
    for (std::size_t i = 0; i < frames.size(); ++i) {
      QVERIFY(frames[i].request == grey(static_cast<double>(frames[i].generation) / 1000.0));
      if (i > 0) QVERIFY(frames[i].generation > frames[i - 1].generation);
    }
    std::this_thread::sleep_for(50ms);
    QCOMPARE(seen.frames().size(), frames.size());  // nothing after the newest
  }

  // Counted in evaluations, not in milliseconds: this holds on a busy machine too.
  void overtaken_work_is_given_up_between_evaluations() {
    Behaviour behaviour;
    behaviour.steps = 50;
    behaviour.ms = 10;
    Source source(behaviour);
    LiveLane lane(source);
    Seen seen;
    auto view = open(lane, seen);
    view->show(grey(0.1));
    while (behaviour.evaluations < 3) std::this_thread::sleep_for(1ms);
    behaviour.steps = 1;
    view->show(grey(0.2));
    const int before = behaviour.evaluations;
    QVERIFY(seen.wait_for_generation(2));
    QVERIFY2(behaviour.evaluations - before <= 2, qPrintable(QString::number(behaviour.evaluations - before)));  // the rest of one, and the new picture's
    QCOMPARE(seen.frames().size(), std::size_t{1});
  }

  void somebody_who_drags_without_pause_still_sees_pictures() {
    Behaviour behaviour;
    behaviour.steps = 6;
    behaviour.ms = 5;
    Source source(behaviour);
    LiveLane lane(source);
    Seen seen;
    auto view = open(lane, seen);
    const auto start = Clock::now();
    std::uint64_t last = 0;
    while (ms_since(start) < 1000.0) {
      last = view->show(grey(0.3));
      std::this_thread::sleep_for(1ms);
    }
    QVERIFY2(seen.frames().size() >= 2, qPrintable(QString::number(seen.frames().size())));
    QVERIFY(seen.wait_for_generation(last));
  }

  // As many as are cheap, the first one always, and in order.
  void previews_come_in_order() {
    Behaviour behaviour;
    behaviour.steps = 12;
    behaviour.ms = 30;
    behaviour.previews = true;
    Source source(behaviour);
    LiveLane lane(source);
    Seen seen;
    auto view = open(lane, seen);
    view->show(grey(0.4));
    QVERIFY(seen.wait_for([](const auto& frames, const auto&) { return !frames.empty() && frames.back().step == frames.back().steps; }));
    const auto frames = seen.frames();
    QVERIFY2(frames.size() >= 3 && frames.size() <= 12, qPrintable(QString::number(frames.size())));
    QCOMPARE(frames.front().step, 1);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      QCOMPARE(frames[i].steps, 12);
      QCOMPARE(frames[i].generation, std::uint64_t{1});
      if (i > 0) QVERIFY(frames[i].step > frames[i - 1].step);
    }
  }

  void previews_cost_little() {
    Behaviour behaviour;
    behaviour.steps = 40;
    behaviour.ms = 5;
    behaviour.previews = true;
    Source source(behaviour);
    LiveLane lane(source);
    std::atomic<int> previews{0};
    std::atomic<bool> finished{false};
    const auto view = lane.open_view(
        [&](const Frame& frame) {
          if (frame.step == frame.steps) finished = true;
          else ++previews, std::this_thread::sleep_for(10ms);  // a window that is slow to take them
        },
        [](const JobError&) {});
    const auto start = Clock::now();
    view->show(grey(0.4));
    for (int i = 0; i < 5000 && !finished; ++i) std::this_thread::sleep_for(1ms);
    QVERIFY(finished);
    QVERIFY2(previews >= 1 && previews * 10.0 <= 10.0 + 0.05 * ms_since(start), qPrintable(QString::number(previews)));  // all 39 would double the time
  }

  void views_are_served_in_turn() {
    Behaviour behaviour;
    behaviour.ms = 5;
    Source source(behaviour);
    LiveLane lane(source);
    Seen loud_seen, quiet_seen;
    auto loud = open(lane, loud_seen), quiet = open(lane, quiet_seen);
    std::atomic<bool> go{true};
    std::thread flood([&] {
      while (go) {
        loud->show(grey(0.1));
        std::this_thread::sleep_for(500us);
      }
    });
    std::this_thread::sleep_for(50ms);
    int most = 0;
    for (std::uint64_t i = 1; i <= 10; ++i) {
      const int before = behaviour.started;
      quiet->show(grey(0.2));
      if (!quiet_seen.wait_for_generation(i)) break;
      most = std::max(most, behaviour.started - before);
    }
    go = false;
    flood.join();
    QCOMPARE(quiet_seen.frames().size(), std::size_t{10});
    QVERIFY2(most <= 3, qPrintable(QString::number(most)));  // one under way, one of each view
    QVERIFY(loud_seen.frames().size() > 5);
  }

  void errors_reach_the_view_and_the_lane_goes_on() {
    Behaviour behaviour;
    Source source(behaviour);
    LiveLane lane(source);
    Seen seen;
    auto view = open(lane, seen);
    const std::vector<std::pair<Request, ErrorCode>> cases = {{grey(1e6), ErrorCode::wrong_use}, {grey(2e6), ErrorCode::failed}, {grey(3e6), ErrorCode::out_of_memory},
                                                              {grey(4e6), ErrorCode::not_a_number}, {{"gone", {}}, ErrorCode::bad_input}};
    for (std::size_t i = 0; i < cases.size(); ++i) {
      view->show(cases[i].first);
      QVERIFY(seen.wait_for([&](const auto&, const auto& errors) { return errors.size() == i + 1; }));
      QCOMPARE(static_cast<int>(seen.errors().back().code), static_cast<int>(cases[i].second));
      QVERIFY(!seen.errors().back().what_happened.empty());
    }
    view->show(grey(0.0));
    QVERIFY(seen.wait_for_generation(cases.size() + 1));
  }

  void nothing_is_called_after_a_view_is_gone() {
    Behaviour behaviour;
    behaviour.ms = 20;
    behaviour.steps = 5;
    Source source(behaviour);
    LiveLane lane(source);
    for (int round = 0; round < 5; ++round) {
      auto calls = std::make_shared<std::atomic<int>>(0);
      auto view = lane.open_view([calls](const Frame&) { ++*calls; }, [calls](const JobError&) { ++*calls; });
      view->show(grey(0.1));
      std::this_thread::sleep_for(std::chrono::milliseconds(7 * round));
      const int evaluations = behaviour.evaluations;
      view.reset();
      QVERIFY(behaviour.evaluations - evaluations <= 1);  // does not wait for the picture
      const int before = *calls;
      std::this_thread::sleep_for(130ms);
      QCOMPARE(calls->load(), before);
    }
  }

  void a_callback_may_destroy_its_own_view() {
    Behaviour behaviour;
    Source source(behaviour);
    LiveLane lane(source);
    std::unique_ptr<LiveView> view;
    std::atomic<int> calls{0};
    std::mutex made;
    made.lock();
    view = lane.open_view([&](const Frame&) {
      const std::lock_guard wait(made);
      ++calls;
      view.reset();
    }, [](const JobError&) {});
    view->show(grey(0.1));
    made.unlock();
    for (int i = 0; i < 500 && calls == 0; ++i) std::this_thread::sleep_for(1ms);
    QCOMPARE(calls.load(), 1);
    Seen seen;
    auto next = open(lane, seen);
    next->show(grey(0.2));
    QVERIFY(seen.wait_for_generation(1));
    QVERIFY(!view);
  }

  void the_lane_ends_at_once_and_views_may_outlive_it() {
    Behaviour behaviour;
    behaviour.steps = 100;
    behaviour.ms = 10;
    Source source(behaviour);
    Seen seen;
    auto lane = std::make_unique<LiveLane>(source);
    auto view = open(*lane, seen);
    view->show(grey(0.1));
    std::this_thread::sleep_for(30ms);
    const int before = behaviour.evaluations;
    lane.reset();
    QVERIFY(behaviour.evaluations - before <= 2);
    QCOMPARE(seen.frames().size(), std::size_t{0});
    view->show(grey(0.2));
    view.reset();
  }

  void an_idle_lane_costs_nothing() {
    Behaviour behaviour;
    Source source(behaviour);
    LiveLane lane(source);
    Seen seen;
    auto view = open(lane, seen);
    view->show(grey(0.1));
    QVERIFY(seen.wait_for_generation(1));
    rusage before{}, after{};
    getrusage(RUSAGE_SELF, &before);
    std::this_thread::sleep_for(300ms);
    getrusage(RUSAGE_SELF, &after);
    const auto cpu_us = [](const rusage& u) { return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec + u.ru_stime.tv_usec; };
    QVERIFY2(cpu_us(after) - cpu_us(before) < 30000, qPrintable(QString::number(cpu_us(after) - cpu_us(before))));
    QVERIFY(after.ru_nvcsw - before.ru_nvcsw < 60);
  }

  // The milliseconds stand in the benchmark; here, that nothing but the running evaluation stands between a change and its picture.
  void a_change_waits_for_one_evaluation_at_most() {
    Behaviour behaviour;
    behaviour.ms = 5;
    Source source(behaviour);
    LiveLane lane(source);
    Seen seen;
    auto view = open(lane, seen);
    for (int i = 0; i < 15; ++i) {
      const int started = behaviour.started;
      view->show(grey(0.1));
      while (behaviour.started == started) std::this_thread::sleep_for(100us);
      const int before = behaviour.evaluations;
      const auto generation = view->show(grey(0.2));
      QVERIFY(seen.wait_for_generation(generation));
      QVERIFY(behaviour.evaluations - before <= 2);
    }
  }
};

QTEST_GUILESS_MAIN(TestLiveLane)
#include "test_live_lane.moc"
