// The shelf: files, run folders and starters; snapshots that appear while a run trains; a slider over all of them.
#include <ATen/ops/equal.h>

#include <QtTest>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>

#include "engine/explore/check_request.h"
#include "engine/explore/directions.h"
#include "engine/explore/model_shelf.h"
#include "engine/explore/rgba_frame.h"
#include "tiny_generator.h"

using namespace orrery;
using namespace orrery::tests;
namespace fs = std::filesystem;

namespace {

class Shelf {
 public:
  explicit Shelf(std::size_t budget_bytes = std::size_t{512} << 20, const std::string& starters = {}) : shelf(parts(budget_bytes, starters)) {
    shelf.set_listener([this](const ModelInfo& info) {
      const std::lock_guard lock(mutex);
      heard.push_back(info);
    });
  }
  ShelfParts parts(std::size_t budget_bytes, const std::string& starters) {
    ShelfParts out;
    out.load = [this](const std::string& path, const std::string&) {
      ++loads;
      return load_tiny(path);
    };
    out.make_player = [](std::shared_ptr<const Model> model) { return make_generator_player(std::move(model)); };
    out.kind = [](const std::string&) { return Kind::generator; };
    out.budget_bytes = budget_bytes;
    out.starters_folder = starters;
    return out;
  }
  std::atomic<int> loads{0};
  std::mutex mutex;
  std::vector<ModelInfo> heard;
  ModelShelf shelf;  // last: its listener uses the others
};

std::shared_ptr<Model> at_kimg(std::uint64_t seed, double kimg) { return tiny_model({.weights_seed = seed}, {}, kimg); }

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.error().what_happened;
  }
  return {};
}

at::Tensor picture(const std::shared_ptr<const Model>& model, const Request& request) {
  RenderObserver nobody;
  return make_generator_player(model)->render({request}, nobody)[0];
}

}  // namespace

class TestModelShelf : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() {
    folder_ = std::make_unique<QTemporaryDir>();
    QVERIFY(folder_->isValid());
    qputenv("ORRERY_CACHE_DIR", (folder_->path() + "/cache").toUtf8());
  }

  void a_file_opens() {
    const auto model = tiny_model({.classes = 2}, {"cat", "dog"}, 12.5);
    save_tiny(*model, path("one.safetensors"));
    Shelf s;
    const ModelInfo info = s.shelf.open_now(path("one.safetensors"));
    QCOMPARE(info.id, "file:" + fs::weakly_canonical(path("one.safetensors")).string());
    QCOMPARE(info.name, std::string("one"));
    QCOMPARE(info.system, std::string("tiny"));
    QCOMPARE(info.hash, model->hash);
    QCOMPARE(info.width_px, 16);
    QCOMPARE(info.size_bytes, static_cast<std::int64_t>(fs::file_size(path("one.safetensors"))));
    QVERIFY((info.class_names == std::vector<std::string>{"cat", "dog"}));
    QVERIFY(info.snapshots.size() == 1 && info.snapshots[0].kimg == 12.5);
    QVERIFY(find_control(info.controls, "truncation.psi") && !find_control(info.controls, "snapshot"));
    QVERIFY(at::equal(picture(s.shelf.resolve({info.id, {}}), {info.id, {{"seed", std::int64_t{3}}}}), picture(model, {"", {{"seed", std::int64_t{3}}}})));
    QCOMPARE(s.heard.size(), std::size_t{1});
    QCOMPARE(s.shelf.open_now(info.id).id, info.id);
    QCOMPARE(s.shelf.open_now(path("./sub/../one.safetensors")).id, info.id);
    QCOMPARE(s.shelf.models().size(), std::size_t{1});
    s.shelf.close(info.id);
    QVERIFY(s.shelf.models().empty());
    QVERIFY(message_of([&] { s.shelf.resolve({info.id, {}}); }).find("not open") != std::string::npos);
  }

  void opening_on_a_thread() {
    save_tiny(*tiny_model(), path("one.safetensors"));
    Shelf s;
    std::promise<Result<ModelInfo>> good, bad;
    s.shelf.open(path("one.safetensors"), [&](Result<ModelInfo> result) { good.set_value(std::move(result)); });
    s.shelf.open(path("none.safetensors"), [&](Result<ModelInfo> result) { bad.set_value(std::move(result)); });
    QVERIFY(static_cast<bool>(good.get_future().get()));
    const auto failed = bad.get_future().get();
    QVERIFY(!failed && failed.error().code == ErrorCode::bad_input && failed.error().what_happened.find("none.safetensors") != std::string::npos);
    QCOMPARE(s.shelf.models().size(), std::size_t{1});
  }

  void what_cannot_be_opened_says_so() {
    std::ofstream(path("text.safetensors")) << "this is no model";
    fs::create_directories(path("empty"));
    Shelf s(1 << 20, path("starters"));
    for (const char* name : {"text.safetensors", "empty", "none", "starter:none", "starter:../one", "starter:"}) {
      const std::string place = std::string(name).starts_with("starter:") ? name : path(name);
      QVERIFY2(!message_of([&] { s.shelf.open_now(place); }).empty(), name);
    }
    QVERIFY(s.shelf.models().empty());
  }

  // The slider over saved snapshots: every frame equals an offline rendering of that snapshot, bit for bit.
  void a_run_folder_and_its_slider() {
    constexpr int kSnapshots = 20;
    std::vector<std::shared_ptr<Model>> models;
    for (int i = 0; i < kSnapshots; ++i) {
      models.push_back(at_kimg(static_cast<std::uint64_t>(100 + i), 0.5 + i));
      save_tiny(*models.back(), snapshot_path("run", 0.5 + i));
    }
    std::ofstream(path("run/snapshots/snapshot-torn.safetensors")) << "torn";
    std::ofstream(path("run/snapshots/notes.txt")) << "x";
    Shelf s;
    const ModelInfo info = s.shelf.open_now(path("run"));
    QCOMPARE(info.id, "run:" + fs::weakly_canonical(path("run")).string());
    QCOMPARE(info.snapshots.size(), std::size_t{kSnapshots});
    QCOMPARE(info.hash, models.back()->hash);
    QCOMPARE(s.loads.load(), 1);  // the others wait until somebody looks
    const ControlSpec* slider = find_control(info.controls, "snapshot");
    QVERIFY(slider && slider->max == kSnapshots - 1 && slider->min == -1 && slider->neutral == Value(std::int64_t{-1}));
    for (int i = -1; i < kSnapshots; ++i) {
      const Request request{info.id, {{"snapshot", static_cast<std::int64_t>(i)}, {"seed", std::int64_t{4}}, {"latent.pad", std::vector<double>{0.3, 0.6}}}};
      const auto& offline = models[static_cast<std::size_t>(i < 0 ? kSnapshots - 1 : i)];
      const auto resolved = s.shelf.resolve(request);
      QCOMPARE(resolved->hash, offline->hash);
      QVERIFY(at::equal(rgba8_on_host(picture(resolved, request)), rgba8_on_host(picture(load_tiny(snapshot_path("run", offline->kimg)), request))));
    }
    QCOMPARE(s.loads.load(), kSnapshots);
    QCOMPARE(s.shelf.open_now(snapshot_path("run", 0.5)).name, std::string("run, 0.5 kimg"));  // each run's files have the same names
    const std::string far = message_of([&] { s.shelf.resolve({info.id, {{"snapshot", std::int64_t{kSnapshots}}}}); });
    QVERIFY(far.find("snapshot") != std::string::npos);
  }

  void old_snapshots_are_let_go_and_read_again() {
    for (int i = 0; i < 6; ++i) save_tiny(*at_kimg(static_cast<std::uint64_t>(i), i), snapshot_path("run", i));
    Shelf s(2 * bytes_of_one() + 10);
    const ModelInfo info = s.shelf.open_now(path("run"));
    const auto look = [&](std::int64_t i) { return s.shelf.resolve({info.id, {{"snapshot", i}}}); };
    std::weak_ptr<const Model> first = look(0);
    look(1);
    QVERIFY(!first.expired());
    look(0);
    look(2);  // the least recently used of 0 and 1 goes: 1
    QVERIFY(!first.expired());
    QCOMPARE(s.loads.load(), 4);
    look(0);
    QCOMPARE(s.loads.load(), 4);
    look(1);
    QCOMPARE(s.loads.load(), 5);
  }

  void published_snapshots_appear_at_once() {
    Shelf s;
    s.shelf.publish(path("run"), at_kimg(1, 0.0), {}, false);
    QCOMPARE(s.heard.size(), std::size_t{1});
    const std::string id = s.heard[0].id;
    QCOMPARE(id, "run:" + fs::weakly_canonical(path("run")).string());
    QVERIFY(!find_control(s.heard[0].controls, "snapshot")->unavailable.empty());
    QVERIFY(!s.shelf.watched(path("run")));
    QCOMPARE(s.shelf.resolve({id, {}})->hash, at_kimg(1, 0.0)->hash);
    QVERIFY(s.shelf.watched(path("run")) && !s.shelf.watched(path("other")));

    save_tiny(*at_kimg(2, 1.0), snapshot_path("run", 1.0));
    s.shelf.publish(path("run/"), at_kimg(2, 1.0), {{"fd", 12.0}}, true);
    s.shelf.publish(path("run"), at_kimg(3, 1.5), {}, false);
    s.shelf.publish(path("run"), at_kimg(4, 2.0), {{"fd", 9.0}}, true);  // its file is not there (yet): it must not be let go
    const ModelInfo info = s.shelf.info(id);
    QCOMPARE(s.heard.size(), std::size_t{4});
    QCOMPARE(info.snapshots.size(), std::size_t{2});
    QCOMPARE(info.snapshots[1].metrics.at("fd"), 9.0);
    QCOMPARE(info.hash, at_kimg(4, 2.0)->hash);
    QVERIFY(find_control(info.controls, "snapshot")->max == 1);
    QCOMPARE(s.shelf.resolve({id, {{"snapshot", std::int64_t{0}}}})->hash, at_kimg(2, 1.0)->hash);
    s.shelf.publish(path("run"), at_kimg(5, 2.5), {}, false);
    QCOMPARE(s.shelf.resolve({id, {}})->hash, at_kimg(5, 2.5)->hash);
    QCOMPARE(s.shelf.resolve({id, {{"snapshot", std::int64_t{1}}}})->hash, at_kimg(4, 2.0)->hash);
    QCOMPARE(s.loads.load(), 0);
    // The folder, opened while it trains, keeps what training published last.
    const ModelInfo again = s.shelf.open_now(path("run"));
    QCOMPARE(again.hash, at_kimg(5, 2.5)->hash);
    QVERIFY(again.snapshots.size() == 2 && again.snapshots[0].metrics.at("fd") == 12.0 && again.snapshots[1].metrics.at("fd") == 9.0);
    QCOMPARE(s.shelf.resolve({id, {}})->hash, at_kimg(5, 2.5)->hash);
  }

  void published_from_one_thread_while_others_look() {
    Shelf s;
    s.shelf.publish(path("run"), at_kimg(1, 0.0), {}, true);
    const std::string id = s.shelf.models().at(0).id;
    std::atomic<bool> go{true};
    std::atomic<int> looks{0};
    std::thread viewer([&] {
      while (go) {
        const auto info = s.shelf.info(id);
        const auto model = s.shelf.resolve({id, {{"snapshot", static_cast<std::int64_t>(info.snapshots.size()) - 1}}});
        if (model) ++looks;
        s.shelf.refresh_controls(id);
      }
    });
    for (int i = 1; i <= 100; ++i) s.shelf.publish(path("run"), at_kimg(static_cast<std::uint64_t>(i), i), {}, i % 2 == 0);
    while (looks < 3) std::this_thread::yield();
    go = false;
    viewer.join();
    QCOMPARE(s.shelf.info(id).snapshots.size(), std::size_t{51});
  }

  void found_by_hash() {
    fs::create_directories(path("starters"));
    save_tiny(*at_kimg(50, 1.0), path("starters/emoji.safetensors"));
    for (int i = 0; i < 3; ++i) save_tiny(*at_kimg(static_cast<std::uint64_t>(i), i), snapshot_path("run", i));
    Shelf s(std::size_t{1} << 30, path("starters"));
    const std::string run = s.shelf.open_now(path("run")).id;
    const auto old = s.shelf.find_by_hash(at_kimg(1, 1.0)->hash);
    QVERIFY(old && old->model == run && s.shelf.resolve(*old)->hash == at_kimg(1, 1.0)->hash);
    const auto starter = s.shelf.find_by_hash(at_kimg(50, 1.0)->hash);
    QVERIFY(starter && starter->model == "starter:emoji");
    QVERIFY(!s.shelf.find_by_hash(std::string(64, '0')));
    QVERIFY(!s.shelf.find_by_hash(""));
  }

  void directions_appear_once_computed() {
    save_tiny(*at_kimg(7, 1.0), path("one.safetensors"));
    Shelf s;
    const std::string id = s.shelf.open_now(path("one.safetensors")).id;
    QVERIFY(!find_control(s.shelf.info(id).controls, "direction.pca.1"));
    directions_of(*s.shelf.resolve({id, {}}));
    s.shelf.refresh_controls(id);
    QVERIFY(find_control(s.shelf.info(id).controls, "direction.pca.1") && find_control(s.shelf.info(id).controls, "direction.closed.1"));
    QVERIFY(find_control(s.heard.back().controls, "direction.pca.1"));
  }

 private:
  std::string path(const std::string& name) const { return (folder_->path() + "/").toStdString() + name; }
  std::string snapshot_path(const std::string& run, double kimg) const {
    fs::create_directories(path(run + "/snapshots"));
    char name[64];
    std::snprintf(name, sizeof name, "/snapshots/snapshot-%08.3f.safetensors", kimg);
    return path(run + name);
  }
  static std::size_t bytes_of_one() {
    std::size_t bytes = 0;
    for (const auto& [name, tensor] : io::named_weights(*tiny_model()->network)) bytes += tensor.nbytes();
    return bytes;
  }

  std::unique_ptr<QTemporaryDir> folder_;
};

QTEST_GUILESS_MAIN(TestModelShelf)
#include "test_model_shelf.moc"
