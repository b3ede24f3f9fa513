#include "engine/explore/tape_step.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "engine/explore/point_picture.h"
#include "kernels/to_rgba8/to_rgba8.h"

namespace orrery {
namespace {

constexpr double kDifferenceGain = 2.0;

double root_mean_square(const at::Tensor& tensor) {
  if (!tensor.defined() || tensor.numel() == 0) return 0.0;
  const at::Tensor values = tensor.to(at::kDouble);
  return std::sqrt((values * values).mean().item<double>());
}

std::string_view bytes_of(const at::Tensor& tensor) {
  return tensor.defined() ? std::string_view(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()) : std::string_view();
}

StepLayout layout_of(const at::Tensor& original, const at::Tensor& kept) {
  if (!original.defined()) return {};
  return {original.sizes().vec(), kept.scalar_type(), original.scalar_type(), true};
}

at::Tensor read(const StepLayout& layout, const SpillFile& file, std::uint64_t& at) {
  if (!layout.defined) return {};
  at::Tensor tensor = at::empty(layout.sizes, layout.kept);
  file.read(at, static_cast<char*>(tensor.data_ptr()), tensor.nbytes());
  at += tensor.nbytes();
  return tensor;
}

bool is_picture(const std::vector<std::int64_t>& sizes) { return sizes.size() == 4 && (sizes[1] == 1 || sizes[1] == 3 || sizes[1] == 4); }

// The row's values: pictures in [-1, 1], or coordinates of points. Undefined: the step has no such row.
at::Tensor row_values(const RecordedStep& step, const StepTensors& now, const StepTensors& before, TapeRow row) {
  const auto rows = step.rows();
  if (std::find(rows.begin(), rows.end(), row) == rows.end()) return {};
  const double scale = step.in_the_plane() && row == TapeRow::state ? 1.0 : step.state_scale();
  switch (row) {
    case TapeRow::state: return now.state.to(at::kDouble) * scale;
    case TapeRow::prediction: return now.prediction;
    case TapeRow::difference:
      if (!before.prediction.defined()) return {};
      return (now.prediction.to(at::kDouble) - before.prediction.to(at::kDouble)).abs() * (2.0 * kDifferenceGain) - 1.0;
    case TapeRow::noise: return (now.state.to(at::kDouble) - now.prediction.to(at::kDouble)) * (0.5 / step.facts().level);
  }
  return {};
}

}  // namespace

at::Tensor packed(const at::Tensor& tensor) {
  if (!tensor.defined()) return {};
  at::Tensor host = tensor.detach().to(at::kCPU).contiguous();
  for (const auto smaller : {at::kHalf, at::kFloat}) {
    if (!host.is_floating_point() || c10::elementSize(smaller) >= c10::elementSize(host.scalar_type())) continue;
    // A few values decide most cases.
    const at::Tensor some = host.flatten().slice(0, 0, 64);
    if (!at::equal(some.to(smaller).to(host.scalar_type()), some)) continue;
    const at::Tensor small = host.to(smaller);
    if (at::equal(small.to(host.scalar_type()), host)) return small;
  }
  return host.is_alias_of(tensor) ? host.clone() : host;
}

RecordedStep::RecordedStep(const RenderStep& step, double elapsed_ms, std::shared_ptr<std::atomic<std::size_t>> memory)
    : facts_{step.evaluations, step.level, step.output_norm >= 0.0 ? step.output_norm : root_mean_square(step.prediction), elapsed_ms},
      state_scale_(step.state_scale),
      memory_(std::move(memory)) {
  kept_ = {packed(step.state), packed(step.prediction)};
  layouts_ = {layout_of(step.state, kept_.state), layout_of(step.prediction, kept_.prediction)};
  bytes_ = bytes_of(kept_.state).size() + bytes_of(kept_.prediction).size();
  *memory_ += bytes_;
}

RecordedStep::~RecordedStep() {
  if (!file_) *memory_ -= bytes_;
}

std::vector<TapeRow> RecordedStep::rows() const {
  std::vector<TapeRow> rows;
  const auto& [state, prediction] = layouts_;
  const auto shown = [](const StepLayout& layout) { return layout.defined && (is_picture(layout.sizes) || (layout.sizes.size() == 2 && layout.sizes[1] == 2)); };
  if (shown(state)) rows.push_back(TapeRow::state);
  if (!shown(prediction)) return rows;
  rows.push_back(TapeRow::prediction);
  if (is_picture(prediction.sizes)) rows.push_back(TapeRow::difference);
  if (facts_.level > 0.0 && is_picture(prediction.sizes) && state.sizes == prediction.sizes) rows.push_back(TapeRow::noise);
  return rows;
}

bool RecordedStep::in_memory() const {
  const std::lock_guard lock(mutex_);
  return !file_;
}

StepTensors RecordedStep::kept() const {
  StepTensors kept;
  std::shared_ptr<SpillFile> file;
  std::uint64_t at = 0;
  {
    const std::lock_guard lock(mutex_);
    kept = kept_;
    file = file_;
    at = at_;
  }
  if (file) {
    kept.state = read(layouts_.state, *file, at);
    kept.prediction = read(layouts_.prediction, *file, at);
  }
  return kept;
}

StepTensors RecordedStep::tensors() const {
  StepTensors out = kept();
  if (out.state.defined()) out.state = out.state.to(layouts_.state.original);
  if (out.prediction.defined()) out.prediction = out.prediction.to(layouts_.prediction.original);
  return out;
}

void RecordedStep::spill(const std::shared_ptr<SpillFile>& file) {
  StepTensors kept;
  {
    const std::lock_guard lock(mutex_);
    if (file_) return;
    kept = kept_;
  }
  const std::uint64_t at = file->append(bytes_of(kept.state), bytes_of(kept.prediction));
  const std::lock_guard lock(mutex_);
  file_ = file;
  at_ = at;
  kept_ = {};
  *memory_ -= bytes_;
}

at::Tensor step_rgba(const RecordedStep& step, const StepTensors& tensors, const StepTensors& before, TapeRow row) {
  const at::Tensor values = row_values(step, tensors, before, row);
  if (values.defined()) return kernels::to_rgba8(step.in_the_plane() ? point_picture(values)[0] : values[0].to(at::kFloat));
  if (step.in_the_plane()) return at::zeros({kPointPicture_px, kPointPicture_px, 4}, at::kByte);
  const auto sizes = tensors.state.defined() ? tensors.state.sizes() : at::IntArrayRef();
  return sizes.size() == 4 ? at::zeros({sizes[2], sizes[3], 4}, at::kByte) : at::zeros({1, 1, 4}, at::kByte);
}

std::vector<float> step_points(const RecordedStep& step, const StepTensors& tensors, const StepTensors& before, TapeRow row) {
  if (!step.in_the_plane()) return {};
  const at::Tensor values = row_values(step, tensors, before, row);
  if (!values.defined()) return {};
  const at::Tensor points = values.to(at::kFloat).contiguous();
  return {points.const_data_ptr<float>(), points.const_data_ptr<float>() + points.numel()};
}

}  // namespace orrery
