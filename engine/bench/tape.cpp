// A second of scrubbing (60 pictures) through a tape of 1,000 steps, and what recording a step costs.
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

#include <cstring>

#include "engine/bench/bench.h"
#include "engine/device/rng.h"
#include "engine/explore/tape_store.h"

namespace orrery::bench {
namespace {

constexpr std::int64_t kSteps = 1000;
constexpr int kPictures = 60;
const std::vector<std::int64_t> kShape = {1, 3, 64, 64};

RenderStep made_step(std::int64_t k) {
  RenderStep step;
  step.step = k;
  step.steps = kSteps;
  step.evaluations = k;
  step.level = static_cast<double>(kSteps - k) * 0.05;
  step.state = Rng(1, static_cast<std::uint64_t>(k)).normal(kShape, at::kDouble);
  step.state_scale = 0.5;
  if (k > 0) step.prediction = Rng(2, static_cast<std::uint64_t>(k)).normal(kShape, at::kFloat).to(at::kDouble) * 0.5;
  return step;
}

struct Scrubbed {
  explicit Scrubbed(std::size_t budget) : store([&] {
    TapeOptions options;
    options.budget_bytes = budget;
    return options;
  }()) {
    auto recording = store.record(1, {"bench", {}}, "bench", "bench");
    for (std::int64_t k = 0; k <= kSteps; ++k) recording->add(made_step(k));
    recording->finish();
    tape = recording->id();
  }
  TapeStore store;
  TapeId tape = 0;
  std::int64_t at = 0;  // forwards, from where the last second ended
};

std::int64_t place(std::int64_t at) { return 1 + at * 7 % kSteps; }

// The same picture composed of ATen calls from tensors that lie ready.
at::Tensor plain_picture(const at::Tensor& state, double scale) {
  const at::Tensor rgb = (state[0] * scale).to(at::kFloat).mul(127.5).add(127.5).clamp(0, 255).round().to(at::kByte).permute({1, 2, 0});
  return at::cat({rgb, at::full({rgb.size(0), rgb.size(1), 1}, 255, at::kByte)}, 2).contiguous();
}

Contest scrub(std::size_t budget) {
  auto ours = std::make_shared<Scrubbed>(budget);
  const auto steps = std::make_shared<std::vector<std::shared_ptr<const RecordedStep>>>(ours->store.contents(ours->tape).steps);
  Contest contest;
  contest.ours = [ours] {
    for (int i = 0; i < kPictures; ++i) {
      if (!ours->store.picture(ours->tape, place(ours->at++), TapeRow::state)) throw std::runtime_error("no picture");
    }
  };
  contest.peer = [steps, at = std::make_shared<std::int64_t>(0)] {
    for (int i = 0; i < kPictures; ++i) plain_picture((*steps)[static_cast<std::size_t>(place((*at)++))]->tensors().state, 0.5);
  };
  contest.error = [ours, steps] {
    double worst = 0.0;
    for (const std::int64_t step : {1, 500, 1000}) {
      const auto picture = ours->store.picture(ours->tape, step, TapeRow::state);
      const at::Tensor expected = plain_picture((*steps)[static_cast<std::size_t>(step)]->tensors().state, 0.5);
      if (!picture) return 1.0;
      const auto* a = static_cast<const std::uint8_t*>(picture.value().data);
      const auto* b = expected.const_data_ptr<std::uint8_t>();
      for (std::int64_t i = 0; i < expected.numel(); ++i) worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])) / 255.0);
    }
    return worst;
  };
  contest.allowed_error = 1.01 / 255.0;  // ties are rounded to even by one and up by the other
  return contest;
}

// Against keeping plain copies.
Contest record() {
  const auto steps = std::make_shared<std::vector<RenderStep>>();
  for (std::int64_t k = 0; k <= 20; ++k) steps->push_back(made_step(k));
  const auto store = std::make_shared<TapeStore>();
  Contest contest;
  contest.ours = [=] {
    auto recording = store->record(1, {"bench", {}}, "bench", "bench");
    for (const auto& step : *steps) recording->add(step);
  };
  contest.peer = [=] {
    std::vector<at::Tensor> kept;
    for (const auto& step : *steps) {
      kept.push_back(step.state.clone());
      if (step.prediction.defined()) kept.push_back(step.prediction.clone());
    }
  };
  contest.error = [] { return 0.0; };
  return contest;
}

}  // namespace

std::vector<Benchmark> tape_benchmarks() {
  const std::string what = "60 pictures of [3, 64, 64], 1000 steps";
  return {{"tape/scrub/memory", what, "the same pictures by ATen calls", [] { return scrub(std::size_t{512} << 20); }},
          {"tape/scrub/spilled", what + ", 32 MiB allowed", "the same pictures by ATen calls", [] { return scrub(std::size_t{32} << 20); }},
          {"tape/record", "20 steps of [3, 64, 64]", "plain copies", record}};
}

}  // namespace orrery::bench
