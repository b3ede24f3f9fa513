// Looking into models of points: the field against its closed form, paths against the sampler's own, densities, cancellation, wrong models.
#include <ATen/ops/eye.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>

#include <QTest>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine/data/toys.h"
#include "engine/diffusion/gaussian_mixture.h"
#include "engine/kinds/denoiser.h"
#include "engine/explore/denoiser_player.h"
#include "engine/explore/live_lane.h"
#include "engine/explore/plane_density.h"
#include "engine/explore/space_service.h"
#include "tiny_denoiser.h"

using namespace orrery;
using namespace std::chrono_literals;

namespace {

diffusion::GaussianMixture ring() {
  std::vector<at::Tensor> means;
  for (int i = 0; i < 8; ++i) means.push_back(at::tensor({0.7 * std::cos(M_PI * i / 4.0), 0.7 * std::sin(M_PI * i / 4.0)}, at::kDouble));
  return {at::ones({8}, at::kDouble), at::stack(means), (at::eye(2, at::kDouble) * 0.0025).expand({8, 2, 2}).contiguous()};
}
diffusion::GaussianMixture one() { return {at::ones({1}, at::kDouble), at::tensor({0.3, -0.2}, at::kDouble).unsqueeze(0), (at::eye(2, at::kDouble) * 0.04).unsqueeze(0)}; }

struct Behaviour {
  std::atomic<int> evaluations{0};
  std::atomic<int> ms{0};
};

// The closed form in place of a network; or a picture model.
class Exact : public Denoiser {
 public:
  Exact(diffusion::GaussianMixture mixture, Behaviour& behaviour, bool pictures) : mixture_(std::move(mixture)), behaviour_(behaviour), pictures_(pictures) {}
  DenoiserShape shape() const override {
    DenoiserShape out;
    out.sample = pictures_ ? std::vector<std::int64_t>{3, 4, 4} : std::vector<std::int64_t>{2};
    return out;
  }
  at::Tensor denoise(const at::Tensor& x, const at::Tensor& sigma, const Condition&) override {
    ++behaviour_.evaluations;
    if (behaviour_.ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(behaviour_.ms));
    return pictures_ ? at::zeros_like(x) : mixture_.denoise(x, sigma.flatten()[0].item<double>()).to(x.scalar_type());
  }

 private:
  diffusion::GaussianMixture mixture_;
  Behaviour& behaviour_;
  bool pictures_;
};

class Source : public ModelSource {
 public:
  explicit Source(diffusion::GaussianMixture mixture, bool pictures = false, const std::string& data = {}) : model_(std::make_shared<Model>()) {
    model_->hash = std::string(64, 'b');
    model_->network = std::make_shared<Exact>(std::move(mixture), behaviour, pictures);
    if (!data.empty()) model_->meta["orrery.data"] = data;
  }
  std::shared_ptr<const Model> resolve(const Request& request) override {
    if (request.model != "m") throw Error(ErrorCode::bad_input, "The model \"" + request.model + "\" is not open.", "Nothing was changed.", "Open it.");
    return model_;
  }
  std::unique_ptr<Player> make_player(std::shared_ptr<const Model> model) const override { return make_denoiser_player(std::move(model)); }
  Behaviour behaviour;

 private:
  std::shared_ptr<Model> model_;
};

// Collects the answers.
struct Ears {
  std::mutex mutex;
  std::condition_variable heard;
  std::vector<SpaceField> fields;
  std::vector<SpacePath> paths;
  std::vector<SpaceData> data;
  std::vector<JobError> errors;

  Spaces::Listener listener() {
    const auto into = [this](auto& list) {
      return [this, &list](const auto& what) {
        const std::lock_guard lock(mutex);
        list.push_back(what);
        heard.notify_all();
      };
    };
    return {into(fields), into(paths), into(data), into(errors)};
  }
  template <class Condition>
  bool wait(Condition condition, std::chrono::milliseconds most = 8s) {
    std::unique_lock lock(mutex);
    return heard.wait_for(lock, most, condition);
  }
};

struct Bench {
  explicit Bench(diffusion::GaussianMixture mixture, bool pictures = false, const std::string& data = {}) : source(std::move(mixture), pictures, data), view(service.open(ears.listener())) {}
  Source source;
  TapeStore tapes;
  LiveLane lane{source, false, &tapes};
  SpaceService service{source, lane};
  Ears ears;
  std::unique_ptr<SpaceView> view;
};

}  // namespace

class TestSpace : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void theFieldIsTheScore() {
    Bench b(ring());
    for (const double level : {3.0, 0.4, 0.05}) {
      b.ears.fields.clear();
      const auto generation = b.view->ask(FieldQuery{{"m", {}}, level, {-1.0, 1.4, -0.8, 1.0}, 7, 5, 0, 0});
      QVERIFY(b.ears.wait([&] { return !b.ears.fields.empty(); }));
      const SpaceField& field = b.ears.fields.front();
      QCOMPARE(field.generation, generation);
      QCOMPARE(field.score.size(), std::size_t{70});
      QVERIFY(field.density.empty());
      const auto mixture = ring();
      for (int row = 0; row < 5; ++row) {
        for (int column = 0; column < 7; ++column) {
          const at::Tensor x = at::tensor({-1.0 + 2.4 * (column + 0.5) / 7.0, -0.8 + 1.8 * (row + 0.5) / 5.0}, at::kDouble).unsqueeze(0);
          const at::Tensor wanted = mixture.score(x, level);
          for (int axis = 0; axis < 2; ++axis) {
            const double is = field.score[static_cast<std::size_t>(2 * (7 * row + column) + axis)], should = wanted[0][axis].item<double>();
            QVERIFY2(std::abs(is - should) < 1e-3 * (1.0 + std::abs(should)), qPrintable(QString("%1 %2 %3: %4 %5").arg(level).arg(row).arg(column).arg(is).arg(should)));
          }
        }
      }
    }
  }

  void aLevelBelowTheModelsIsItsSmallest() {
    Bench b(ring());
    b.view->ask(FieldQuery{{"m", {}}, 0.0, {}, 3, 3, 0, 0});
    QVERIFY(b.ears.wait([&] { return !b.ears.fields.empty(); }));
    QCOMPARE(b.ears.fields.front().level, 0.002);
    for (const float value : b.ears.fields.front().score) QVERIFY(std::isfinite(value));
  }

  void theDensityIsTheDataBlurred() {
    Bench b(ring(), false, "toy-rings");
    b.view->ask(FieldQuery{{"m", {}}, 0.3, {}, 4, 4, 40, 30});
    QVERIFY(b.ears.wait([&] { return !b.ears.fields.empty(); }));
    const SpaceField& field = b.ears.fields.front();
    QCOMPARE(field.density.size(), std::size_t{1200});
    QVERIFY(field.density_of.find("toy-rings") != std::string::npos);
    const auto mixture = ring();
    double error = 0.0, most = 0.0;
    for (int row = 0; row < 30; ++row) {
      for (int column = 0; column < 40; ++column) {
        const at::Tensor x = at::tensor({-1.5 + 3.0 * (column + 0.5) / 40.0, -1.5 + 3.0 * (row + 0.5) / 30.0}, at::kDouble).unsqueeze(0);
        const double should = std::exp(mixture.log_density(x, std::hypot(0.3, kSmallestBlur)).item<double>());
        error = std::max(error, std::abs(field.density[static_cast<std::size_t>(40 * row + column)] - should));
        most = std::max(most, should);
      }
    }
    QVERIFY2(error < 0.06 * most, qPrintable(QString("%1 of %2").arg(error).arg(most)));  // 6,000 points: a few per cent
  }

  void aStrangersDensityIsOfItsSamples() {
    Bench b(one());
    b.view->ask(FieldQuery{{"m", {}}, 0.1, {}, 2, 2, 60, 60});
    QVERIFY(b.ears.wait([&] { return !b.ears.fields.empty(); }));
    const SpaceField& field = b.ears.fields.front();
    QCOMPARE(QString::fromStdString(field.density_of), QString("3,000 samples of the model"));
    const auto peak = std::max_element(field.density.begin(), field.density.end()) - field.density.begin();
    QVERIFY(std::abs(-1.5 + 3.0 * (static_cast<double>(peak % 60) + 0.5) / 60.0 - 0.3) < 0.12);
    QVERIFY(std::abs(-1.5 + 3.0 * (static_cast<double>(peak / 60) + 0.5) / 60.0 + 0.2) < 0.12);
    const int evaluations = b.source.behaviour.evaluations;
    b.view->ask(FieldQuery{{"m", {}}, 0.1, {}, 2, 2, 60, 60});
    QVERIFY(b.ears.wait([&] { return b.ears.fields.size() == 2; }));
    QCOMPARE(b.source.behaviour.evaluations.load(), evaluations + 1);  // the sample was kept
  }

  void aPathIsTheSamplersOwn_data() {
    QTest::addColumn<QString>("sampler");
    QTest::addColumn<bool>("branched");
    for (const char* name : {"heun", "euler", "midpoint", "ddim"}) QTest::newRow(name) << QString(name) << false;
    QTest::newRow("branched") << "heun" << true;
  }
  void aPathIsTheSamplersOwn() {
    QFETCH(QString, sampler);
    QFETCH(bool, branched);
    Bench b(ring());
    Request request{"m", {{"sampler", sampler.toStdString()}, {"sampler.steps", std::int64_t{12}}, {"points", std::int64_t{1}}, {"seed", std::int64_t{4}}}};
    if (branched) request.branches.push_back({6, {{"sampler", std::string("euler")}, {"sampler.steps", std::int64_t{30}}}});
    std::atomic<TapeId> tape{0};
    const auto picture = b.lane.open_view([&](const Frame& frame) { if (frame.step == frame.steps) tape = frame.tape; }, [](const JobError& error) { qWarning("%s", error.what_happened.c_str()); });
    picture->show(request);
    QTRY_VERIFY(tape != 0);
    const TapeInfo info = b.tapes.contents(tape).info;
    for (const std::size_t step : {std::size_t{0}, std::size_t{4}, std::size_t{9}}) {
      const auto from = b.tapes.points(tape, static_cast<std::int64_t>(step), TapeRow::state).value();
      b.ears.paths.clear();
      b.view->ask(PathQuery{request, 3, info.steps[step].level, from[0], from[1]});
      QVERIFY(b.ears.wait([&] { return !b.ears.paths.empty(); }));
      const SpacePath& path = b.ears.paths.front();
      QCOMPARE(path.particle, 3);
      QCOMPARE(path.way.size(), info.steps.size() - step);
      for (std::size_t i = 0; i < path.way.size(); ++i) {
        const auto there = b.tapes.points(tape, static_cast<std::int64_t>(step + i), TapeRow::state).value();
        const double far = std::hypot(path.way[i].x - there[0], path.way[i].y - there[1]);
        QVERIFY2(far < 2e-4 * (1.0 + info.steps[step + i].level), qPrintable(QString("%1 at step %2").arg(far).arg(step + i)));
        QVERIFY(std::abs(path.way[i].level - info.steps[step + i].level) < 1e-6 * (1.0 + info.steps[step + i].level));
      }
    }
  }

  void aPathLeadsBackToItsNoise() {
    Bench b(one());
    b.view->ask(PathQuery{{"m", {{"sampler.steps", std::int64_t{60}}}}, 0, 0.5, 0.6, 0.1});
    QVERIFY(b.ears.wait([&] { return !b.ears.paths.empty(); }));
    const SpacePath& path = b.ears.paths.front();
    QCOMPARE(path.origin.front().level, 0.5);
    QVERIFY(std::abs(path.origin.back().level - 80.0) < 1e-9);
    const at::Tensor x = at::tensor({0.6, 0.1}, at::kDouble).unsqueeze(0);
    const at::Tensor up = one().flow(x, 0.5, 80.0), down = one().flow(x, 0.5, 0.0);
    QVERIFY(std::abs(path.origin.back().x - up[0][0].item<double>()) < 0.02 * up.abs().max().item<double>());
    QVERIFY(std::abs(path.origin.back().y - up[0][1].item<double>()) < 0.02 * up.abs().max().item<double>());
    QVERIFY(std::abs(path.way.back().x - down[0][0].item<double>()) < 2e-3);
    QCOMPARE(path.way.back().level, 0.0);
  }

  void atNoNoiseThereIsNoWayLeft() {
    Bench b(one());
    b.view->ask(PathQuery{{"m", {}}, 0, 0.0, 0.3, 0.1});
    QVERIFY(b.ears.wait([&] { return !b.ears.paths.empty(); }));
    QCOMPARE(b.ears.paths.front().way.size(), std::size_t{1});
    QVERIFY(b.ears.paths.front().origin.size() > 10);
  }

  void theNewestWinsAndWorkIsGivenUp() {
    auto b = std::make_unique<Bench>(ring());
    b->source.behaviour.ms = 3;
    const Request slow{"m", {{"sampler.steps", std::int64_t{1000}}}};
    b->view->ask(PathQuery{slow, 0, 80.0, 10.0, 10.0});
    std::this_thread::sleep_for(60ms);
    std::uint64_t last = 0;
    const Request quick{"m", {{"sampler.steps", std::int64_t{4}}}};
    for (int i = 0; i < 20; ++i) last = b->view->ask(PathQuery{quick, 0, 80.0, 10.0 + i, 10.0});
    QVERIFY(b->ears.wait([&] { return !b->ears.paths.empty() && b->ears.paths.back().generation == last; }, 2s));
    QVERIFY(b->ears.paths.size() < 20);
    b->view->ask(PathQuery{slow, 1, 80.0, 10.0, 10.0});
    std::this_thread::sleep_for(60ms);
    const auto start = std::chrono::steady_clock::now();
    const int before = b->source.behaviour.evaluations;
    b->view.reset();
    const auto picture = b->lane.open_view([&](const Frame&) { b->ears.heard.notify_all(); }, {});
    QTest::qWait(60);
    QVERIFY(b->source.behaviour.evaluations - before < 15);
    b->source.behaviour.ms = 0;
    b.reset();
    QVERIFY(std::chrono::steady_clock::now() - start < 1s);
  }

  void wrongQuestionsAreRefused() {
    {
      Bench b(one(), true);
      b.view->ask(FieldQuery{{"m", {}}, 1.0, {}, 4, 4, 0, 0});
      QVERIFY(b.ears.wait([&] { return !b.ears.errors.empty(); }));
      QCOMPARE(b.ears.errors.front().code, ErrorCode::wrong_use);
      QVERIFY(b.ears.errors.front().what_happened.find("pictures") != std::string::npos);
      QVERIFY(!b.ears.errors.front().what_to_do.empty());
      b.view->ask(PathQuery{{"m", {}}, 0, 1.0, 0.0, 0.0});
      QVERIFY(b.ears.wait([&] { return b.ears.errors.size() == 2; }));
    }
    Bench b(one());
    b.view->ask(FieldQuery{{"gone", {}}, 1.0, {}, 4, 4, 0, 0});
    QVERIFY(b.ears.wait([&] { return b.ears.errors.size() == 1; }));
    b.view->ask(FieldQuery{{"m", {}}, 1.0, {1.0, 1.0, 0.0, 1.0}, 4, 4, 0, 0});
    QVERIFY(b.ears.wait([&] { return b.ears.errors.size() == 2; }));
    b.view->ask(FieldQuery{{"m", {}}, 1.0, {}, 400, 4, 0, 0});
    QVERIFY(b.ears.wait([&] { return b.ears.errors.size() == 3; }));
    b.view->ask(PathQuery{{"m", {}}, 0, std::nan(""), 0.0, 0.0});
    QVERIFY(b.ears.wait([&] { return b.ears.errors.size() == 4; }));
    b.view->ask(FieldQuery{{"m", {{"sampler.steps", std::int64_t{0}}}}, 1.0, {}, 4, 4, 0, 0});
    QVERIFY(b.ears.wait([&] { return b.ears.errors.size() == 5; }));
    b.view->ask(FieldQuery{{"m", {}}, 1.0, {}, 4, 4, 0, 0});
    QVERIFY(b.ears.wait([&] { return b.ears.fields.size() == 1; }));  // and goes on
  }

  void theDataAreTheToysOrAReason() {
    for (const std::string name : {"toy-moons", "emoji", ""}) {
      Bench b(one(), false, name);
      b.view->ask_data({"m", {}});
      QVERIFY(b.ears.wait([&] { return !b.ears.data.empty(); }));
      const SpaceData& data = b.ears.data.front();
      QCOMPARE(data.points.empty(), name != "toy-moons");
      QCOMPARE(data.missing.empty(), name == "toy-moons");
      QCOMPARE(data.classes.size(), data.points.size() / 2);
      QCOMPARE(data.model, std::string("m"));
    }
  }

  // A patient view gives way to others and goes on where it was, evaluation for evaluation.
  void aPatientViewGivesWay() {
    tests::TinyBehaviour behaviour;
    behaviour.ms = 4;
    tests::TinySource source(behaviour);
    TapeStore tapes;
    LiveLane lane(source, false, &tapes);
    std::atomic<int> long_done{0}, short_done{0};
    std::atomic<TapeId> tape{0};
    const auto patient = lane.open_patient_view([&](const Frame& frame) { if (frame.step == frame.steps) tape = frame.tape, ++long_done; }, {});
    const auto eager = lane.open_view([&](const Frame& frame) { if (frame.step == frame.steps) ++short_done; }, {});
    patient->show({"m", {{"steps", std::int64_t{150}}}});
    for (int i = 1; i <= 5; ++i) {
      QTest::qWait(40);
      const auto start = std::chrono::steady_clock::now();
      eager->show({"m", {{"steps", std::int64_t{3}}, {"seed", std::int64_t{i}}}});
      while (short_done < i) {
        QVERIFY(std::chrono::steady_clock::now() - start < 300ms);
        std::this_thread::sleep_for(1ms);
      }
      QCOMPARE(long_done.load(), 0);
    }
    QTRY_COMPARE_WITH_TIMEOUT(long_done.load(), 1, 5000);
    QCOMPARE(behaviour.evaluations.load(), 150 + 5 * 3);
    QCOMPARE(tapes.contents(tape).info.steps.size(), std::size_t{151});
    const int before = behaviour.evaluations;
    TapeStore other_tapes;
    LiveLane undisturbed(source, false, &other_tapes);
    std::atomic<TapeId> other{0};
    const auto alone = undisturbed.open_view([&](const Frame& frame) { if (frame.step == frame.steps) other = frame.tape; }, {});
    alone->show({"m", {{"steps", std::int64_t{150}}}});
    QTRY_VERIFY_WITH_TIMEOUT(other != 0, 5000);
    QCOMPARE(behaviour.evaluations.load(), before + 150);
    const auto last = tapes.contents(tape).steps.back()->tensors().state, same = other_tapes.contents(other).steps.back()->tensors().state;
    QVERIFY(last.equal(same));
  }

  void picturesBecomePoints() {
    // A white sheet with a black square in its upper right quarter, and a grey one below it that counts half.
    constexpr int side = 40;
    std::vector<std::uint8_t> rgb(3 * side * side, 255);
    for (int y = 4; y < 12; ++y)
      for (int x = 24; x < 32; ++x) std::fill_n(rgb.begin() + 3 * (y * side + x), 3, 0);
    for (int y = 24; y < 32; ++y)
      for (int x = 24; x < 32; ++x) std::fill_n(rgb.begin() + 3 * (y * side + x), 3, 128);
    data::Toy toy{"drawn", "", {}, std::make_shared<data::Ink>(data::ink_of(rgb.data(), side, side))};
    const auto drawn = data::toy_points(toy, 3000, Rng(1)).points;
    int above = 0;
    for (int i = 0; i < 3000; ++i) {
      const double x = drawn[i][0].item<double>(), y = drawn[i][1].item<double>();
      QVERIFY(x >= 0.18 - 1e-6 && x <= 0.54 + 1e-6);
      QVERIFY((y >= 0.36 - 1e-6 && y <= 0.72 + 1e-6) || (y >= -0.54 - 1e-6 && y <= -0.18 + 1e-6));
      above += y > 0.0;
    }
    QVERIFY2(std::abs(above / 3000.0 - 2.0 / 3.0) < 0.04, qPrintable(QString::number(above)));
    const std::vector<std::uint8_t> plain(3 * side * side, 200);
    QVERIFY_EXCEPTION_THROWN(data::ink_of(plain.data(), side, side), Error);
    QVERIFY_EXCEPTION_THROWN(data::toy_of("points:/nowhere/x.png"), Error);
    QVERIFY(!data::toy_of("somewhere/points.zip"));
  }

  void lettersFillTheSquare() {
    const auto toy = data::toy_of("builtin:toy-letters");
    QVERIFY(toy);
    const auto drawn = data::toy_points(*toy, 6000, Rng(3));
    QVERIFY(!drawn.labels.defined());
    QVERIFY(drawn.points.abs().max().item<double>() < 1.0);
    // Every letter has its share: a sixth in each third of each row.
    for (int letter = 0; letter < 6; ++letter) {
      const at::Tensor x = drawn.points.select(1, 0) / 0.63, y = drawn.points.select(1, 1);
      const at::Tensor inside = (x.round().clamp(-1.0, 1.0) == letter % 3 - 1).logical_and(letter < 3 ? y > 0.0 : y < 0.0);
      QVERIFY(std::abs(inside.to(at::kDouble).mean().item<double>() - 1.0 / 6.0) < 0.02);
    }
    const auto deviation = drawn.points.std().item<double>();
    QVERIFY2(deviation > 0.4 && deviation < 0.65, qPrintable(QString::number(deviation)));  // what EDM's sigma_data expects
  }
};

QTEST_GUILESS_MAIN(TestSpace)
#include "test_space.moc"
