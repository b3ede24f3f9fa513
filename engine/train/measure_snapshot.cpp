#include "engine/train/measure_snapshot.h"

#include <algorithm>

#include "engine/features/weights.h"
#include "engine/metrics/evaluate.h"
#include "engine/systems/system.h"

namespace orrery {
namespace {

constexpr std::int64_t real_at_most = 2000;  // their features are taken once, and kept

struct Observer : metrics::EvaluateObserver {
  explicit Observer(const std::function<bool()>& asked) : interrupted(asked) {}
  bool cancelled() const override { return interrupted && interrupted(); }
  const std::function<bool()>& interrupted;
};

}  // namespace

SnapshotMeasures measure_snapshot(const System& system, std::shared_ptr<const Model> model, const data::Store& store, const MeasureConfig& config, const std::string& device,
                                  const std::function<bool()>& interrupted) {
  SnapshotMeasures out;
  metrics::EvaluateOptions options;
  options.metrics = config.metrics;
  options.samples = config.samples;
  options.real_at_most = real_at_most;
  options.device = device;
  const auto needs_features = [](const std::string& name) { return name != "swd"; };
  if (std::any_of(options.metrics.begin(), options.metrics.end(), needs_features) && !features::has_weights("efficientnet_lite0")) {
    std::erase_if(options.metrics, needs_features);
    out.note = "fd, kd and pr are not measured: the feature network's weights are not installed. Run: ./app/fetch_weights efficientnet_lite0";
  }
  if (options.metrics.empty()) return out;
  const auto player = system.make_player(std::move(model));
  const auto requests = metrics::measuring_requests(player->controls(), store, options.samples, 0);
  Observer observer(interrupted);
  out.values = metrics::evaluate(metrics::pictures_of(*player, requests, observer), store, options, observer);
  return out;
}

}  // namespace orrery
