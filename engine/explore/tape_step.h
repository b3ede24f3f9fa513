// One recorded step: what it says about itself, its tensors in memory or in the spill file, and what it looks like.
#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/api/tape.h"
#include "engine/explore/player.h"
#include "engine/explore/tape_spill.h"

namespace orrery {

// The same values in the smallest type that holds every one of them exactly (float64 -> float32 -> float16), contiguous, on the host, in
// memory of its own. A network in float32 leaves most of a float64 prediction's bits empty; a sampler's float64 state stays float64.
at::Tensor packed(const at::Tensor& tensor);

// Of one tensor of a step: what it was, and what it is kept as.
struct StepLayout {
  std::vector<std::int64_t> sizes;
  at::ScalarType kept = at::kFloat, original = at::kFloat;
  bool defined = false;
};
struct StepLayouts {
  StepLayout state, prediction;
};

struct StepTensors {
  at::Tensor state;       // [N, ...], in its own type
  at::Tensor prediction;  // [N, ...]; undefined at the start
};

// Thread-safe. Shared by all tapes that have this step.
class RecordedStep {
 public:
  // `memory` counts the bytes that all steps hold; it must outlive the step.
  RecordedStep(const RenderStep& step, double elapsed_ms, std::shared_ptr<std::atomic<std::size_t>> memory);
  ~RecordedStep();
  RecordedStep(const RecordedStep&) = delete;
  RecordedStep& operator=(const RecordedStep&) = delete;

  const TapeStep& facts() const { return facts_; }
  double state_scale() const { return state_scale_; }
  const StepLayouts& kept_as() const { return layouts_; }
  bool in_the_plane() const { return layouts_.state.sizes.size() == 2 && layouts_.state.sizes[1] == 2; }
  std::vector<TapeRow> rows() const;

  // In the types they were recorded in. Reads the file when the step was spilled. Throws Error(failed).
  StepTensors tensors() const;
  // In the types they are kept in. Throws as tensors().
  StepTensors kept() const;
  bool in_memory() const;
  std::size_t bytes() const { return bytes_; }
  // Moves the tensors to the file. Does nothing when they are there already. Throws Error(disk_full, failed); then they are still in memory.
  void spill(const std::shared_ptr<SpillFile>& file);

 private:
  TapeStep facts_;
  double state_scale_ = 1.0;
  StepLayouts layouts_;
  std::size_t bytes_ = 0;
  std::shared_ptr<std::atomic<std::size_t>> memory_;
  mutable std::mutex mutex_;  // guards what follows; held for copies of pointers only
  StepTensors kept_;
  std::shared_ptr<SpillFile> file_;
  std::uint64_t at_ = 0;
};

// [H, W, 4] uint8 of the first sample (of points in the plane: all of them as dots, the square of [-3, 3]^2). `before`: the tensors of the
// step before, for the difference. A row that the step does not have is transparent.
at::Tensor step_rgba(const RecordedStep& step, const StepTensors& tensors, const StepTensors& before, TapeRow row);
// x, y of every particle; empty when the step has none.
std::vector<float> step_points(const RecordedStep& step, const StepTensors& tensors, const StepTensors& before, TapeRow row);

}  // namespace orrery
