// What the token service says of steps and codes, against the network asked directly; on lanes and tapes as the program composes them.
#include <ATen/ATen.h>
#include <QTemporaryDir>
#include <QTest>

#include <future>

#include "engine/explore/live_lane.h"
#include "engine/explore/tape_store.h"
#include "engine/explore/token_service.h"
#include "engine/export/tape_export.h"
#include "engine/io/png.h"
#include "engine/export/exports.h"
#include "engine/nn/reset.h"
#include "engine/systems/system.h"
#include "engine/tokens/token_network.h"

using namespace orrery;

namespace {

// A model of tokens with random weights, of the system's smallest preset at 16 px.
std::shared_ptr<Model> tiny(const std::string& id) {
  const System& system = find_system(id);
  const auto config = config::resolve_preset(system.defaults(), system.presets(), "tiny");
  DataShape data;
  data.resolution_px = 16;
  data.classes = 3;
  data.pictures = 10;
  auto model = std::make_shared<Model>();
  model->system = id;
  model->config = system.resolve(config, data);
  model->class_names = {"cat", "dog", "owl"};
  model->hash = "hash of " + id;
  model->network = system.build_network(model->config);
  model->network->eval();
  dynamic_cast<TokenNetwork&>(*model->network).set_prior_ready(true);
  return model;
}

class OneModel : public ModelSource {
 public:
  explicit OneModel(std::shared_ptr<const Model> model) : model_(std::move(model)) {}
  std::shared_ptr<const Model> resolve(const Request&) override { return model_; }
  std::unique_ptr<Player> make_player(std::shared_ptr<const Model> model) const override { return find_system(model->system).make_player(std::move(model)); }

 private:
  std::shared_ptr<const Model> model_;
};

struct Place {
  explicit Place(const std::string& id) : model(tiny(id)), source(model), lane(source, false, &tapes), service(source, lane, tapes) {}
  const TokenNetwork& network() const { return dynamic_cast<const TokenNetwork&>(*model->network); }
  // The tape of a finished rendering.
  TapeId rendered(const Request& request) {
    std::promise<TapeId> done;
    auto view = lane.open_view(
        [&](const Frame& frame) {
          if (frame.step == frame.steps) done.set_value(frame.tape);
        },
        [&](const JobError& error) { done.set_exception(std::make_exception_ptr(std::runtime_error(error.what_happened))); });
    view->show(request);
    const TapeId tape = done.get_future().get();
    tapes.rename(tape, "kept");  // outlives the view
    return tape;
  }
  at::Tensor state(TapeId tape, std::size_t step) const { return tapes.contents(tape).steps.at(step)->tensors().state.reshape({1, -1}).to(at::kLong); }

  std::shared_ptr<Model> model;
  OneModel source;
  TapeStore tapes;
  LiveLane lane;
  TokenService service;
};

}  // namespace

class TestTokenService : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_masked_model_is_asked_where_each_token_came_from() {
    Place place("maskgit");
    const Request request{"m", {{"seed", std::int64_t{3}}, {"steps", std::int64_t{4}}}};
    const TapeId tape = place.rendered(request);
    const auto steps = place.tapes.contents(tape).steps.size();
    QCOMPARE(steps, std::size_t{5});
    const auto end = place.service.look(tape, 4, 5);
    QVERIFY2(end, end ? "" : end.error().what_happened.c_str());
    const TokenLook& look = end.value();
    QCOMPARE(look.rows, int(place.network().rows()));
    QCOMPARE(look.codes, int(place.network().codes()));
    for (std::size_t cell = 0; cell < look.cells.size(); ++cell) {
      const TokenCell& at = look.cells[cell];
      QVERIFY(at.code >= 0 && at.came >= 1 && at.came <= 4);
      // Unknown until its round, known from then on.
      QVERIFY(place.state(tape, std::size_t(at.came) - 1)[0][std::int64_t(cell)].item<std::int64_t>() == kMasked);
      QCOMPARE(place.state(tape, std::size_t(at.came))[0][std::int64_t(cell)].item<std::int64_t>(), std::int64_t(at.code));
      // Its distribution is the one of that round.
      TokenCondition condition;
      condition.classes = at::tensor({1.0F, 0.0F, 0.0F}).unsqueeze(0);
      const at::NoGradGuard no_grad;
      const at::Tensor p = place.network().prior->logits(place.state(tape, std::size_t(at.came) - 1), condition)[0][std::int64_t(cell)].softmax(-1);
      QVERIFY(std::abs(p[at.code].item<float>() - at.probability) < 1e-5F);
      QVERIFY(std::abs(p.max().item<float>() - at.candidates.front().probability) < 1e-5F);
      QCOMPARE(std::int64_t(at.candidates.front().code), p.argmax().item<std::int64_t>());
      const double entropy = -(p * p.log()).sum().item<double>() / std::log(2.0);
      QVERIFY(std::abs(entropy - at.entropy_bits) < 1e-3);
      QCOMPARE(at.candidates.size(), std::size_t{5});
    }
    // In between some are unknown, and the model says what it would put there.
    const auto middle = place.service.look(tape, 1, 5);
    QVERIFY(middle);
    QVERIFY(std::any_of(middle.value().cells.begin(), middle.value().cells.end(), [](const TokenCell& cell) { return cell.code < 0 && cell.probability == 0.0F && cell.candidates.size() == 5; }));
  }

  void a_causal_model_knows_what_comes_before() {
    Place place("vqvae");
    const TapeId tape = place.rendered({"m", {{"seed", std::int64_t{5}}}});
    const auto last = std::int64_t(place.tapes.contents(tape).steps.size()) - 1;
    const auto result = place.service.look(tape, last, 3);
    QVERIFY2(result, result ? "" : result.error().what_happened.c_str());
    QVERIFY(result.value().causal);
    TokenCondition condition;
    condition.classes = at::tensor({1.0F, 0.0F, 0.0F}).unsqueeze(0);
    const at::NoGradGuard no_grad;
    const at::Tensor p = place.network().prior->logits(place.state(tape, std::size_t(last)), condition)[0].softmax(-1);
    for (std::size_t cell = 0; cell < result.value().cells.size(); ++cell) {
      const TokenCell& at = result.value().cells[cell];
      QVERIFY(std::abs(p[std::int64_t(cell)][at.code].item<float>() - at.probability) < 1e-5F);
    }
  }

  void pinned_tokens_are_known_from_the_start() {
    Place place("maskgit");
    std::vector<double> pins(std::size_t(place.network().rows() * place.network().cols()), -1.0);
    pins[2] = 1.0;
    const TapeId tape = place.rendered({"m", {{"tokens.pinned", pins}, {"steps", std::int64_t{3}}}});
    const auto result = place.service.look(tape, 3, 2);
    QVERIFY(result);
    QCOMPARE(result.value().cells[2].code, 1);
    QCOMPARE(result.value().cells[2].came, 0);
  }

  void the_codebook_is_drawn() {
    Place place("maskgit");
    const auto result = place.service.codebook({"m", {}});
    QVERIFY2(result, result ? "" : result.error().what_happened.c_str());
    const Codebook& book = result.value();
    QCOMPARE(book.codes, int(place.network().codes()));
    QVERIFY(book.atlas.width_px == book.columns * book.patch_px && book.columns * (book.atlas.height_px / book.patch_px) >= book.codes);
    QCOMPARE(book.plane.size(), std::size_t(2 * book.codes));
    QVERIFY(std::all_of(book.plane.begin(), book.plane.end(), [](float v) { return v >= -1.0F && v <= 1.0F; }));
    QCOMPARE(book.hash, place.model->hash);
  }

  // Before the first round there is nothing to see, which is a cell like the others.
  void rounds_become_a_strip() {
    Place place("maskgit");
    const TapeId tape = place.rendered({"m", {{"steps", std::int64_t{3}}}});
    QTemporaryDir folder;
    StripExport what;
    what.rows = {TapeRow::prediction};
    what.out = folder.filePath("strip.png").toStdString();
    QuietJob job;
    export_strip(what, {tape}, place.tapes, place.source, job);
    const auto png = io::read_png(what.out);
    QCOMPARE(png.width_px, 4 * 16);
    QCOMPARE(png.height_px, 16);
  }

  void what_is_not_there_says_so() {
    Place place("maskgit");
    const auto none = place.service.look(12345, 0, 3);
    QVERIFY(!none && none.error().code == ErrorCode::wrong_use);
    const TapeId tape = place.rendered({"m", {{"steps", std::int64_t{2}}}});
    const auto far = place.service.look(tape, 99, 3);
    QVERIFY(!far && far.error().code == ErrorCode::wrong_use);
  }
};

QTEST_GUILESS_MAIN(TestTokenService)
#include "test_token_service.moc"
