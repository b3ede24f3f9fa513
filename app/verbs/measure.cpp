#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/data/store.h"
#include "engine/explore/model_shelf.h"
#include "engine/metrics/evaluate.h"
#include "verbs/verbs.h"

namespace orrery::app {
namespace {

std::atomic<bool> asked_to_stop{false};

struct Arguments {
  std::string model, data, metrics = "fd,kd,pr,swd";
  std::int64_t samples = 2000, seed = 0;
};

class Progress : public metrics::EvaluateObserver {
 public:
  explicit Progress(bool shown) : shown_(shown) {}
  bool cancelled() const override { return asked_to_stop; }
  void progress(double fraction, const std::string& message) override {
    const auto now = std::chrono::steady_clock::now();
    if (!shown_ || (fraction < 1.0 && now - printed_ < std::chrono::milliseconds(200))) return;
    printed_ = now;
    std::fprintf(stderr, "\r\033[K%s", fraction < 1.0 ? (std::to_string(static_cast<int>(100 * fraction)) + " %  " + message).c_str() : "");
  }
  ~Progress() override {
    if (shown_) std::fputs("\r\033[K", stderr);
  }

 private:
  bool shown_;
  std::chrono::steady_clock::time_point printed_{};
};

void measure(const Arguments& given, const Context& context) {
  struct sigaction action {};
  action.sa_handler = [](int) { asked_to_stop = true; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int number : {SIGINT, SIGTERM}) sigaction(number, &action, nullptr);

  ModelShelf shelf(shelf_parts(context.device));
  const ModelInfo info = shelf.open_now(given.model);
  const auto model = shelf.resolve(Request{info.id, {}});
  const auto player = shelf.make_player(model);
  const auto store = data::Store::open(given.data, info.width_px);
  metrics::EvaluateOptions options;
  options.metrics = metrics::parse_metrics(given.metrics);
  options.samples = given.samples;
  options.seed = static_cast<std::uint64_t>(given.seed);
  options.device = context.device;
  Progress progress(!context.json && isatty(STDERR_FILENO) != 0);
  const auto requests = metrics::measuring_requests(player->controls(), *store, given.samples, given.seed);
  const auto values = metrics::evaluate(metrics::pictures_of(*player, requests, progress), *store, options, progress);
  const std::string how = metrics::how_features_are_taken(store->width_px(), store->height_px());
  const bool by_features = values.size() > values.count("swd");

  if (context.json) {
    nlohmann::json out{{"model", given.model}, {"sha256", model->hash}, {"kimg", model->kimg}, {"data", given.data}, {"samples", given.samples}, {"real", std::min(store->size(), options.real_at_most)}, {"values", values}};
    if (by_features) out["features"] = how;
    std::printf("%s\n", out.dump(2).c_str());
    return;
  }
  for (const auto& [name, value] : values) std::printf("%-14s %10.4f\n", name.c_str(), value);
  std::printf("%lld generated against %lld real pictures, seeds from %lld on.%s%s%s\n", static_cast<long long>(given.samples), static_cast<long long>(std::min(store->size(), options.real_at_most)),
              static_cast<long long>(given.seed), by_features ? " " : "", by_features ? how.c_str() : "", by_features ? "." : "");
}

}  // namespace

void add_measure(CLI::App& program, Context& context) {
  auto* verb = program.add_subcommand("measure", "how near a model's pictures are to a data set");
  auto given = std::make_shared<Arguments>();
  verb->add_option("model", given->model, "a model file, or a run (its newest snapshot)")->required();
  verb->add_option("--data", given->data, "a store, or builtin:NAME")->required();
  verb->add_option("--metric", given->metrics, "fd and kd: Frechet and kernel distance; pr: precision and recall; swd: sliced Wasserstein distance x 1000")->capture_default_str();
  verb->add_option("--samples", given->samples, "generated pictures; distances depend on it, so compare like with like")->capture_default_str()->check(CLI::Range(5, 1000000));
  verb->add_option("--seed", given->seed, "the first picture's seed")->capture_default_str()->check(CLI::NonNegativeNumber);
  verb->callback([&context, given] { measure(*given, context); });
}

}  // namespace orrery::app
