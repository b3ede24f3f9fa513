// How good are the pictures? Measures of a generator against a data set, for the command line, the training plots and the window.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/api/request.h"
#include "engine/data/store.h"
#include "engine/explore/player.h"

namespace orrery::metrics {

// What --metric takes: "fd" (fd_efflite0), "kd" (kd_efflite0), "pr" (precision, recall), "swd". The first three compare pooled features of
// EfficientNet-Lite0 (1280 numbers a picture) and need its weights: ./app/fetch_weights efficientnet_lite0.
const std::vector<std::string>& metric_names();

// "fd,swd" -> {"fd", "swd"}; "" -> {}. Throws Error(wrong_use) for a name that is none.
std::vector<std::string> parse_metrics(const std::string& list);

struct EvaluateOptions {
  std::vector<std::string> metrics{"fd"};
  std::int64_t samples = 2000;      // generated pictures; every distance depends on it, so compare like with like
  std::int64_t real_at_most = 10000;  // real pictures; larger sets are thinned evenly
  std::int64_t batch = 16;
  std::uint64_t seed = 0;           // of what the measures draw themselves (patches, directions)
  std::string device = "cpu";       // of the feature network
};

class EvaluateObserver {
 public:
  virtual ~EvaluateObserver() = default;
  virtual bool cancelled() const { return false; }
  // 0..1 and what is done right now.
  virtual void progress(double /*fraction*/, const std::string& /*message*/) {}
};

// Pictures number first .. first + count - 1 of the sample: [count, C, H, W] in [-1, 1], C = 1 or 3; undefined when cancelled.
using Generate = std::function<at::Tensor(std::int64_t first, std::int64_t count)>;

// Values by name: fd_efflite0, kd_efflite0 (the squared distance; unbiased, so it may be slightly negative), precision, recall, swd
// (x 1000). Generated pictures are rounded to bytes first, as they would be saved. Features of the real pictures are kept in the cache.
// Throws Error(wrong_use) for an unknown metric or too few samples, Error(cancelled), Error(failed) when the weights are missing.
std::map<std::string, double> evaluate(const Generate& generate, const data::Store& real, const EvaluateOptions& options, EvaluateObserver& observer);

// "EfficientNet-Lite0 pooled features of pictures resized to 128 x 128 by antialiased bicubic": what stands behind the numbers.
std::string how_features_are_taken(int width_px, int height_px);

// Pooled features [N, 1280] float32 of pictures [N, 1 or 3, H, W] uint8 as the distances take them.
class FeatureTaker {
 public:
  explicit FeatureTaker(const std::string& device = "cpu");
  ~FeatureTaker();
  at::Tensor features(const at::Tensor& pictures) const;
  // Of a whole data set, at most `at_most` pictures evenly taken; from the cache where it has them.
  at::Tensor features_of(const data::Store& store, std::int64_t at_most, EvaluateObserver& observer, double from = 0.0, double to = 1.0) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Requests for `samples` pictures at neutral controls: seeds first_seed, first_seed + 1, ..., and where the model has classes, classes as
// frequent as in the data (matched by name).
std::vector<Request> measuring_requests(const std::vector<ControlSpec>& controls, const data::Store& real, std::int64_t samples, std::int64_t first_seed);
// Renders them. `player` and `requests` must outlive it.
Generate pictures_of(Player& player, const std::vector<Request>& requests, const EvaluateObserver& observer);

}  // namespace orrery::metrics
