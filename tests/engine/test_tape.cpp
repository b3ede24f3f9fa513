// Tapes: what is recorded, spilled, gone on from and branched.
#include <fcntl.h>

#include <ATen/ops/equal.h>

#include <QTemporaryDir>
#include <QtTest>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>

#include "engine/explore/live_lane.h"
#include "engine/explore/rgba_frame.h"
#include "engine/explore/tape_store.h"
#include "engine/io/atomic_file.h"
#include "tiny_denoiser.h"

using namespace orrery;
using namespace orrery::tests;
using namespace std::chrono_literals;

namespace {

// Records one rendering as the lane does.
class Recorder : public RenderObserver {
 public:
  explicit Recorder(std::unique_ptr<TapeRecording> tape) : tape_(std::move(tape)) {}
  bool cancelled() const override { return stop_after >= 0 && heard > stop_after; }
  std::int64_t recorded() const override { return tape_ ? tape_->recorded() : -1; }
  RenderStep recorded_step(std::int64_t step) override { return tape_->recorded_step(step); }
  void on_step(const RenderStep& step) override {
    ++heard;
    try {
      if (tape_) tape_->add(step);
    } catch (const Error& error) {
      errors.push_back(error.error());
    }
  }
  TapeId finish() {
    if (!tape_) return 0;
    if (!cancelled()) tape_->finish();
    return tape_->id();
  }

  std::unique_ptr<TapeRecording> tape_;
  int heard = 0;
  int stop_after = -1;
  std::vector<JobError> errors;
};

const std::string kHash(64, 'a');

struct Made {
  TapeId tape = 0;
  at::Tensor picture;
  int evaluations = 0;
};
Made make(TapeStore& store, TinyBehaviour& behaviour, const Request& request, std::uint64_t owner = 1) {
  Recorder recorder(store.record(owner, request, "gauss", kHash));
  TinyDenoiser player(behaviour);
  const int before = behaviour.evaluations;
  Made made;
  made.picture = player.render({request}, recorder);
  made.tape = recorder.finish();
  made.evaluations = behaviour.evaluations - before;
  return made;
}

at::Tensor plain(const Request& request) {
  TinyBehaviour behaviour;
  RenderObserver nobody;
  return TinyDenoiser(behaviour).render({request}, nobody);
}

bool same_tape(TapeStore& store, TapeId a, TapeId b) {
  const auto left = store.contents(a), right = store.contents(b);
  if (left.steps.size() != right.steps.size()) return false;
  for (std::size_t i = 0; i < left.steps.size(); ++i) {
    const auto x = left.steps[i]->tensors(), y = right.steps[i]->tensors();
    if (x.state.scalar_type() != y.state.scalar_type() || !at::equal(x.state, y.state) || x.prediction.defined() != y.prediction.defined()) return false;
    if (x.prediction.defined() && !at::equal(x.prediction, y.prediction)) return false;
    const TapeStep &m = left.steps[i]->facts(), &n = right.steps[i]->facts();
    if (m.evaluations != n.evaluations || m.level != n.level || m.output_norm != n.output_norm) return false;
  }
  return true;
}

TapeOptions small(const QTemporaryDir& folder, std::size_t budget = std::size_t{64} << 20) {
  TapeOptions options;
  options.budget_bytes = budget;
  options.spill_folder = folder.path().toStdString();
  return options;
}

const std::uint8_t* pixels(const DeviceImage& image) { return static_cast<const std::uint8_t*>(image.data); }

}  // namespace

class TestTape : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void packs_without_loss() {
    const at::Tensor noise = Rng(1).normal({2, 3, 8, 8}, at::kDouble);
    QVERIFY(packed(noise).scalar_type() == at::kDouble && at::equal(packed(noise), noise));
    QVERIFY(packed(noise.to(at::kFloat).to(at::kDouble)).scalar_type() == at::kFloat);
    QVERIFY(packed(noise.to(at::kHalf).to(at::kDouble)).scalar_type() == at::kHalf);
    QVERIFY(packed(noise.to(at::kHalf)).scalar_type() == at::kHalf);
    at::Tensor one = noise.to(at::kHalf).to(at::kDouble);
    one.view({-1})[300] = 0.1;  // beyond the values that decide at a glance
    QVERIFY(packed(one).scalar_type() == at::kDouble && at::equal(packed(one), one));
    QVERIFY(packed(noise.slice(0, 1)).storage().nbytes() == noise.nbytes() / 2);
    QVERIFY(!packed(at::Tensor()).defined());
  }

  void a_rendering_becomes_a_tape() {
    QTemporaryDir folder;
    TapeStore store(small(folder));
    TinyBehaviour behaviour;
    std::vector<TapeInfo> told;
    store.set_listener([&](const TapeInfo& info) { told.push_back(info); });
    const Request request{"m", {{"seed", std::int64_t{3}}}};
    const Made made = make(store, behaviour, request);
    QVERIFY(at::equal(made.picture, plain(request)));
    QCOMPARE(store.tapes().size(), std::size_t{1});
    const TapeInfo info = store.tapes().front();
    QCOMPARE(info.id, made.tape);
    QVERIFY(info.complete && !info.kept && info.parent == 0 && info.name == "tape 1" && info.request == request && info.model_hash == kHash);
    QCOMPARE(info.steps.size(), std::size_t{11});
    QCOMPARE(info.rows.size(), std::size_t{4});
    QVERIFY(info.memory_bytes > 0 && info.disk_bytes == 0);
    for (std::size_t i = 0; i < info.steps.size(); ++i) {
      QCOMPARE(info.steps[i].evaluations, static_cast<std::int64_t>(i));
      if (i > 0) QVERIFY(info.steps[i].level < info.steps[i - 1].level && info.steps[i].elapsed_ms >= info.steps[i - 1].elapsed_ms && info.steps[i].output_norm > 0.0);
    }
    QCOMPARE(info.steps.back().level, 0.0);
    QVERIFY(told.size() >= 2 && told.front().id == made.tape && told.back().complete);
    // The last state is the picture.
    const auto image = store.picture(made.tape, 10, TapeRow::state);
    QVERIFY(image);
    const at::Tensor expected = rgba8_on_host(made.picture[0]);
    QVERIFY(std::memcmp(image.value().data, expected.const_data_ptr(), expected.nbytes()) == 0);
    QVERIFY(!store.picture(made.tape, 11, TapeRow::state));
    QVERIFY(!store.picture(made.tape, -1, TapeRow::state));
    QVERIFY(!store.picture(77, 0, TapeRow::state));
  }

  void rows_are_what_they_say() {
    QTemporaryDir folder;
    TapeStore store(small(folder));
    TinyBehaviour behaviour;
    const TapeId tape = make(store, behaviour, {"m", {}}).tape;
    const auto steps = store.contents(tape).steps;
    const auto grey = [](double value) { return std::clamp(std::floor(value * 127.5 + 127.5 + 0.5), 0.0, 255.0); };
    const auto now = steps[4]->tensors(), before = steps[3]->tensors();
    const auto first = [](const at::Tensor& t) { return t.view({-1})[0].item<double>(); };
    const double level = steps[4]->facts().level;
    const std::pair<TapeRow, double> expected[] = {{TapeRow::state, first(now.state) * 0.5 / std::sqrt(0.25 + level * level)},
                                                   {TapeRow::prediction, first(now.prediction)},
                                                   {TapeRow::difference, 4.0 * std::abs(first(now.prediction) - first(before.prediction)) - 1.0},
                                                   {TapeRow::noise, (first(now.state) - first(now.prediction)) / level * 0.5}};
    for (const auto& [row, value] : expected) {
      const auto image = store.picture(tape, 4, row);
      QVERIFY(image && image.value().width_px == 8 && image.value().height_px == 8);
      QVERIFY2(std::abs(pixels(image.value())[0] - grey(value)) <= 1.0, tape_row_name(row));
      QCOMPARE(int(pixels(image.value())[3]), 255);
      QVERIFY(tape_row_from_name(tape_row_name(row)) == row);
    }
    for (const auto row : {TapeRow::prediction, TapeRow::difference, TapeRow::noise}) QCOMPARE(int(pixels(store.picture(tape, 0, row).value())[3]), 0);
    QCOMPARE(int(pixels(store.picture(tape, 10, TapeRow::noise).value())[3]), 0);  // no noise is left
    QVERIFY(!tape_row_from_name("others"));
    QVERIFY(store.points(tape, 1, TapeRow::state).value().empty());
  }

  void points_in_the_plane() {
    QTemporaryDir folder;
    TapeStore store(small(folder));
    TinyBehaviour behaviour;
    behaviour.points = true;
    const TapeId tape = make(store, behaviour, {"m", {}}).tape;
    const auto state = store.contents(tape).steps[5]->tensors().state;
    const auto points = store.points(tape, 5, TapeRow::state).value();
    QCOMPARE(points.size(), std::size_t{100});
    for (std::size_t i = 0; i < points.size(); ++i) QCOMPARE(points[i], static_cast<float>(state.view({-1})[static_cast<std::int64_t>(i)].item<double>()));
    QCOMPARE(store.points(tape, 5, TapeRow::prediction).value().size(), std::size_t{100});
    QVERIFY(store.points(tape, 0, TapeRow::prediction).value().empty());
    const auto picture = store.picture(tape, 10, TapeRow::state);
    QVERIFY(picture && picture.value().width_px > 8);
  }

  // The same picture and tape whether the beginning was recorded or not, and with nothing changed the parent's, bit for bit.
  void a_branch_that_changes_nothing_reproduces_the_tape() {
    QTemporaryDir folder;
    TapeStore store(small(folder));
    TinyBehaviour behaviour;
    const Request request{"m", {{"seed", std::int64_t{5}}}};
    const Made parent = make(store, behaviour, request);
    for (const std::int64_t step : {0, 1, 4, 9}) {
      const auto branch = store.branch(parent.tape, step, request);
      QVERIFY(branch && branch.value().branches.size() == 1 && branch.value().branches[0].values.empty());
      const Made made = make(store, behaviour, branch.value(), 10 + static_cast<std::uint64_t>(step));
      QCOMPARE(made.evaluations, 10 - static_cast<int>(step));
      QVERIFY(at::equal(made.picture, parent.picture));
      QVERIFY(same_tape(store, made.tape, parent.tape));
      const auto tapes = store.tapes();
      const auto info = std::find_if(tapes.begin(), tapes.end(), [&](const TapeInfo& t) { return t.id == made.tape; });
      QVERIFY(info->parent == parent.tape && info->branch_step == step && info->complete);
    }
    QVERIFY(store.tapes().front().kept);
    QVERIFY(!store.branch(parent.tape, 10, request));  // nothing comes after it
    QVERIFY(!store.branch(parent.tape, 11, request));
    QVERIFY(!store.branch(99, 0, request));
  }

  void branches_have_the_same_picture_recorded_or_not() {
    QTemporaryDir folder;
    TinyBehaviour behaviour;
    for (const bool exact : {true, false}) {
      behaviour.exact = exact;
      TapeStore store(small(folder));
      const Request request{"m", {{"seed", std::int64_t{5}}}};
      const TapeId root = make(store, behaviour, request).tape;
      Request changed = request;
      changed.values["mean"] = 0.7;
      const Request one = store.branch(root, 4, changed).value();
      QVERIFY(one.branches == (std::vector<BranchPoint>{{4, {{"mean", 0.7}}}}));
      const Made first = make(store, behaviour, one, 2);
      QCOMPARE(first.evaluations, 6);
      QVERIFY(at::equal(first.picture, plain(one)));
      QVERIFY(!at::equal(first.picture, plain(request)));
      // More steps, from the recorded level on; a branch of a branch.
      changed.values["steps"] = std::int64_t{20};
      const Request two = store.branch(first.tape, 7, changed).value();
      QVERIFY(two.branches.size() == 2 && two.branches[1] == (BranchPoint{7, {{"steps", std::int64_t{20}}}}));
      const Made second = make(store, behaviour, two, 3);
      QCOMPARE(second.evaluations, 6);
      QVERIFY(at::equal(second.picture, plain(two)));
      QCOMPARE(store.contents(second.tape).steps.size(), std::size_t{14});
      // Moving a control of the last branch costs what comes after it.
      Request moved = two;
      moved.branches.back().values["mean"] = 0.1;
      const Made third = make(store, behaviour, moved, 3);
      QCOMPARE(third.evaluations, 6);
      QVERIFY(at::equal(third.picture, plain(moved)));
      QCOMPARE(store.contents(third.tape).info.parent, first.tape);
      // Of no tape of these weights anything is known.
      QCOMPARE(store.record(9, one, "gauss", std::string(64, 'b'))->recorded(), std::int64_t{-1});
      QCOMPARE(store.record(9, {"other", {}}, "gauss", kHash)->recorded(), std::int64_t{-1});
    }
  }

  void requests_with_impossible_branches_are_refused() {
    TinyBehaviour behaviour;
    RenderObserver nobody;
    for (const auto& branches : {std::vector<BranchPoint>{{11, {{"mean", 0.5}}}}, {{5, {}}, {4, {}}}, {{-1, {}}}}) {
      bool refused = false;
      try {
        TinyDenoiser(behaviour).render({{"m", {}, branches}}, nobody);
      } catch (const Error& error) {
        refused = error.error().code == ErrorCode::wrong_use;
      }
      QVERIFY(refused);
    }
  }

  void stretches_follow_the_branches() {
    const Request request{"m", {{"a", 1.0}}, {{2, {{"a", 1.0}}}, {3, {{"a", 2.0}}}, {3, {{"b", 1.0}}}, {5, {{"a", 1.0}}}}};
    const auto row = stretches(request);
    QCOMPARE(row.size(), std::size_t{3});
    QVERIFY(row[0].first_step == 0 && row[0].settings == (Request{"m", {{"a", 1.0}}}));
    QVERIFY(row[1].first_step == 3 && row[1].settings == (Request{"m", {{"a", 2.0}, {"b", 1.0}}}));
    QVERIFY(row[2].first_step == 5 && row[2].settings == (Request{"m", {{"a", 1.0}, {"b", 1.0}}}));
    const std::vector<double> ladder{8, 4, 2, 1, 0};
    QVERIFY(rest_of_ladder(ladder, 4.0) == (std::vector<double>{4, 2, 1, 0}));
    QVERIFY(rest_of_ladder(ladder, 4.0 * (1 + 1e-14)) == (std::vector<double>{4, 2, 1, 0}));
    QVERIFY(rest_of_ladder(ladder, 3.0) == (std::vector<double>{3, 2, 1, 0}));
    QVERIFY(rest_of_ladder(ladder, 20.0) == (std::vector<double>{20, 8, 4, 2, 1, 0}));
    const Request a{"m", {}, {{3, {{"x", 1.0}}}}}, b{"m", {}, {{3, {{"x", 2.0}}}}}, c{"m", {}, {{3, {{"x", 1.0}}}, {6, {}}}};
    QCOMPARE(steps_in_common(a, b), std::int64_t{3});
    QCOMPARE(steps_in_common(a, c), std::int64_t{6});
    QCOMPARE(steps_in_common({"m", {}}, a), std::int64_t{3});
    QVERIFY(steps_in_common(a, a) > 1000);
    QCOMPARE(steps_in_common({"m", {{"x", 1.0}}}, {"m", {}}), std::int64_t{-1});
  }

  void the_oldest_steps_go_to_the_disk_and_come_back() {
    QTemporaryDir folder;
    constexpr std::size_t budget = 200 << 10;
    TapeStore store(small(folder, budget)), all(small(folder));
    TinyBehaviour behaviour;
    behaviour.side_px = 16;
    const Request request{"m", {{"steps", std::int64_t{100}}}};
    const TapeId tape = make(store, behaviour, request).tape, whole = make(all, behaviour, request).tape;
    const TapeInfo info = store.tapes().front();
    QVERIFY(info.memory_bytes <= budget && info.disk_bytes > 0 && info.memory_bytes + info.disk_bytes == all.tapes().front().memory_bytes);
    QCOMPARE(info.steps.size(), std::size_t{101});
    QVERIFY(!store.contents(tape).steps.front()->in_memory() && store.contents(tape).steps.back()->in_memory());
    QCOMPARE(QDir(folder.path()).entryList(QDir::Files | QDir::Hidden).size(), 0);  // the file has no name
    for (const int step : {0, 1, 2, 50, 51, 3, 100, 99, 0}) {
      for (const auto row : info.rows) {
        const auto a = store.picture(tape, step, row), b = all.picture(whole, step, row);
        QVERIFY(a && b && std::memcmp(a.value().data, b.value().data, 16 * 16 * 4) == 0);
      }
    }
    // Exact from the disk too.
    Request changed = request;
    changed.values["mean"] = -0.4;
    const Request branch = store.branch(tape, 10, changed).value();
    const Made made = make(store, behaviour, branch, 2);
    QCOMPARE(made.evaluations, 90);
    RenderObserver nobody;
    QVERIFY(at::equal(made.picture, TinyDenoiser(behaviour).render({branch}, nobody)));
    QVERIFY(store.tapes()[0].memory_bytes + store.tapes()[1].memory_bytes <= 2 * budget);
    store.set_budget(20 << 10);
    for (int i = 0; i < 500 && store.contents(made.tape).info.memory_bytes > (20 << 10); ++i) std::this_thread::sleep_for(10ms);
    QVERIFY(store.contents(made.tape).info.memory_bytes <= (20 << 10));
    store.set_budget(0);
    QVERIFY(!store.record(1, request, "gauss", kHash));
  }

  void a_full_disk_ends_the_tape_and_not_the_picture() {
    QTemporaryDir folder;
    TapeStore store(small(folder, 20 << 10));
    TinyBehaviour behaviour;
    auto& calls = io::file_calls();
    const auto real = calls.pwrite;
    calls.pwrite = [](int, const void*, std::size_t, off_t) -> ssize_t {
      errno = ENOSPC;
      return -1;
    };
    const Request request{"m", {}};
    Recorder recorder(store.record(1, request, "gauss", kHash));
    const at::Tensor picture = TinyDenoiser(behaviour).render({request}, recorder);
    recorder.finish();
    calls.pwrite = real;
    QVERIFY(at::equal(picture, plain(request)));
    QCOMPARE(recorder.errors.size(), std::size_t{1});
    QCOMPARE(static_cast<int>(recorder.errors[0].code), static_cast<int>(ErrorCode::disk_full));
    const TapeInfo info = store.tapes().front();
    QVERIFY(!info.complete && info.steps.size() > 2 && info.steps.size() < 11 && info.disk_bytes == 0);
    for (std::size_t i = 0; i < info.steps.size(); ++i) QVERIFY(store.picture(info.id, static_cast<std::int64_t>(i), TapeRow::state));
    // With room again the next one is whole, and goes on from what there is.
    const Made made = make(store, behaviour, request);
    QVERIFY(store.contents(made.tape).info.complete);
    QVERIFY(at::equal(made.picture, picture));
  }

  void only_the_newest_tape_of_a_view_stays() {
    QTemporaryDir folder;
    TapeStore store(small(folder));
    TinyBehaviour behaviour;
    std::vector<TapeInfo> told;
    store.set_listener([&](const TapeInfo& info) { told.push_back(info); });
    const auto request = [](std::int64_t seed) { return Request{"m", {{"seed", seed}}}; };
    const TapeId first = make(store, behaviour, request(1)).tape;
    const TapeId second = make(store, behaviour, request(2)).tape;
    QCOMPARE(store.tapes().size(), std::size_t{1});
    QVERIFY(std::any_of(told.begin(), told.end(), [&](const TapeInfo& info) { return info.id == first && info.steps.empty(); }));
    QCOMPARE(store.tapes().front().name, std::string("tape 1"));
    make(store, behaviour, request(3), 2);
    QCOMPARE(store.tapes().size(), std::size_t{2});
    store.rename(second, "mine");
    make(store, behaviour, request(4));
    QCOMPARE(store.tapes().size(), std::size_t{3});
    QVERIFY(store.contents(second).info.kept && store.contents(second).info.name == "mine");
    // Once more: nothing to compute, nothing to record.
    const Made again = make(store, behaviour, request(2));
    QVERIFY(again.tape == second && again.evaluations == 0 && at::equal(again.picture, plain(request(2))));
    QCOMPARE(store.tapes().size(), std::size_t{2});
    store.forget(2);
    QCOMPARE(store.tapes().size(), std::size_t{1});
    store.close(second);
    store.close(second);
    QVERIFY(store.tapes().empty());
  }

  void a_cancelled_rendering_leaves_its_steps() {
    QTemporaryDir folder;
    TapeStore store(small(folder));
    TinyBehaviour behaviour;
    const Request request{"m", {}};
    Recorder recorder(store.record(1, request, "gauss", kHash));
    recorder.stop_after = 5;
    QVERIFY(!TinyDenoiser(behaviour).render({request}, recorder).defined());
    const TapeId cut = recorder.finish();
    QVERIFY(!store.contents(cut).info.complete);
    QCOMPARE(behaviour.evaluations.load(), 5);
    const Made made = make(store, behaviour, request);
    QCOMPARE(made.evaluations, 5);  // the rest
    QVERIFY(at::equal(made.picture, plain(request)));
    QCOMPARE(store.contents(made.tape).steps.size(), std::size_t{11});
  }

  void the_live_lane_records_previews_and_goes_on() {
    QTemporaryDir folder;
    TinyBehaviour behaviour;
    behaviour.ms = 20;
    TapeStore store(small(folder));
    TinySource source(behaviour);
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Frame> frames;
    std::vector<JobError> errors;
    LiveLane lane(source, false, &store);
    auto view = lane.open_view(
        [&](const Frame& frame) {
          const std::lock_guard lock(mutex);
          frames.push_back(frame);
          changed.notify_all();
        },
        [&](const JobError& error) {
          const std::lock_guard lock(mutex);
          errors.push_back(error);
          changed.notify_all();
        });
    const auto wait = [&](std::uint64_t generation) {
      std::unique_lock lock(mutex);
      return changed.wait_for(lock, 20s, [&] { return !errors.empty() || (!frames.empty() && frames.back().generation == generation && frames.back().step == frames.back().steps); });
    };
    const Request request{"m", {{"seed", std::int64_t{8}}}};
    QVERIFY(wait(view->show(request)));
    QVERIFY2(errors.empty(), errors.empty() ? "" : errors.front().what_happened.c_str());
    QVERIFY(frames.size() >= 2 && frames.front().step < frames.front().steps);  // previews came
    const TapeId tape = frames.back().tape;
    for (const auto& frame : frames) QVERIFY(frame.tape == tape && tape != 0 && frame.steps == 10);
    QCOMPARE(store.contents(tape).info.model_name, std::string("gauss"));
    QVERIFY(store.contents(tape).info.complete);
    const at::Tensor expected = rgba8_on_host(plain(request)[0]);
    QVERIFY(std::memcmp(frames.back().image.data, expected.const_data_ptr(), expected.nbytes()) == 0);

    Request other = request;
    other.values["mean"] = 0.6;
    const Request branch = store.branch(tape, 7, other).value();
    int before = behaviour.evaluations;
    QVERIFY(wait(view->show(branch)) && errors.empty());
    QCOMPARE(behaviour.evaluations - before, 3);
    const at::Tensor branched = rgba8_on_host(plain(branch)[0]);
    QVERIFY(std::memcmp(frames.back().image.data, branched.const_data_ptr(), branched.nbytes()) == 0);
    QCOMPARE(store.contents(frames.back().tape).info.parent, tape);

    // A change is heeded within one evaluation.
    before = behaviour.evaluations;
    view->show({"m", {{"seed", std::int64_t{9}}}});
    while (behaviour.evaluations < before + 2) std::this_thread::sleep_for(1ms);
    const int at = behaviour.evaluations;
    QVERIFY(wait(view->show(branch)));  // it is still known: the kept parent has its beginning
    QVERIFY2(behaviour.evaluations - at <= 1 + 3, qPrintable(QString::number(behaviour.evaluations - at)));

    behaviour.broken_at = 3;
    view->show({"m", {{"seed", std::int64_t{10}}}});
    {
      std::unique_lock lock(mutex);
      QVERIFY(changed.wait_for(lock, 20s, [&] { return !errors.empty(); }));
      QCOMPARE(static_cast<int>(errors.back().code), static_cast<int>(ErrorCode::not_a_number));
    }
    view.reset();
    const auto left = store.tapes();
    QVERIFY(std::all_of(left.begin(), left.end(), [](const TapeInfo& info) { return info.kept; }));
  }
};

QTEST_GUILESS_MAIN(TestTape)
#include "test_tape.moc"
