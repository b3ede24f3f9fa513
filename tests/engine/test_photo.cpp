// Photos and masks: values from anybody, partial noising, inversion, inpainting, and that tapes go on with them bit for bit.
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <nlohmann/json.hpp>

#include <QTemporaryDir>
#include <QTest>
#include <fstream>

#include "engine/api/result.h"
#include "engine/api/value_json.h"
#include "engine/device/rng.h"
#include "engine/diffusion/inversion.h"
#include "engine/explore/check_request.h"
#include "engine/explore/denoiser_player.h"
#include "engine/explore/picture_file.h"
#include "engine/explore/picture_value.h"
#include "engine/explore/rgba_frame.h"
#include "engine/jobs/boundary.h"
#include "engine/kinds/denoiser.h"
#include "engine/systems/system.h"
#include "engine/train/point_data.h"
#include "engine/train/trainer.h"

using namespace orrery;
using nlohmann::json;

namespace {

constexpr std::int64_t kSide = 8;

// What a perfect network would predict for data that are these pictures [K, 3, H, W] blurred by a little noise, one class each; or all of them.
class PerfectDenoiser : public Denoiser {
 public:
  explicit PerfectDenoiser(at::Tensor pictures) : pictures_(pictures.to(at::kDouble)) {}
  DenoiserShape shape() const override {
    DenoiserShape shape;
    shape.sample = {3, kSide, kSide};
    shape.classes = pictures_.size(0);
    shape.unconditional = true;
    return shape;
  }
  at::Tensor denoise(const at::Tensor& x, const at::Tensor& sigma, const Condition& condition) override {
    ++evaluations;
    const double variance = kSpread * kSpread, noise = std::pow(sigma[0].item<double>(), 2), share = variance / (variance + noise);
    const at::Tensor flat = x.to(at::kDouble).flatten(1), means = pictures_.flatten(1);
    at::Tensor log_weights = (flat.unsqueeze(1) - means.unsqueeze(0)).square().sum(2) / (-2.0 * (variance + noise));
    if (condition.classes.defined()) log_weights = log_weights + condition.classes.to(at::kDouble).log();
    const at::Tensor weights = log_weights.softmax(1);
    return (weights.matmul(means) * (1.0 - share) + flat * share).view(x.sizes()).to(at::kFloat).to(x.scalar_type());  // networks compute in float32
  }
  static constexpr double kSpread = 0.25;
  int evaluations = 0;

 private:
  at::Tensor pictures_;
};

at::Tensor some_picture(std::uint64_t seed, std::int64_t side = kSide) {  // [3, H, W] uint8
  return (Rng(seed).uniform({3, 2, 2}, at::kFloat).repeat_interleave(side / 2, 1).repeat_interleave(side / 2, 2) * 255.0).to(at::kByte);
}
std::string value_of(const at::Tensor& picture) {
  const at::Tensor pixels = picture.permute({1, 2, 0}).contiguous();
  return picture_value({pixels.const_data_ptr<std::uint8_t>(), static_cast<int>(pixels.size(1)), static_cast<int>(pixels.size(0)), static_cast<int>(pixels.size(2)), 0});
}
// White (made anew) in the right half.
std::string half_mask() {
  at::Tensor mask = at::zeros({1, kSide, kSide}, at::kByte);
  mask.narrow(2, kSide / 2, kSide / 2).fill_(255);
  return value_of(mask);
}
at::Tensor bytes_of(const at::Tensor& rendered) { return rgba8_on_host(rendered[0]).narrow(2, 0, 3).permute({2, 0, 1}); }

struct Perfect {
  std::shared_ptr<PerfectDenoiser> network = std::make_shared<PerfectDenoiser>(at::stack({some_picture(1), some_picture(2), some_picture(3)}) / 127.5 - 1.0);
  std::unique_ptr<Player> player;
  explicit Perfect(const DenoiserDefaults& defaults = {}) {
    auto model = std::make_shared<Model>();
    model->class_names = {"one", "two", "three"};
    model->network = network;
    player = make_denoiser_player(model, defaults);
  }
  at::Tensor render(std::map<std::string, Value> values) {
    RenderObserver nobody;
    return player->render({{"model", std::move(values)}}, nobody);
  }
};

QString refusal(const std::function<void()>& call, ErrorCode code = ErrorCode::bad_input) {
  try {
    call();
  } catch (const Error& error) {
    // At the command line nothing was lost; where pictures are shown the last one stays.
    const JobError shown = live_error_of(std::current_exception());
    if (error.error().code != code || !error.error().what_is_safe.empty() || shown.what_is_safe != "The last picture stays." || shown.what_to_do.empty()) return "another error: " + QString(error.what());
    return error.what();
  }
  return "accepted";
}

double largest(const at::Tensor& difference) { return difference.abs().max().item<double>(); }

}  // namespace

class TestPhoto : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void valuesAreWholePictures() {
    for (const std::int64_t side : {1, 2, 5, 30}) {
      const at::Tensor picture = (Rng(5).uniform({3, side, side}, at::kFloat) * 255.0).to(at::kByte);
      const at::Tensor back = photo_of_value(value_of(picture), {3, side, side});
      QVERIFY(at::equal(((back[0] + 1.0) * 127.5).round().to(at::kByte), picture));
      // And as a picture on the screen they have the same bytes.
      QVERIFY(at::equal(bytes_of(back.to(at::kFloat)), picture));
    }
    const std::string value = value_of(some_picture(1));
    QCOMPARE(photo_of_value(value, {1, 8, 8}).sizes().vec(), (std::vector<std::int64_t>{1, 1, 8, 8}));
    QVERIFY(photo_of_value(value, {4, 8, 8}).narrow(1, 3, 1).eq(1.0).all().item<bool>());
    // Made for another model: cropped to the proportions, resampled.
    QCOMPARE(photo_of_value(value, {3, 16, 16}).sizes().vec(), (std::vector<std::int64_t>{1, 3, 16, 16}));
    at::Tensor wide = at::zeros({3, 8, 24}, at::kByte);
    wide.narrow(2, 8, 8).fill_(255);
    QVERIFY(photo_of_value(value_of(wide), {3, 8, 8}).eq(1.0).all().item<bool>());
    const at::Tensor mask = mask_of_value(half_mask(), {3, kSide, kSide});
    QVERIFY(mask.narrow(3, 0, 4).eq(0.0).all().item<bool>() && mask.narrow(3, 4, 4).eq(1.0).all().item<bool>());
    // A transparent picture lies on white.
    const std::vector<std::uint8_t> clear(4 * 64, 0);
    QVERIFY(photo_of_value(picture_value({clear.data(), 8, 8, 4, 0}), {3, 8, 8}).eq(1.0).all().item<bool>());
    // As a request travels.
    const Request request{"model", {{"photo", value}, {"photo.mask", half_mask()}}};
    QVERIFY(request_from(request_json(request)).value() == request);
  }

  void hostileValues_data() {
    QTest::addColumn<QString>("value");
    const QString prefix = "data:image/png;base64,";
    const std::string good = value_of(some_picture(1));
    const auto text = [](const std::string& value) { return QString::fromStdString(value); };
    const auto packed = [&](const std::string& bytes) { return prefix + QByteArray::fromStdString(bytes).toBase64(); };
    QTest::newRow("a path") << "/etc/passwd";
    QTest::newRow("an address") << "https://example.org/a.png";
    QTest::newRow("another format") << "data:image/jpeg;base64,/9j/4AAQ";
    QTest::newRow("no bytes") << prefix;
    QTest::newRow("no base64") << prefix + "!!!!";
    QTest::newRow("a line break") << text(good).insert(60, "\n   ");
    QTest::newRow("cut in the text") << text(good.substr(0, good.size() - 3));
    QTest::newRow("cut in the picture") << text(good.substr(0, good.size() / 8 * 4));
    QTest::newRow("padding in the middle") << text(good).replace(40, 4, "QQ==");
    QTest::newRow("bits left over") << prefix + "QUJDRB==";
    QTest::newRow("text that is no picture") << packed("this is no picture at all, is it?");
    QTest::newRow("a flipped byte") << [&] {
      QByteArray bytes = QByteArray::fromBase64(text(good).mid(prefix.size()).toLatin1());
      bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
      return prefix + bytes.toBase64();
    }();
    // Says that it is 60,000 x 60,000.
    QTest::newRow("a bomb") << [&] {
      std::vector<std::uint8_t> row(3000 * 3000);
      return text(picture_value({row.data(), 3000, 3000, 1, 0}));
    }();
    QTest::newRow("larger than anything") << prefix + QString(26 << 20, 'A');
  }
  void hostileValues() {
    QFETCH(QString, value);
    Perfect perfect;
    for (const auto& values : {std::map<std::string, Value>{{"photo", value.toStdString()}},
                               std::map<std::string, Value>{{"photo", value_of(some_picture(1))}, {"photo.mask", value.toStdString()}}}) {
      const QString why = refusal([&] { perfect.render(values); });
      QVERIFY2(why.contains(" cannot be read") && why.size() < 160, qPrintable(why));
    }
    QCOMPARE(perfect.network->evaluations, 0);
  }

  void files() {
    QTemporaryDir dir;
    const auto path = [&](const char* name) { return dir.filePath(name).toStdString(); };
    const auto write = [&](const char* name, const std::string& bytes) { std::ofstream(path(name), std::ios::binary) << bytes; };
    const at::Tensor picture = some_picture(4, 32);
    const at::Tensor pixels = picture.permute({1, 2, 0}).contiguous();
    const io::PixelView view{pixels.const_data_ptr<std::uint8_t>(), 32, 32, 3, 0};
    io::write_png(path("a.png"), view);
    QCOMPARE(picture_value_of_file(path("a.png"), ControlKind::photo, 32, 32), value_of(picture));
    QCOMPARE(photo_of_value(picture_value_of_file(path("a.png"), ControlKind::photo, 8, 8), {3, 8, 8}).size(3), 8);
    QCOMPARE(mask_of_value(picture_value_of_file(path("a.png"), ControlKind::mask, 16, 16), {3, 16, 16}).size(1), 1);
    const std::string png = io::png_bytes(view);
    write("cut.png", png.substr(0, png.size() / 2));
    write("empty.png", "");
    write("words.png", "no picture");
    io::write_png(path("tiny.png"), {pixels.const_data_ptr<std::uint8_t>(), 7, 9, 3, 0});
    const std::map<std::string, QString> refused{{"cut.png", ""}, {"empty.png", "empty"}, {"words.png", ""}, {"tiny.png", "7 x 9"}, {"none.png", "no such file"}, {"", "not a file"}};
    for (const auto& [name, word] : refused) {
      const QString why = refusal([&] { picture_value_of_file(path(name.c_str()), ControlKind::photo, 32, 32); });
      QVERIFY2(why != "accepted" && !why.startsWith("another") && why.contains(word), qPrintable(why));
    }
  }

  void strength() {
    Perfect perfect;
    const at::Tensor picture = some_picture(9);
    std::map<std::string, Value> values{{"seed", std::int64_t{3}}, {"photo", value_of(picture)}};
    for (const std::string sampler : {"heun", "euler", "midpoint", "ddim", "ddpm"}) {
      values["sampler"] = sampler;
      values["photo.strength"] = 0.0;
      QVERIFY(at::equal(bytes_of(perfect.render(values)), picture));
      values["photo.strength"] = 1.0;
      auto without = values;
      without.erase("photo");
      QVERIFY(at::equal(perfect.render(values), perfect.render(without)));
      // In between: the more, the further from the photo.
      double before = 0.0;
      for (const double strength : {0.2, 0.5, 0.8}) {
        values["photo.strength"] = strength;
        const double distance = (bytes_of(perfect.render(values)).to(at::kFloat) - picture.to(at::kFloat)).square().mean().item<double>();
        QVERIFY2(distance > before, qPrintable(QString("%1 at %2: %3").arg(sampler.c_str()).arg(strength).arg(distance)));
        before = distance;
      }
    }
  }

  void inversionReturns_data() {
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<double>("strength");
    for (const char* sampler : {"heun", "euler", "midpoint", "ralston", "ddim"}) {
      for (const double strength : {0.4, 1.0}) QTest::addRow("%s, %.1f", sampler, strength) << sampler << strength;
    }
  }
  void inversionReturns() {
    QFETCH(QString, sampler);
    QFETCH(double, strength);
    Perfect perfect;
    const at::Tensor picture = some_picture(9);
    std::map<std::string, Value> values{{"photo", value_of(picture)}, {"photo.mode", std::string("inversion")}, {"photo.strength", strength},
                                        {"sampler", sampler.toStdString()}, {"sampler.steps", std::int64_t{50}}, {"class", std::string("two")}};
    const at::Tensor photo = picture.to(at::kDouble) / 127.5 - 1.0;
    const double error = largest(perfect.render(values)[0] - photo);
    QVERIFY2(error < 1e-3, qPrintable(QString::number(error)));
    qInfo("error %.2g after %d evaluations", error, perfect.network->evaluations);

    // What follows from the same code costs no second inversion.
    const int known = perfect.network->evaluations;
    perfect.render(values);
    const int sampling = perfect.network->evaluations - known;
    QVERIFY(sampling <= 100);
    values["guidance.scale"] = 3.0;
    QVERIFY(largest(perfect.render(values)[0] - photo) > 0.01);
    values["photo.class"] = std::string("two");
    values["class"] = std::string("three");
    perfect.render(values);
    QVERIFY(perfect.network->evaluations - known <= 5 * sampling);
    values.erase("guidance.scale");
    const at::Tensor turned = perfect.render(values);
    QVERIFY(largest(turned[0] - photo) > 0.05);
    // A fresh player, which inverts again, makes the same.
    QVERIFY(at::equal(Perfect().render(values), turned));
    values["latent.blend"] = 0.5;
    const at::Tensor half = perfect.render(values);
    QVERIFY(!at::equal(half, turned) && half.isfinite().all().item<bool>());
  }

  // A network, trained for a moment.
  void inversionReturnsOfATrainedNetwork() {
    const System& system = find_system("edm");
    json config = config::resolve_preset(system.defaults(), system.presets(), "tiny");
    config.merge_patch(json::parse(R"({"network": {"width": 8, "multipliers": [1, 1], "attention_px": []}, "train": {"batch": 8, "lr": 0.002}})"));
    DataShape shape;
    shape.resolution_px = kSide;
    config = system.resolve(config, shape);
    const Plan plan = system.make_plan(config);
    Trainer trainer(plan, 1);
    for (std::uint64_t step = 0; step < 40; ++step) {
      Batch batch;
      std::vector<at::Tensor> pictures;
      for (std::uint64_t i = 0; i < 8; ++i) pictures.push_back(some_picture(8 * step + i + 100));
      batch.pictures = at::stack(pictures);
      trainer.step(batch);
    }
    auto model = std::make_shared<Model>();
    model->system = "edm";
    model->config = config;
    model->network = trainer.published();
    model->network->eval();
    const auto player = system.make_player(model);
    RenderObserver nobody;
    const at::Tensor picture = some_picture(77);
    const at::Tensor photo = picture.to(at::kDouble) / 127.5 - 1.0;
    for (const std::string sampler : {"heun", "ddim"}) {
      const at::Tensor back = player->render({{"model", {{"photo", value_of(picture)}, {"photo.mode", std::string("inversion")}, {"photo.strength", 1.0},
                                                          {"sampler", sampler}, {"sampler.steps", std::int64_t{50}}}}}, nobody);
      const double error = largest(back[0] - photo);
      QVERIFY2(error < 1e-3, qPrintable(QString::number(error)));
      qInfo("%s: %.2g", sampler.c_str(), error);
    }
  }

  void masks() {
    Perfect perfect;
    const at::Tensor picture = some_picture(9);
    std::map<std::string, Value> values{{"photo", value_of(picture)}, {"photo.mask", half_mask()}, {"photo.strength", 1.0}, {"seed", std::int64_t{8}}};
    const auto left = [](const at::Tensor& x) { return x.narrow(2, 0, kSide / 2); };
    const auto right = [](const at::Tensor& x) { return x.narrow(2, kSide / 2, kSide / 2); };
    for (const std::string sampler : {"heun", "euler", "midpoint", "ralston", "ddim", "ddpm"}) {
      values["sampler"] = sampler;
      for (const double churn : {0.0, 20.0}) {
        values["churn"] = churn;
        for (const std::int64_t rounds : {1, 3}) {
          values["photo.resample"] = rounds;
          const at::Tensor made = bytes_of(perfect.render(values));
          QVERIFY2(at::equal(left(made), left(picture)), qPrintable(QString("%1 %2 %3").arg(sampler.c_str()).arg(churn).arg(rounds)));
          QVERIFY(!at::equal(right(made), right(picture)));
        }
      }
    }
    // What stays decides what comes: beside the left half of a known picture its right half is made, whatever the seed.
    values = {{"photo", value_of(some_picture(2))}, {"photo.mask", half_mask()}, {"photo.strength", 1.0}};
    for (std::int64_t seed = 0; seed < 4; ++seed) {
      values["seed"] = seed;
      values["photo.class"] = std::string("nothing");
      values["guidance.view"] = std::string("unconditional");
      values["photo.resample"] = std::int64_t{4};
      const double distance = (bytes_of(perfect.render(values)).to(at::kFloat) - some_picture(2).to(at::kFloat)).square().mean().sqrt().item<double>();
      QVERIFY2(distance < 60.0, qPrintable(QString::number(distance)));
    }
    // A black mask leaves the photo, a white one is none, a mask without a photo means nothing.
    const auto plain = [](int level) { return value_of(at::full({1, kSide, kSide}, level, at::kByte)); };
    values = {{"photo", value_of(picture)}, {"photo.strength", 0.7}};
    const at::Tensor unmasked = perfect.render(values);
    values["photo.mask"] = plain(255);
    QVERIFY(at::equal(perfect.render(values), unmasked));
    values["photo.mask"] = plain(0);
    QVERIFY(at::equal(bytes_of(perfect.render(values)), picture));
    values.erase("photo");
    QVERIFY(at::equal(perfect.render(values), perfect.render({})));
  }

  // What a tape relies on, as test_edm_training's goesOnFromAnyStep.
  void goesOnFromAnyStep() {
    struct Tape : RenderObserver {
      std::vector<RenderStep> steps;
      std::int64_t known = -1, heard = 0;
      std::int64_t recorded() const override { return known; }
      RenderStep recorded_step(std::int64_t step) override { return steps.at(static_cast<std::size_t>(step)); }
      void on_step(const RenderStep& step) override {
        ++heard;
        if (known < 0) steps.push_back(step);
      }
    };
    Perfect perfect;
    const std::string photo = value_of(some_picture(9));
    for (const std::string sampler : {"heun", "ddim", "ddpm"}) {
      for (const std::string mode : {"noise", "inversion"}) {
        for (const std::int64_t rounds : {0, 1, 2}) {  // 0: without a mask
          for (const double strength : {0.0, 0.6, 1.0}) {
            Request request{"model", {{"sampler", sampler}, {"sampler.steps", std::int64_t{7}}, {"seed", std::int64_t{5}}, {"photo", photo}, {"photo.mode", mode},
                                      {"photo.strength", strength}, {"guidance.scale", 2.0}, {"guidance.from", 0.3}, {"guidance.to", 0.8}}};
            if (rounds > 0) request.values["photo.mask"] = half_mask(), request.values["photo.resample"] = rounds;
            if (sampler == "heun") request.values["churn"] = 10.0;
            for (const bool branches : {false, true}) {
              if (branches && strength == 0.0) continue;
              if (branches) request.branches = {{1, {{"class", std::string("three")}}}, {2, {{"photo.mask", half_mask()}, {"seed", std::int64_t{6}}}}};
              Tape tape;
              const at::Tensor whole = perfect.player->render({request}, tape);
              const auto made = static_cast<std::int64_t>(std::ceil(strength * 7 - 1e-9));
              QCOMPARE(static_cast<std::int64_t>(tape.steps.size()), made + 1);
              QVERIFY(tape.steps.back().level == 0.0 && tape.steps.back().step == made && tape.steps.back().steps == made);
              for (std::int64_t from = 0; from <= made; ++from) {
                tape.known = from;
                tape.heard = 0;
                QVERIFY2(at::equal(perfect.player->render({request}, tape), whole), qPrintable(QString("%1 %2 %3 %4 from %5").arg(sampler.c_str(), mode.c_str()).arg(rounds).arg(strength).arg(from)));
                QCOMPARE(tape.heard, made - from);
              }
            }
          }
        }
      }
    }
  }

  void aloneAndInABatch() {
    Perfect perfect;
    RenderObserver nobody;
    const std::vector<Request> requests{{"model", {{"photo", value_of(some_picture(9))}}},
                                        {"model", {{"photo", value_of(some_picture(8))}, {"photo.mode", std::string("inversion")}, {"photo.mask", half_mask()}, {"churn", 20.0}}},
                                        {"model", {{"seed", std::int64_t{4}}}}};
    const at::Tensor all = perfect.player->render(requests, nobody);
    for (std::int64_t i = 0; i < 3; ++i) {
      QVERIFY(at::equal(all.narrow(0, i, 1), Perfect().player->render({requests[static_cast<std::size_t>(i)]}, nobody)));
    }
  }

  void cancelsWhileInverting() {
    struct Impatient : RenderObserver {
      mutable int asked = 0;
      bool cancelled() const override { return ++asked > 10; }
    };
    Perfect perfect;
    Impatient observer;
    const Request request{"model", {{"photo", value_of(some_picture(9))}, {"photo.mode", std::string("inversion")}, {"photo.strength", 1.0}}};
    QVERIFY(!perfect.player->render({request}, observer).defined());
    QVERIFY(perfect.network->evaluations <= 10);
    // What was found until then is kept, and the end is the same.
    RenderObserver nobody;
    QVERIFY(at::equal(perfect.player->render({request}, nobody), Perfect().player->render({request}, nobody)));
  }

  // Points are no pictures.
  void pointsTakeNoPhoto() {
    const System& system = find_system("edm");
    json config = config::resolve_preset(system.defaults(), system.presets(), "toy");
    const auto data = open_points("builtin:toy-moons");
    config = system.resolve(config, data->shape());
    auto model = std::make_shared<Model>();
    model->system = "edm";
    model->config = config;
    model->class_names = data->class_names();
    model->network = system.build_network(config);
    const auto player = system.make_player(model);
    int photos = 0;
    for (const auto& spec : player->controls()) {
      if (spec.section != "Photo") continue;
      ++photos;
      QVERIFY(!spec.unavailable.empty());
    }
    QVERIFY(photos >= 5);
    RenderObserver nobody;
    const QString why = refusal([&] { player->render({{"model", {{"photo", value_of(some_picture(9))}}}}, nobody); }, ErrorCode::wrong_use);
    QVERIFY2(why.contains("points, not pictures"), qPrintable(why));
  }
};

QTEST_GUILESS_MAIN(TestPhoto)
#include "test_photo.moc"
