#include "engine/metrics/evaluate.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "engine/api/result.h"
#include "engine/features/efficientnet_lite.h"
#include "engine/metrics/distances.h"
#include "engine/metrics/real_features.h"
#include "engine/metrics/resize.h"
#include "engine/metrics/sliced_wasserstein.h"

namespace orrery::metrics {
namespace {

[[noreturn]] void cancelled() { throw Error(ErrorCode::cancelled, "The measurement was cancelled.", "Nothing was changed."); }
void check(const EvaluateObserver& observer) { if (observer.cancelled()) cancelled(); }

// The network's nominal 224 px, or 128 px for pictures that have no more detail than that (2.5 times as fast).
std::int64_t network_px(std::int64_t width, std::int64_t height) { return std::max(width, height) <= 128 ? 128 : features::EfficientNetLite0::nominal_px; }

// As a picture would be saved (kernels/to_rgba8).
at::Tensor as_bytes(const at::Tensor& pictures) { return (pictures.detach().to(at::kFloat) * 127.5 + 127.5).clamp(0, 255).add(0.5).floor().to(at::kByte); }

at::Tensor real_pictures(const data::Store& store, const std::vector<std::int64_t>& indices, std::size_t first, std::size_t count) {
  std::vector<at::Tensor> some;
  for (std::size_t i = first; i < std::min(first + count, indices.size()); ++i) some.push_back(store.picture(indices[i]));
  return at::stack(some);
}

struct Wanted {
  bool fd = false, kd = false, pr = false, swd = false;
  bool features() const { return fd || kd || pr; }
};
Wanted wanted_of(const std::vector<std::string>& metrics) {
  Wanted wanted;
  for (const auto& name : metrics) {
    if (name == "fd") wanted.fd = true;
    else if (name == "kd") wanted.kd = true;
    else if (name == "pr") wanted.pr = true;
    else if (name == "swd") wanted.swd = true;
    else throw Error(ErrorCode::wrong_use, "There is no measure \"" + name + "\".", "Nothing was started.", "Choose from: fd, kd, pr, swd.");
  }
  if (metrics.empty()) throw Error(ErrorCode::wrong_use, "No measure was asked for.", "Nothing was started.", "Choose from: fd, kd, pr, swd.");
  return wanted;
}

// Tells progress in a part of the whole.
struct Part {
  EvaluateObserver& observer;
  double from, to;
  void operator()(double fraction, const std::string& message) const { observer.progress(from + (to - from) * fraction, message); }
};

std::string counted(const char* what, std::int64_t done, std::int64_t all) { return std::string(what) + " " + std::to_string(done) + " of " + std::to_string(all); }

}  // namespace

const std::vector<std::string>& metric_names() {
  static const std::vector<std::string> names{"fd", "kd", "pr", "swd"};
  return names;
}

std::vector<std::string> parse_metrics(const std::string& list) {
  std::vector<std::string> names;
  std::stringstream stream(list);
  for (std::string name; std::getline(stream, name, ',');) {
    std::erase(name, ' ');
    if (!name.empty()) names.push_back(name);
  }
  if (!names.empty()) wanted_of(names);
  return names;
}

std::string how_features_are_taken(int width_px, int height_px) {
  const std::string px = std::to_string(network_px(width_px, height_px));
  return "EfficientNet-Lite0 pooled features of pictures resized to " + px + " x " + px + " by antialiased bicubic";
}

struct FeatureTaker::Impl {
  std::shared_ptr<features::EfficientNetLite0> network;
  at::Device device = at::kCPU;
};

FeatureTaker::FeatureTaker(const std::string& device) : impl_(std::make_unique<Impl>()) {
  impl_->device = at::Device(device);
  impl_->network = features::EfficientNetLite0::load(device);
}
FeatureTaker::~FeatureTaker() = default;

at::Tensor FeatureTaker::features(const at::Tensor& pictures) const {
  const c10::InferenceMode inference;
  if (pictures.dim() != 4 || (pictures.size(1) != 1 && pictures.size(1) != 3))
    throw Error(ErrorCode::bad_input, "Features are taken of grey or colour pictures only.", "Nothing was changed.");
  const std::int64_t px = network_px(pictures.size(3), pictures.size(2));
  std::vector<at::Tensor> parts;
  constexpr std::int64_t at_once = 8;  // what stays in the caches of a CPU
  const std::int64_t step = impl_->device.is_cpu() ? at_once : 64;
  for (std::int64_t first = 0; first < pictures.size(0); first += step) {
    at::Tensor x = pictures.slice(0, first, std::min(first + step, pictures.size(0))).to(impl_->device).to(at::kFloat);
    if (x.size(1) == 1) x = x.expand({x.size(0), 3, x.size(2), x.size(3)});
    parts.push_back(impl_->network->pool((resize_clean(x, px, px) - 127) / 128).cpu());
  }
  return at::cat(parts);
}

at::Tensor FeatureTaker::features_of(const data::Store& store, std::int64_t at_most, EvaluateObserver& observer, double from, double to) const {
  const auto indices = evenly_taken(store.size(), at_most);
  if (indices.empty()) throw Error(ErrorCode::bad_input, "The data set has no pictures.", "Nothing was changed.");
  const auto rows = static_cast<std::int64_t>(indices.size());
  const std::string key = fingerprint(store) + "-efflite0-" + std::to_string(network_px(store.width_px(), store.height_px())) + "-bicubic-" + std::to_string(rows);
  if (at::Tensor known = cached_features(key, rows); known.defined()) return known;
  std::vector<at::Tensor> parts;
  constexpr std::size_t batch = 64;
  const Part say{observer, from, to};
  for (std::size_t first = 0; first < indices.size(); first += batch) {
    check(observer);
    parts.push_back(features(real_pictures(store, indices, first, batch)));
    const auto done = static_cast<std::int64_t>(std::min(first + batch, indices.size()));
    say(static_cast<double>(done) / static_cast<double>(rows), counted("Looking at real pictures:", done, rows));
  }
  const at::Tensor all = at::cat(parts);
  keep_features(key, all);
  return all;
}

std::map<std::string, double> evaluate(const Generate& generate, const data::Store& real, const EvaluateOptions& options, EvaluateObserver& observer) {
  const c10::InferenceMode inference;
  const Wanted wanted = wanted_of(options.metrics);
  if (options.samples < 5 || real.size() < 5) throw Error(ErrorCode::wrong_use, "A measure needs at least 5 pictures on each side.", "Nothing was started.", "Use more samples or a larger data set.");
  observer.progress(0.0, "Opening the feature network");
  std::optional<FeatureTaker> taker;
  at::Tensor real_features;
  if (wanted.features()) {
    taker.emplace(options.device);
    real_features = taker->features_of(real, options.real_at_most, observer, 0.0, 0.3);
  }

  // Both sides of swd need as many patches: real pictures are repeated in turn when there are fewer of them.
  PatchSet real_patches({.seed = options.seed}), generated_patches({.seed = options.seed + 1});
  std::vector<at::Tensor> generated_features;
  const std::int64_t batch = std::max<std::int64_t>(options.batch, 1);
  for (std::int64_t first = 0; first < options.samples; first += batch) {
    check(observer);
    const std::int64_t count = std::min(batch, options.samples - first);
    at::Tensor pictures = generate(first, count);
    if (!pictures.defined()) cancelled();
    if (pictures.dim() != 4 || pictures.size(0) != count) throw Error(ErrorCode::failed, "The model gave another number of pictures than was asked for.");
    pictures = as_bytes(pictures).cpu();
    if (taker) generated_features.push_back(taker->features(pictures));
    if (wanted.swd) {
      generated_patches.add(pictures, first);
      std::vector<std::int64_t> indices;
      for (std::int64_t i = first; i < first + count; ++i) indices.push_back(options.samples <= real.size() ? i * real.size() / options.samples : i % real.size());
      real_patches.add(real_pictures(real, indices, 0, indices.size()), first);
    }
    observer.progress(0.3 + 0.6 * static_cast<double>(first + count) / static_cast<double>(options.samples), counted("Looking at generated pictures:", first + count, options.samples));
  }

  std::map<std::string, double> values;
  const auto step = [&](double fraction, const char* message) {
    check(observer);
    observer.progress(fraction, message);
  };
  if (taker) {
    const at::Tensor generated = at::cat(generated_features);
    if (wanted.fd) {
      step(0.9, "Comparing distributions");
      values["fd_efflite0"] = frechet_distance(feature_stats(generated), feature_stats(real_features));
    }
    if (wanted.kd) {
      step(0.93, "Comparing kernels");
      values["kd_efflite0"] = kernel_distance(generated, real_features);
    }
    if (wanted.pr) {
      step(0.95, "Looking for neighbours");
      const PrecisionRecall result = precision_recall(generated, real_features, 3);
      values["precision"] = result.precision;
      values["recall"] = result.recall;
    }
  }
  if (wanted.swd) {
    step(0.97, "Comparing patches");
    values["swd"] = sliced_wasserstein_distance(generated_patches, real_patches);
  }
  observer.progress(1.0, "Done");
  return values;
}

std::vector<Request> measuring_requests(const std::vector<ControlSpec>& controls, const data::Store& real, std::int64_t samples, std::int64_t first_seed) {
  const auto has = [&](const char* id) -> const ControlSpec* {
    for (const auto& spec : controls)
      if (spec.id == id && spec.unavailable.empty()) return &spec;
    return nullptr;
  };
  const ControlSpec* class_control = has("class");
  std::vector<Request> requests(static_cast<std::size_t>(samples));
  for (std::int64_t i = 0; i < samples; ++i) {
    Request& request = requests[static_cast<std::size_t>(i)];
    if (has("seed")) request.values["seed"] = first_seed + i;
    if (!class_control || class_control->choices.empty()) continue;
    // The class of a real picture, evenly over the set; without labels, all classes in turn.
    const std::int64_t label = real.size() > 0 ? real.label(i * real.size() / samples) : -1;
    std::string name;
    if (label >= 0 && label < static_cast<std::int64_t>(real.class_names().size())) name = real.class_names()[static_cast<std::size_t>(label)];
    if (std::find(class_control->choices.begin(), class_control->choices.end(), name) == class_control->choices.end())
      name = class_control->choices[static_cast<std::size_t>(i) % class_control->choices.size()];
    request.values["class"] = name;
  }
  return requests;
}

Generate pictures_of(Player& player, const std::vector<Request>& requests, const EvaluateObserver& observer) {
  return [&](std::int64_t first, std::int64_t count) {
    struct Watch : RenderObserver {
      const EvaluateObserver& observer;
      explicit Watch(const EvaluateObserver& o) : observer(o) {}
      bool cancelled() const override { return observer.cancelled(); }
    } watch(observer);
    const auto begin = requests.begin() + static_cast<std::ptrdiff_t>(first);
    return player.render({begin, begin + static_cast<std::ptrdiff_t>(count)}, watch);
  };
}

}  // namespace orrery::metrics
