// verify: bit-equal where nothing changed, and the reason where something did.
#include <QtTest>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "engine/export/recipe_text.h"
#include "engine/export/verify.h"
#include "engine/io/png.h"
#include "tiny_shelf.h"

using namespace orrery;
using namespace orrery::tests;
namespace fs = std::filesystem;

namespace {

Timeline path_of(const std::string& model) {
  Timeline timeline;
  timeline.duration_s = 0.6;
  timeline.frames_per_s = 20.0;
  timeline.base = {model, {{"seed", std::int64_t{3}}}};
  timeline.tracks = {{"latent.pad", {{0.0, std::vector<double>{0.0, 0.0}, Easing::smooth}, {0.5, std::vector<double>{0.7, 0.2}, Easing::smooth}}}};
  return timeline;
}

}  // namespace

class TestVerify : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() {
    folder_ = std::make_unique<QTemporaryDir>();
    qputenv("ORRERY_CACHE_DIR", (folder_->path() + "/cache").toUtf8());
    save_tiny(*tiny_model({.weights_seed = 1}), path("model.safetensors"));
    save_tiny(*tiny_model({.weights_seed = 2}), path("other.safetensors"));
    ModelShelf shelf(tiny_parts());
    const std::string model = shelf.open_now(path("model.safetensors")).id;
    QuietJob job;
    const Request request{model, {{"seed", std::int64_t{5}}, {"noise.mode", std::string("random")}, {"truncation.psi", 0.6}}};
    export_pictures({request, {}, 0, 24, path("a.png"), true}, shelf, job);
    export_pictures({request, {1, 2, 3, 4}, 2, 0, path("sheet.png"), true}, shelf, job);
    for (const char* name : {"a.mp4", "a.webm", "a.gif", "sequence"}) export_film({path_of(model), 32, path(name), 20}, shelf, job);
  }

  void everything_is_bit_equal() {
    for (const char* name : {"a.png", "sheet.png", "a.mp4", "a.webm", "a.gif", "sequence"}) {
      TestJob job;
      ModelShelf shelf(tiny_parts());  // nothing open: the model lies where the recipe says
      const VerifyReport report = verify_export(path(name), shelf, job);
      QVERIFY2(report.bit_equal && report.why.empty() && std::isinf(report.psnr_db), name);
      QCOMPARE(report.frames, std::string(name).find("png") != std::string::npos ? 1 : 12);
    }
    QVERIFY(fs::is_empty(path("cache/verify")));
  }

  void the_model_may_have_moved() {
    fs::rename(path("model.safetensors"), path("moved.safetensors"));
    TestJob job;
    ModelShelf shelf(tiny_parts());
    try {
      verify_export(path("a.png"), shelf, job);
      QFAIL("found");
    } catch (const Error& error) {
      QVERIFY(error.error().code == ErrorCode::bad_input && error.error().what_to_do.find("--model") != std::string::npos);
    }
    QVERIFY(verify_export(path("a.png"), shelf, job, path("moved.safetensors")).bit_equal);
    QVERIFY(verify_export(path("a.mp4"), shelf, job).bit_equal);  // by its hash: it is open now
  }

  void other_weights() {
    TestJob job;
    ModelShelf shelf(tiny_parts());
    for (const char* name : {"a.png", "sheet.png", "a.mp4", "sequence"}) {
      const VerifyReport report = verify_export(path(name), shelf, job, path("other.safetensors"));
      QVERIFY2(!report.bit_equal && report.psnr_db < 30.0 && report.psnr_db > 0.0, name);
      QVERIFY(report.why.find("other weights") != std::string::npos);
    }
  }

  void changed_pixels() {
    io::PngImage png = io::read_png(path("a.png"));
    png.pixels[100] ^= 0x10;
    io::write_png(path("touched.png"), png.view(), png.text);
    TestJob job;
    ModelShelf shelf(tiny_parts());
    VerifyReport report = verify_export(path("touched.png"), shelf, job);
    QVERIFY(!report.bit_equal && report.psnr_db > 40.0 && report.why.find("changed after the export") != std::string::npos);

    io::PngImage cut = png;
    cut.height_px -= 1;
    cut.pixels.resize(cut.pixels.size() - static_cast<std::size_t>(cut.width_px) * 3);
    io::write_png(path("cut.png"), cut.view(), png.text);
    report = verify_export(path("cut.png"), shelf, job);
    QVERIFY(!report.bit_equal && report.why.find("size") != std::string::npos);

    fs::copy_file(path("sequence/frame-000001.png"), path("sequence/frame-000002.png"), fs::copy_options::overwrite_existing);
    report = verify_export(path("sequence"), shelf, job);
    QVERIFY(!report.bit_equal && report.psnr_db < 60.0 && report.frames == 12);
  }

  // Another recipe in the same film: the frames say how far off it is.
  void changed_recipes() {
    io::PngImage png = io::read_png(path("a.png"));
    auto recipe = nlohmann::json::parse(png.text.at(io::png_metadata));
    recipe["request"]["values"]["seed"] = 6;
    recipe["program"] = "0.0.1";
    recipe["device"] = "cuda";
    png.text[io::png_metadata] = recipe_text(recipe);
    io::write_png(path("lie.png"), png.view(), png.text);
    TestJob job;
    ModelShelf shelf(tiny_parts());
    const VerifyReport report = verify_export(path("lie.png"), shelf, job);
    QVERIFY(!report.bit_equal && report.psnr_db < 35.0);
    QVERIFY(report.why.find("cuda then, cpu now") != std::string::npos && report.why.find("0.0.1") != std::string::npos);
  }

  void a_film_by_another_encoder_is_compared_by_its_frames() {
    ModelShelf shelf(tiny_parts());
    const std::string model = shelf.open_now(path("model.safetensors")).id;
    QuietJob job;
    export_film({path_of(model), 32, path("b.mp4"), 28}, shelf, job);
    // The same pictures at another quality under the recipe of the first: as if another encoder had made them.
    std::string bytes = bytes_of(path("b.mp4"));
    const auto at = bytes.find("\"quality\":28");
    QVERIFY(at != std::string::npos);
    bytes.replace(at, 12, "\"quality\":20");
    std::ofstream(path("b.mp4"), std::ios::binary) << bytes;
    const VerifyReport report = verify_export(path("b.mp4"), shelf, job);
    // An untrained network makes coloured noise, of which the codec's half-resolution colour alone loses most; a wrong frame would be below 12 dB.
    QVERIFY2(!report.bit_equal && report.psnr_db > 15.0 && report.psnr_db < 60.0, qPrintable(QString::number(report.psnr_db)));
    QVERIFY2(report.why.find("codec") != std::string::npos, report.why.c_str());
  }

  void what_cannot_be_verified_says_so() {
    TestJob job;
    ModelShelf shelf(tiny_parts());
    for (const char* name : {"model.safetensors", "nothing.png", "cache"}) {
      try {
        verify_export(path(name), shelf, job);
        QFAIL(name);
      } catch (const Error& error) {
        QVERIFY(error.error().code == ErrorCode::bad_input);
      }
    }
    job.cancelled = true;
    try {
      verify_export(path("a.mp4"), shelf, job);
      QFAIL("went on");
    } catch (const Error& error) {
      QVERIFY(error.error().code == ErrorCode::cancelled);
    }
    QVERIFY(!fs::exists(path("cache/verify")) || fs::is_empty(path("cache/verify")));
  }

  void decibels() {
    const std::uint8_t a[4] = {0, 0, 0, 0}, b[4] = {0, 0, 0, 255}, c[4] = {255, 255, 255, 255};
    QVERIFY(std::isinf(psnr_db(a, a, 4)));
    QVERIFY(std::abs(psnr_db(a, b, 4) - 6.0206) < 1e-3);
    QVERIFY(std::abs(psnr_db(a, c, 4)) < 1e-9);
  }

 private:
  std::string path(const std::string& name) const { return (folder_->path() + "/").toStdString() + name; }
  static std::string bytes_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::unique_ptr<QTemporaryDir> folder_;
};

QTEST_GUILESS_MAIN(TestVerify)
#include "test_verify.moc"
