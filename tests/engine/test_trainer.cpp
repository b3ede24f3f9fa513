// The Trainer on a toy: phases, freezing, pieces of a batch, Adam's counts, averages, stages, what is saved.
#include <c10/core/CPUAllocator.h>

#include <QtTest>

#include <cmath>

#include "engine/train/ema.h"
#include "toy_run.h"

using namespace orrery;

namespace {

std::map<std::string, at::Tensor> copied(Trainer& trainer) {
  auto file = trainer.checkpoint();
  for (auto& [name, tensor] : file.tensors) tensor = tensor.clone();
  return file.tensors;
}

bool all_equal(const std::map<std::string, at::Tensor>& a, const std::map<std::string, at::Tensor>& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, tensor] : a) {
    if (b.count(name) == 0 || !at::equal(tensor, b.at(name))) return false;
  }
  return true;
}

void run_steps(Trainer& trainer, std::int64_t until) {
  const auto source = toy::Data().batches(trainer.stage(), 7, 1);
  while (trainer.progress().step < until) trainer.step(source->batch(trainer.progress().step));
}

// Memory in which no tensor above a size finds room. Installed for good, harmless while the limit is 0.
class SmallMemory final : public c10::Allocator {
 public:
  static SmallMemory& instance() {
    static SmallMemory* memory = [] {
      auto* made = new SmallMemory(c10::GetCPUAllocator());
      c10::SetCPUAllocator(made, 100);
      return made;
    }();
    return *memory;
  }
  c10::DataPtr allocate(std::size_t bytes) override {
    largest_bytes = std::max(largest_bytes, bytes);
    if (limit_bytes > 0 && bytes > limit_bytes) {
      ++refusals;
      TORCH_CHECK(false, "DefaultCPUAllocator: not enough memory: you tried to allocate ", bytes, " bytes.");
    }
    return inner_->allocate(bytes);
  }
  c10::DeleterFnPtr raw_deleter() const override { return inner_->raw_deleter(); }
  void copy_data(void* to, const void* from, std::size_t bytes) const override { std::memcpy(to, from, bytes); }
  std::size_t limit_bytes = 0, largest_bytes = 0;
  int refusals = 0;

 private:
  explicit SmallMemory(c10::Allocator* inner) : inner_(inner) {}
  c10::Allocator* inner_;
};

// One parameter whose gradient is known: the objective's loss is coefficient * parameter.
struct Scalar : torch::nn::Module {
  at::Tensor x, untouched;
  Scalar() {
    x = register_parameter("x", at::ones({1}));
    untouched = register_parameter("untouched", at::ones({1}));
  }
};
class Slope : public Objective {
 public:
  explicit Slope(bool all_gradients) : all_gradients_(all_gradients) {}
  TrainState make_state(Rng, const std::string&) override { return {{{"n", std::make_shared<Scalar>()}}, {}}; }
  std::vector<Phase> phases() const override { return {{"a", {"n"}, 1, 3.0, all_gradients_}}; }
  PhaseLoss loss(const Phase&, const Batch&, TrainState& state, Rng, const StepInfo&) override {
    return {{{"l", 0.5 * static_cast<Scalar&>(*state.modules.at("n")).x}}, {}};
  }
  std::vector<std::string> averaged() const override { return {"n"}; }

 private:
  bool all_gradients_;
};

}  // namespace

class TestTrainer : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void phases_run_in_order_at_their_intervals() {
    std::vector<std::string> order;
    toy::Options options;
    options.order = &order;
    Trainer trainer(toy::plan(options), 1);
    run_steps(trainer, 17);
    std::vector<std::string> expected;
    for (int step = 0; step < 17; ++step) {
      expected.push_back("g");
      if (step % 4 == 0) expected.push_back("g.reg");
      expected.push_back("d");
      if (step % 16 == 0) expected.push_back("d.reg");
    }
    QVERIFY(order == expected);
  }

  void only_the_phase_moves() {
    // A plan whose only phase is "d": the generator must stay as it was, gradients gone afterwards.
    struct OnlyD : toy::Duel {
      std::vector<Phase> phases() const override { return {{"d", {"d"}, 1, 1.0, false}}; }
    };
    Plan plan = toy::plan();
    plan.stages[0].make_objective = [] { return std::make_unique<OnlyD>(); };
    Trainer trainer(plan, 1);
    const auto before = copied(trainer);
    run_steps(trainer, 3);
    const auto after = copied(trainer);
    QVERIFY(at::equal(before.at("weights/g/weight"), after.at("weights/g/weight")));
    QVERIFY(!at::equal(before.at("weights/d/weight"), after.at("weights/d/weight")));
    for (const auto& [name, module] : trainer.state().modules) {
      for (const auto& parameter : module->parameters()) QVERIFY(!parameter.grad().defined());
    }
    for (const auto& parameter : trainer.state().modules.at("g")->parameters()) QVERIFY(!parameter.requires_grad());
  }

  void gain_and_adam() {
    // lr 0.1, beta1 0, eps 0: the step is lr * g / |g| whatever the gain; v holds (gain * 0.5)^2 * (1 - beta2).
    for (const bool all : {false, true}) {
      Plan plan;
      plan.stages.resize(1);
      plan.stages[0].make_objective = [all] { return std::make_unique<Slope>(all); };
      plan.stages[0].optimisers = {{{"n"}, 0.1, 0.0, 0.75, 0.0, 0}};
      Trainer trainer(plan, 1);
      Batch batch;
      batch.pictures = at::zeros({2, 1, 1, 1}, at::kByte);
      trainer.step(batch);
      trainer.step(batch);
      const auto saved = copied(trainer);
      QVERIFY(std::abs(saved.at("weights/n/x").item<double>() - 0.8) < 1e-6);
      QVERIFY(std::abs(saved.at("adam.v/n/x").item<double>() - 2.25 * (1.0 - 0.75 * 0.75)) < 1e-6);
      // A parameter without a gradient: its count stands still, or advances with gradients of zero.
      const auto steps = saved.at("adam.steps/n");
      QCOMPARE(steps[0].item<std::int64_t>(), std::int64_t{2});
      QCOMPARE(steps[1].item<std::int64_t>(), std::int64_t{all ? 2 : 0});
    }
  }

  void lazy_interval_corrects_adam() {
    Plan plan;
    plan.stages.resize(1);
    plan.stages[0].make_objective = [] { return std::make_unique<Slope>(false); };
    plan.stages[0].optimisers = {{{"n"}, 0.1, 0.0, 0.75, 0.0, 4}};
    Trainer trainer(plan, 1);
    trainer.set_lr_scale(0.5);
    Batch batch;
    batch.pictures = at::zeros({2, 1, 1, 1}, at::kByte);
    trainer.step(batch);
    const double c = 4.0 / 5.0;
    const auto saved = copied(trainer);
    QVERIFY(std::abs(saved.at("weights/n/x").item<double>() - (1.0 - 0.1 * c * 0.5)) < 1e-6);
    QVERIFY(std::abs(saved.at("adam.v/n/x").item<double>() - 2.25 * (1.0 - std::pow(0.75, c))) < 1e-6);
  }

  void micro_batches_sum_to_the_batch() {
    toy::Options still;
    still.random = false;  // pieces draw other noise, so compare without
    Plan whole = toy::plan(still), pieces = toy::plan(still);
    pieces.stages[0].micro_batch = 5;  // 5 + 5 + 5 + 1
    Trainer a(whole, 3), b(pieces, 3);
    run_steps(a, 1);
    run_steps(b, 1);
    const auto x = copied(a), y = copied(b);
    // Moments hold the gradients themselves; weights after Adam only their signs.
    for (const char* name : {"adam.v/g/weight", "adam.v/d/weight", "adam.v/d/mix"}) {
      const double scale = x.at(name).abs().max().item<double>();
      QVERIFY2((x.at(name) - y.at(name)).abs().max().item<double>() < 1e-5 * scale, name);
    }
    const auto p = a.meter().take(), q = b.meter().take();
    QVERIFY(std::abs(p.at("loss.d") - q.at("loss.d")) < 1e-6);
    QVERIFY(std::abs(p.at("loss.g") - q.at("loss.g")) < 1e-6);
    QCOMPARE(p.at("g.size"), 16.0);
    QVERIFY(std::abs(q.at("g.size") - (5 * 15 + 1) / 16.0) < 1e-12);
    QVERIFY(at::equal(x.at("weights/g/seen"), y.at("weights/g/seen")));
  }

  // Every phase that takes 16 pictures at once finds no memory, 8 do: the run is the one that was told to take 8, bit for bit.
  void a_step_that_does_not_fit_is_taken_in_pieces() {
    Plan plan = toy::plan(), pieces = toy::plan();
    pieces.stages[0].micro_batch = 8;
    SmallMemory& memory = SmallMemory::instance();
    Trainer told(pieces, 3), tight(plan, 3), roomy(plan, 3);
    memory.largest_bytes = 0;
    run_steps(told, 18);
    const std::size_t enough = memory.largest_bytes;
    memory.largest_bytes = 0;
    run_steps(roomy, 18);
    QVERIFY(memory.largest_bytes > enough);
    QCOMPARE(tight.piece(), std::int64_t{16});
    memory.limit_bytes = enough;
    memory.refusals = 0;
    run_steps(tight, 18);
    memory.limit_bytes = 0;
    QVERIFY(memory.refusals >= 1);
    QCOMPARE(tight.piece(), std::int64_t{8});
    QVERIFY(all_equal(copied(told), copied(tight)));
    QVERIFY(told.meter().take() == tight.meter().take());
    QVERIFY(!all_equal(copied(roomy), copied(tight)));  // other pieces draw other noise
    // It stays so after a restart, which would otherwise not give the same numbers.
    Trainer again(plan, 3);
    again.restore(io::parse_safetensors(io::safetensors_bytes(tight.checkpoint())));
    QCOMPARE(again.piece(), std::int64_t{8});
    run_steps(again, 24);
    run_steps(told, 24);
    QVERIFY(all_equal(copied(told), copied(again)));
  }

  void a_picture_that_does_not_fit_ends_the_run() {
    Trainer trainer(toy::plan(), 3);
    run_steps(trainer, 2);
    const auto before = copied(trainer);
    const auto batch = toy::Data().batches(trainer.stage(), 7, 1)->batch(2);
    SmallMemory::instance().limit_bytes = 1000;
    ErrorCode code = ErrorCode::failed;
    try {
      trainer.step(batch);
    } catch (const Error& error) {
      code = error.error().code;
    }
    SmallMemory::instance().limit_bytes = 0;
    QCOMPARE(code, ErrorCode::out_of_memory);
    for (const auto& [name, tensor] : before) QVERIFY2(at::equal(tensor, trainer.checkpoint().tensors.at(name)), name.c_str());
  }

  void loss_that_is_not_finite_moves_nothing() {
    toy::Options options;
    options.nan_at_step = 2;
    options.nan_left = std::make_shared<int>(1);
    Trainer trainer(toy::plan(options), 1);
    run_steps(trainer, 2);
    const auto before = copied(trainer);
    bool thrown = false;
    try {
      run_steps(trainer, 3);
    } catch (const Error& error) {
      thrown = error.error().code == ErrorCode::not_a_number;
      QVERIFY(error.error().what_happened.find("loss.d") != std::string::npos);
    }
    QVERIFY(thrown);
    QVERIFY(at::equal(trainer.checkpoint().tensors.at("weights/d/weight"), before.at("weights/d/weight")));
  }

  void saved_and_restored_goes_on_the_same() {
    Trainer straight(toy::plan(), 5);
    run_steps(straight, 20);
    Trainer first(toy::plan(), 5);
    run_steps(first, 9);
    const std::string bytes = io::safetensors_bytes(first.checkpoint());
    Trainer second(toy::plan(), 5);
    second.restore(io::parse_safetensors(bytes));
    QCOMPARE(second.progress().pictures, std::int64_t{144});
    run_steps(second, 20);
    QVERIFY(all_equal(copied(straight), copied(second)));
    QVERIFY(straight.meter().take() == second.meter().take());  // averages begun before the save included
    // Going back within one trainer (after a NaN) is the same thing.
    second.restore(io::parse_safetensors(bytes));
    run_steps(second, 20);
    QVERIFY(all_equal(copied(straight), copied(second)));
    Trainer other(toy::plan(), 6);
    run_steps(other, 20);
    QVERIFY(!all_equal(copied(straight), copied(other)));
  }

  void restore_refuses_what_does_not_fit() {
    Trainer trainer(toy::plan(), 5);
    const auto file = trainer.checkpoint();
    const auto refused = [&](io::TensorFile changed) {
      try {
        Trainer(toy::plan(), 5).restore(changed);
      } catch (const Error& error) {
        return error.error().code == ErrorCode::bad_input;
      }
      return false;
    };
    QVERIFY(!refused(file));
    for (const char* name : {"weights/g/mix", "average/g/seen", "adam.m/d/bias", "adam.steps/g", "state/p"}) {
      auto without = file;
      without.tensors.erase(name);
      QVERIFY2(refused(without), name);
    }
    auto misshapen = file;
    misshapen.tensors["adam.v/d/bias"] = at::zeros({7});
    QVERIFY(refused(misshapen));
    auto mute = file;
    mute.metadata.clear();
    QVERIFY(refused(mute));
  }

  void finds_what_is_not_finite() {
    Trainer trainer(toy::plan(), 5);
    QCOMPARE(trainer.first_non_finite(), std::string());
    {
      const at::NoGradGuard no_grad;
      trainer.state().modules.at("d")->parameters().front().view({-1})[3] = std::numeric_limits<double>::infinity();
    }
    QCOMPARE(trainer.first_non_finite(), std::string("weights/d/weight"));
  }

  void stages_take_over_what_fits() {
    Plan plan = toy::plan();
    plan.stages[0].until = {3, Until::Unit::steps};
    plan.stages.push_back(toy::stage());
    Trainer trainer(plan, 5);
    run_steps(trainer, 3);
    const auto before = copied(trainer);
    QVERIFY(!trainer.last_stage());
    trainer.begin_next_stage();
    const auto after = copied(trainer);
    QVERIFY(at::equal(before.at("weights/g/weight"), after.at("weights/g/weight")));
    QVERIFY(at::equal(after.at("weights/g/weight"), after.at("average/g/weight")));
    QCOMPARE(after.at("adam.m/g/weight").abs().sum().item<double>(), 0.0);
    QVERIFY(trainer.last_stage());
    run_steps(trainer, 7);
    QCOMPARE(trainer.progress().stage_step, std::int64_t{4});
    // A checkpoint of the second stage comes back into a fresh trainer.
    Trainer again(plan, 5);
    again.restore(io::parse_safetensors(io::safetensors_bytes(trainer.checkpoint())));
    QCOMPARE(again.progress().stage, std::int64_t{1});
    QVERIFY(all_equal(copied(trainer), copied(again)));
  }

  void wrong_plans_are_refused() {
    const auto refused = [](Plan plan) {
      try {
        Trainer trainer(plan, 1);
        run_steps(trainer, 1);
      } catch (const Error&) {
        return true;
      }
      return false;
    };
    QVERIFY(refused({}));
    Plan none = toy::plan();
    none.stages[0].optimisers.pop_back();
    QVERIFY(refused(none));
    Plan twice = toy::plan();
    twice.stages[0].optimisers.push_back(twice.stages[0].optimisers[0]);
    QVERIFY(refused(twice));
    Plan ghost = toy::plan();
    ghost.stages[0].optimisers[0].modules = {"x"};
    QVERIFY(refused(ghost));
  }
};

QTEST_GUILESS_MAIN(TestTrainer)
#include "test_trainer.moc"
