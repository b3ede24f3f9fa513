// MaskGIT as a system: both stages train, its player pins, branches and goes on from any round.
#include <ATen/Parallel.h>
#include <ATen/ops/where.h>

#include <QTest>
#include <algorithm>
#include <cmath>

#include "engine/api/result.h"
#include "engine/explore/check_request.h"
#include "engine/explore/tape_branches.h"
#include "engine/io/module_weights.h"
#include "engine/systems/maskgit/recipe.h"
#include "engine/train/trainer.h"

using namespace orrery;
using nlohmann::json;

namespace {

constexpr std::int64_t kSide_px = 16, kTokens = 16;

json tiny(const json& changes = json::object()) {
  const System& system = find_system("maskgit");
  json config = config::resolve_preset(system.defaults(), system.presets(), "tiny");
  config.merge_patch(json::parse(R"({"tokenizer": {"codes": 32, "code_dim": 8}, "prior": {"width": 32, "layers": 2, "heads": 2, "mlp_width": 64}})"));
  config.merge_patch(changes);
  DataShape data;
  data.resolution_px = kSide_px;
  data.classes = 3;
  data.pictures = 8;
  return system.resolve(config, data);
}

Batch batch(std::int64_t count) {
  Batch out;
  out.pictures = Rng(4).uniform({count, 3, kSide_px, kSide_px}, at::kFloat).mul(255).to(at::kByte);
  out.labels = at::zeros({count, 3});
  for (std::int64_t i = 0; i < count; ++i) out.labels[i][i % 3] = 1.0, out.indices.push_back(i);
  return out;
}

std::shared_ptr<Model> model() {
  const auto out = std::make_shared<Model>();
  out->system = "maskgit";
  out->config = tiny();
  out->class_names = {"a", "b", "c"};
  out->network = find_system("maskgit").build_network(out->config);
  for (auto& p : out->network->parameters()) p.requires_grad_(false);
  out->network->eval();
  return out;
}

// Keeps every step, and hands them out again when it is asked to.
struct Recorder : RenderObserver {
  std::vector<RenderStep> steps;
  std::vector<RenderStep> known;
  void on_step(const RenderStep& step) override { steps.push_back(step); }
  std::int64_t recorded() const override { return static_cast<std::int64_t>(known.size()) - 1; }
  RenderStep recorded_step(std::int64_t step) override { return known.at(static_cast<std::size_t>(step)); }
};

Request request(std::map<std::string, Value> values = {}) { return {"model", std::move(values)}; }

at::Tensor last_tokens(const Recorder& recorder) { return recorder.steps.back().state.to(at::kLong); }

}  // namespace

class TestMaskgit : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { at::set_num_threads(1); }

  void trainsAgainstBothDiscriminators() {
    for (const char* kind : {"patch", "residual"}) {
      const json config = tiny({{"tokenizer_loss", {{"discriminator", kind}, {"start_kimg", 0}, {"r1", 1}, {"r1_interval", 2}, {"l2", 0.5}}}});
      const Plan plan = find_system("maskgit").make_plan(config);
      Trainer trainer(plan, 3);
      const auto before = io::named_weights(*trainer.state().modules.at("d"));
      std::map<std::string, at::Tensor> kept;
      for (const auto& [name, tensor] : before) kept[name] = tensor.detach().clone();
      trainer.step(batch(4));
      Trainer again(plan, 3);
      again.restore(trainer.checkpoint());
      trainer.step(batch(4));
      again.step(batch(4));
      QCOMPARE(trainer.first_non_finite(), std::string());
      bool moved = false;
      for (const auto& [name, tensor] : io::named_weights(*trainer.state().modules.at("d"))) moved = moved || !tensor.equal(kept.at(name));
      QVERIFY2(moved, kind);
      for (const auto& [name, tensor] : io::named_weights(*trainer.published())) QVERIFY2(tensor.equal(io::named_weights(*again.published()).at(name)), name.c_str());
    }
  }

  // One group of curves, whichever rule the codebook learns by.
  void theUseOfCodesIsWatched() {
    for (const char* id : {"maskgit", "vqvae"}) {
      json config = tiny({{"tokenizer_loss", {{"adversarial", 0}}}});
      if (std::string(id) == "vqvae") {
        const System& system = find_system(id);
        DataShape data;
        data.resolution_px = kSide_px, data.classes = 3, data.pictures = 8;
        config = system.resolve(config::resolve_preset(system.defaults(), system.presets(), "tiny"), data);
      }
      Trainer trainer(find_system(id).make_plan(config), 1);
      const double codes = static_cast<double>(dynamic_cast<TokenNetwork&>(*trainer.state().modules.at("net")).codes());
      for (int i = 0; i < 3; ++i) trainer.step(batch(4));
      const auto now = trainer.meter().take();
      for (const char* name : {"codes.perplexity", "codes.used", "codes.dead"}) QVERIFY2(now.count(name) == 1, name);
      QCOMPARE(now.at("codes.used") + now.at("codes.dead"), codes);
      QVERIFY2(now.at("codes.perplexity") >= 1.0 && now.at("codes.perplexity") <= codes && now.at("codes.used") >= 1.0, id);
    }
  }

  // The picture comes nearer to what it was made of, and its prior learns the few codes by heart; the tokenizer stands still meanwhile.
  void bothStagesLearn() {
    Trainer trainer(find_system("maskgit").make_plan(tiny({{"tokenizer_loss", {{"adversarial", 0}}}})), 1);
    const Batch few = batch(4);
    const auto net = [&]() -> TokenNetwork& { return dynamic_cast<TokenNetwork&>(*trainer.state().modules.at("net")); };
    const at::Tensor real = few.pictures.to(at::kFloat) / 127.5 - 1.0;
    const auto error = [&] {
      const at::NoGradGuard no_grad;
      return (net().pictures_of(net().tokens_of(real)) - real).abs().mean().item<double>();
    };
    const double first = error();
    for (int i = 0; i < 40; ++i) trainer.step(few);
    QVERIFY2(error() < 0.95 * first, qPrintable(QString("%1 -> %2").arg(first).arg(error())));
    QVERIFY(!net().prior_ready());
    trainer.begin_next_stage();
    const at::Tensor codes = net().tokens_of(real);
    for (int i = 0; i < 120; ++i) trainer.step(few);
    QVERIFY(net().prior_ready());
    QVERIFY(codes.equal(net().tokens_of(real)));
    const at::NoGradGuard no_grad;
    at::Tensor hidden = codes.clone();
    hidden.narrow(1, 0, 8).fill_(kMasked);
    TokenCondition condition;
    condition.classes = few.labels;
    const double right = net().prior->logits(hidden, condition).narrow(1, 0, 8).argmax(-1).eq(codes.narrow(1, 0, 8)).to(at::kDouble).mean().item<double>();
    QVERIFY2(right > 0.5, qPrintable(QString::number(right)));
  }

  void tellsOfEveryRound() {
    const auto player = find_system("maskgit").make_player(model());
    Recorder recorder;
    player->render({request({{"steps", std::int64_t{5}}})}, recorder);
    QCOMPARE(recorder.steps.size(), std::size_t{6});
    QCOMPARE(recorder.steps.front().level, 1.0);
    QCOMPARE(recorder.steps.back().level, 0.0);
    for (std::size_t i = 1; i < recorder.steps.size(); ++i) {
      QVERIFY(recorder.steps[i].level < recorder.steps[i - 1].level);
      const at::Tensor before = recorder.steps[i - 1].state, known = before.ge(0);
      QVERIFY(recorder.steps[i].state.masked_select(known).equal(before.masked_select(known)));  // what has come stays
      QCOMPARE(recorder.steps[i].prediction.sizes().vec(), (std::vector<std::int64_t>{1, 3, kSide_px, kSide_px}));
    }
  }

  void pinnedTokensStay() {
    const auto player = find_system("maskgit").make_player(model());
    std::vector<double> grid(kTokens, -1.0);
    grid[3] = 7.0;
    grid[10] = 31.0;
    for (const char* order : {"confidence", "halton"}) {
      Recorder recorder;
      player->render({request({{"tokens.pinned", grid}, {"order", std::string(order)}})}, recorder);
      for (const auto& step : recorder.steps) {
        QCOMPARE(step.state[0][3].item<double>(), 7.0);
        QCOMPARE(step.state[0][10].item<double>(), 31.0);
      }
      QVERIFY(last_tokens(recorder).ge(0).all().item<bool>());
    }
    grid[0] = 32.0;
    Recorder recorder;
    QVERIFY_THROWS_EXCEPTION(Error, player->render({request({{"tokens.pinned", grid}})}, recorder));
  }

  // From any recorded round on, the same tokens and the same picture, bit for bit.
  void goesOnFromAnyRound() {
    const auto player = find_system("maskgit").make_player(model());
    const Request wanted = request({{"seed", std::int64_t{9}}, {"class", std::string("b")}, {"guidance.scale", 2.0}});
    Recorder whole;
    const at::Tensor picture = player->render({wanted}, whole);
    for (std::size_t k = 1; k + 1 < whole.steps.size(); ++k) {
      Recorder rest;
      rest.known.assign(whole.steps.begin(), whole.steps.begin() + static_cast<std::ptrdiff_t>(k) + 1);
      QVERIFY(picture.equal(player->render({wanted}, rest)));
      QCOMPARE(rest.steps.size(), whole.steps.size() - k - 1);
    }
  }

  void branchesAtARound() {
    const auto player = find_system("maskgit").make_player(model());
    Recorder trunk;
    player->render({request({{"steps", std::int64_t{6}}})}, trunk);
    std::vector<double> grid(kTokens, -1.0);
    const std::int64_t cell = 5;
    grid[cell] = 2.0;
    const Request branch = branched(request({{"steps", std::int64_t{6}}}), 3, request({{"steps", std::int64_t{6}}, {"tokens.pinned", grid}}));
    Recorder own;
    player->render({branch}, own);
    QVERIFY(own.steps[3].state.equal(trunk.steps[3].state));
    QCOMPARE(last_tokens(own)[0][cell].item<std::int64_t>(), std::int64_t{2});
    // Fewer rounds than were done: the rest comes in one.
    Recorder shorter;
    player->render({branched(request({{"steps", std::int64_t{6}}}), 3, request({{"steps", std::int64_t{2}}}))}, shorter);
    QCOMPARE(shorter.steps.size(), std::size_t{5});
    QVERIFY(last_tokens(shorter).ge(0).all().item<bool>());
  }

  // While only the tokenizer is trained, a seed shows one of its pictures, photos are encoded, and nothing else acts.
  void showsExamplesBeforeThePriorIsTrained() {
    const auto half = model();
    auto& net = dynamic_cast<TokenNetwork&>(*half->network);
    net.set_prior_ready(false);
    const at::Tensor codes = Rng(2).uniform({TokenNetwork::kExamples, kTokens}, at::kFloat).mul(32).to(at::kLong);
    net.set_examples(codes);
    const auto player = find_system("maskgit").make_player(half);
    for (const auto& spec : player->controls()) QCOMPARE(spec.unavailable.empty(), spec.id == "seed" || spec.id.starts_with("photo"));
    Recorder recorder;
    const at::NoGradGuard no_grad;
    QVERIFY((player->render({request({{"seed", std::int64_t{5}}})}, recorder) - net.pictures_of(codes.narrow(0, 5, 1))).abs().max().item<double>() < 1e-6);
  }

  void refusesWhatDoesNotFit() {
    const auto refused = [](const json& changes, const char* path) {
      try {
        tiny(changes);
      } catch (const Error& error) {
        return error.error().what_happened.find(path) != std::string::npos;
      }
      return false;
    };
    QVERIFY(refused({{"tokenizer", {{"width", 24}}}}, "tokenizer.width"));
    QVERIFY(refused({{"tokenizer", {{"multipliers", {1, 1, 1, 1, 1, 1}}}}}, "tokenizer.multipliers"));
    QVERIFY(refused({{"prior", {{"heads", 3}}}}, "prior.heads"));
    QVERIFY(refused({{"prior_loss", {{"schedule", "sine"}}}}, "prior_loss.schedule"));
  }
};

QTEST_GUILESS_MAIN(TestMaskgit)
#include "test_maskgit.moc"
