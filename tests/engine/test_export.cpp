// Exports: every form dropped back gives the same view; what is cancelled or fails leaves nothing under its final name.
#include <ATen/ops/equal.h>

#include <QtTest>

#include <filesystem>
#include <fstream>

#include "engine/explore/check_request.h"
#include "engine/explore/rgba_frame.h"
#include "engine/export/export_jobs.h"
#include "engine/export/frame_maker.h"
#include "engine/export/read_recipe.h"
#include "engine/export/recipe_text.h"
#include "engine/io/png.h"
#include "tiny_shelf.h"

using namespace orrery;
using namespace orrery::tests;
namespace fs = std::filesystem;

namespace {

const std::string hostile = "Gr\xC3\xBC\xC3\x9F\x65 \"<b>\\n\n\xF0\x9F\x98\x80";

Timeline path_of(const std::string& model) {
  Timeline timeline;
  timeline.duration_s = 0.5;
  timeline.frames_per_s = 20.0;
  timeline.loop = true;
  timeline.base = {model, {{"seed", std::int64_t{3}}, {"class", hostile}}};
  timeline.tracks = {{"latent.pad", {{0.0, std::vector<double>{0.0, 0.0}, Easing::smooth}, {0.25, std::vector<double>{0.7, 0.2}, Easing::smooth}}},
                     {"truncation.psi", {{0.1, 0.3, Easing::linear}, {0.4, 1.2, Easing::ease_in}}}};
  return timeline;
}

}  // namespace

class TestExport : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() {
    folder_ = std::make_unique<QTemporaryDir>();
    qputenv("ORRERY_CACHE_DIR", (folder_->path() + "/cache").toUtf8());
    fs::create_directories(out(""));
    save_tiny(*tiny_model({.classes = 2}, {"plain", hostile}, 3.0), path("model.safetensors"));
    shelf_ = std::make_unique<ModelShelf>(tiny_parts());
    model_ = shelf_->open_now(path("model.safetensors")).id;
  }

  void a_picture_dropped_back() {
    const Request request{model_, {{"seed", std::int64_t{7}}, {"class", hostile}, {"latent.pad", std::vector<double>{0.25, -0.5}}, {"truncation.psi", 0.7}}};
    QuietJob job;
    for (const int size : {0, 16, 40, 9}) {
      const Exported made = export_pictures({request, {}, 0, size, out("a.png"), true}, *shelf_, job);
      QVERIFY(made.files == std::vector<std::string>{out("a.png")} && made.pictures == 1);
      const Recipe recipe = read_recipe(out("a.png"));
      QVERIFY(recipe.what == Recipe::What::picture && recipe.timeline.base == request);
      QCOMPARE(recipe.model_hash, shelf_->resolve(request)->hash);
      QCOMPARE(recipe.model_path, fs::weakly_canonical(path("model.safetensors")).string());
      // The restored request makes the exported pixels.
      const io::PngImage png = io::read_png(out("a.png"));
      FrameMaker maker(*shelf_, job);
      const int side = size == 0 ? 16 : size;
      QCOMPARE(png.width_px, side);
      QCOMPARE(png.channels, 3);
      const at::Tensor again = maker.rgba(recipe.timeline.base, side, side).narrow(2, 0, 3).contiguous();
      QVERIFY(std::memcmp(again.const_data_ptr<std::uint8_t>(), png.pixels.data(), png.pixels.size()) == 0);
      QVERIFY(png.text.at(io::png_parameters).find("Model hash: " + made.model_hash.substr(0, 10)) != std::string::npos);
    }
    // Uncompressed, as other programs' readers want it.
    const std::string bytes = bytes_of(out("a.png"));
    QVERIFY(bytes.find("tEXtorrery_metadata") != std::string::npos && bytes.find("tEXtorrery_metadata") < bytes.find("IDAT"));
    export_pictures({request, {}, 0, 0, out("bare.png"), false}, *shelf_, job);
    QVERIFY(io::read_png_text(out("bare.png")).empty());
  }

  void a_sheet_and_single_pictures() {
    const Request request{model_, {{"truncation.psi", 0.8}, {"seed", std::int64_t{99}}}};
    const std::vector<std::int64_t> seeds{4, 9, 2, 7, 1};
    TestJob job;
    const Exported sheet = export_pictures({request, seeds, 2, 0, out("sheet.png"), true}, *shelf_, job);
    QVERIFY(sheet.pictures == 5 && !job.backwards && job.last == 1.0);
    const Exported single = export_pictures({request, seeds, 0, 0, out("each"), true}, *shelf_, job);
    QCOMPARE(single.files.size(), std::size_t{5});
    const io::PngImage png = io::read_png(out("sheet.png"));
    QCOMPARE(png.width_px, 32);
    QCOMPARE(png.height_px, 48);
    for (std::size_t i = 0; i < 5; ++i) {
      const io::PngImage one = io::read_png(single.files[i]);
      for (int y = 0; y < 16; ++y) {
        const auto* cell = &png.pixels[((i / 2 * 16 + static_cast<std::size_t>(y)) * 32 + i % 2 * 16) * 3];
        QVERIFY(std::memcmp(cell, &one.pixels[static_cast<std::size_t>(y) * 48], 48) == 0);
      }
      QCOMPARE(read_recipe(single.files[i]).timeline.base.get<std::int64_t>("seed", -1), seeds[i]);
    }
    QCOMPARE(int(png.pixels.back()), 255);  // the empty cell
    const Recipe recipe = read_recipe(out("sheet.png"));
    QVERIFY(recipe.what == Recipe::What::sheet && recipe.timeline.base.get<double>("truncation.psi", 0.0) == 0.8 && parse_facts(recipe.json).seeds == seeds);
  }

  void films_dropped_back_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"film.mp4", "film.webm", "film.gif", "sequence"}) QTest::newRow(name) << name;
  }
  void films_dropped_back() {
    QFETCH(QString, name);
    const Timeline timeline = path_of(model_);
    TestJob job;
    const Exported made = export_film({timeline, 0, out(name), 18}, *shelf_, job);
    QVERIFY(made.pictures == 10 && made.files == std::vector<std::string>{out(name)} && !job.backwards);
    QVERIFY(!fs::exists(out(name) + ".part"));
    const Recipe recipe = read_recipe(out(name));
    QVERIFY(recipe.what == Recipe::What::film);
    QCOMPARE(timeline_to_json(recipe.timeline), timeline_to_json(timeline));
    QCOMPARE(recipe.model_hash, made.model_hash);
    for (std::int64_t k = 0; k < 10; ++k) QVERIFY(request_at(recipe.timeline, frame_time(recipe.timeline, k)) == request_at(timeline, static_cast<double>(k) / 20.0));
    if (name != "sequence") return;
    // Every frame of a sequence is a picture with a recipe of its own.
    const Recipe frame = read_recipe(out("sequence/frame-000004.png"));
    QVERIFY(frame.what == Recipe::What::picture && frame.timeline.base == request_at(timeline, 0.2));
    QVERIFY(parse_facts(frame.json).frame == 4);
    FrameMaker maker(*shelf_, job);
    const at::Tensor again = maker.rgba(frame.timeline.base, 16, 16).narrow(2, 0, 3).contiguous();
    const io::PngImage png = io::read_png(out("sequence/frame-000004.png"));
    QVERIFY(std::memcmp(again.const_data_ptr<std::uint8_t>(), png.pixels.data(), png.pixels.size()) == 0);
  }

  void a_model_dropped_back() {
    QuietJob job;
    export_model({model_, out("copy.safetensors")}, *shelf_, job);
    const Recipe recipe = read_recipe(out("copy.safetensors"));
    QVERIFY(recipe.what == Recipe::What::model);
    QCOMPARE(recipe.model_path, out("copy.safetensors"));
    QCOMPARE(recipe.model_hash, shelf_->resolve({model_, {}})->hash);
    const std::string id = shelf_->open_now(out("copy.safetensors")).id;
    QCOMPARE(shelf_->resolve({id, {}})->hash, recipe.model_hash);
    QCOMPARE(shelf_->info(id).class_names.at(1), hostile);
    QVERIFY(read_recipe(path("model.safetensors")).what == Recipe::What::model);  // a snapshot that was not exported says the same
  }

  void cancelled_exports_leave_nothing_data() { films_dropped_back_data(); }
  void cancelled_exports_leave_nothing() {
    QFETCH(QString, name);
    for (const int after : {1, 5, 10}) {
      TestJob job;
      job.on_progress = [&](TestJob& self) { self.cancelled = self.steps >= after; };
      try {
        export_film({path_of(model_), 0, out(name), 18}, *shelf_, job);
        QFAIL("went on");
      } catch (const Error& error) {
        QVERIFY(error.error().code == ErrorCode::cancelled);
      }
      QVERIFY(fs::is_empty(out("")));
    }
    TestJob job;
    job.on_progress = [&](TestJob& self) { self.cancelled = true; };
    try {
      export_pictures({{model_, {}}, {1, 2, 3}, 3, 0, out("sheet.png"), true}, *shelf_, job);
      QFAIL("went on");
    } catch (const Error& error) {
      QVERIFY(error.error().code == ErrorCode::cancelled && fs::is_empty(out("")));
    }
  }

  void wrong_uses_write_nothing() {
    QuietJob job;
    const auto code = [&](const std::function<void()>& act) {
      try {
        act();
      } catch (const Error& error) {
        return error.error().code;
      }
      return ErrorCode::failed;
    };
    const Request request{model_, {}};
    QVERIFY(code([&] { export_pictures({request, {1, 2}, 0, 0, out("a.png"), true}, *shelf_, job); }) == ErrorCode::wrong_use);
    QVERIFY(code([&] { export_pictures({request, {}, 0, 0, out("a.jpg"), true}, *shelf_, job); }) == ErrorCode::wrong_use);
    QVERIFY(code([&] { export_pictures({request, {}, 0, -1, out("a.png"), true}, *shelf_, job); }) == ErrorCode::wrong_use);
    QVERIFY(code([&] { export_pictures({request, std::vector<std::int64_t>(100, 1), 10, 16384, out("a.png"), true}, *shelf_, job); }) == ErrorCode::wrong_use);
    QVERIFY(code([&] { export_pictures({{model_, {{"truncation.psi", 9.0}}}, {}, 0, 0, out("a.png"), true}, *shelf_, job); }) == ErrorCode::wrong_use);
    QVERIFY(code([&] { export_pictures({{"file:/nowhere", {}}, {}, 0, 0, out("a.png"), true}, *shelf_, job); }) == ErrorCode::bad_input);
    QVERIFY(code([&] { export_film({path_of(model_), 0, out("a.avi"), 18}, *shelf_, job); }) == ErrorCode::wrong_use);
    QVERIFY(code([&] { export_film({path_of(model_), 0, out("a.mp4"), 99}, *shelf_, job); }) == ErrorCode::wrong_use);
    QVERIFY(code([&] { export_model({model_, out("a.bin")}, *shelf_, job); }) == ErrorCode::wrong_use);
    Timeline wild = path_of(model_);
    wild.tracks[1].keys[1].value = 50.0;
    QVERIFY(code([&] { export_film({wild, 0, out("a.mp4"), 18}, *shelf_, job); }) == ErrorCode::wrong_use);
    QVERIFY(!fs::exists(out("a.mp4")));
    fs::create_directory(out("full"));
    std::ofstream(out("full/mine")) << "x";
    QVERIFY(code([&] { export_film({path_of(model_), 0, out("full"), 18}, *shelf_, job); }) == ErrorCode::wrong_use);
    QVERIFY(fs::exists(out("full/mine")) && !fs::exists(out("full.part")));
  }

  // A film over the training's snapshots: frame by frame other weights.
  void a_film_over_snapshots() {
    for (int i = 0; i < 4; ++i) {
      fs::create_directories(path("run/snapshots"));
      save_tiny(*tiny_model({.weights_seed = static_cast<std::uint64_t>(i + 10)}, {}, i), path("run/snapshots/snapshot-00000" + std::to_string(i) + ".safetensors"));
    }
    const std::string run = shelf_->open_now(path("run")).id;
    Timeline timeline;
    timeline.duration_s = 0.4;
    timeline.frames_per_s = 10.0;
    timeline.base = {run, {{"seed", std::int64_t{1}}}};
    timeline.tracks = {{"snapshot", {{0.0, std::int64_t{0}, Easing::linear}, {0.3, std::int64_t{3}, Easing::linear}}}};
    QuietJob job;
    export_film({timeline, 0, out("growth"), 18}, *shelf_, job);
    for (int i = 0; i < 4; ++i) {
      const Recipe recipe = read_recipe(out("growth/frame-00000" + std::to_string(i) + ".png"));
      QCOMPARE(recipe.model_hash, tiny_model({.weights_seed = static_cast<std::uint64_t>(i + 10)})->hash);
      QVERIFY(recipe.model_path.ends_with("snapshot-00000" + std::to_string(i) + ".safetensors"));
    }
    QCOMPARE(read_recipe(out("growth")).model_path, fs::weakly_canonical(path("run")).string());
  }

  void as_jobs() {
    JobWork work;
    add_export_work(work, *shelf_);
    TestJob job;
    QCOMPARE(work.picture({{{model_, {}}, {}, 0, 0, out("a.png"), true}}, job), out("a.png"));
    QCOMPARE(work.film({{path_of(model_), 32, out("a.mp4"), 30}}, job), out("a.mp4"));
    QCOMPARE(work.model({{model_, out("b.safetensors")}}, job), out("b.safetensors"));
    QVERIFY(!work.directions({model_}, job).empty());
    QVERIFY(find_control(shelf_->info(model_).controls, "direction.pca.1") != nullptr);
    job.cancelled = true;
    try {
      work.directions({shelf_->open_now(out("b.safetensors")).id}, job);  // in the cache by now: cancelling has nothing to stop
    } catch (const Error&) {
      QFAIL("cancelled what was done");
    }
  }

 private:
  std::string path(const std::string& name) const { return (folder_->path() + "/").toStdString() + name; }
  std::string out(const QString& name) const { return path("out/" + name.toStdString()); }
  std::string out(const char* name) const { return path(std::string("out/") + name); }
  std::string out(const std::string& name) const { return path("out/" + name); }
  static std::string bytes_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::unique_ptr<QTemporaryDir> folder_;
  std::unique_ptr<ModelShelf> shelf_;
  std::string model_;
};

QTEST_GUILESS_MAIN(TestExport)
#include "test_export.moc"
