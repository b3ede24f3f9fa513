// Starting and watching a training run, as values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace orrery {

// When a stage or a run ends: "200kimg", "10min", "5000steps" (also "10minutes").
struct Until {
  enum class Unit { kimg, minutes, steps };
  double amount = 0.0;
  Unit unit = Unit::kimg;
};

struct TrainOptions {
  std::string system;                           // SystemInfo::id
  std::string data;                             // a store or "builtin:NAME"
  std::string out;                              // the run folder
  std::string preset;                           // empty: "tiny" or the system's first; when resuming, the run's own
  std::map<std::string, std::string> set;       // json path -> JSON value, "train.batch" -> "16"
  Until until{};                                // amount 0: the preset's own
  bool resume = false;                          // go on with the run in `out`; system, data, preset, set and seed may then be left out
  std::uint64_t seed = 0;
  std::string device;                           // "cpu", "cuda"; empty: "cpu", or when resuming the run's own
  int threads = 0;                              // 0: all cores, or when resuming the run's own (equal threads make equal numbers)
  double lr_scale = 0.0;                        // > 0: multiplies every learning rate from here on
};

// One line of stats.jsonl.
struct StatsPoint {
  std::int64_t step = 0;
  double kimg = 0.0;
  double wall_s = 0.0;
  std::map<std::string, double> values;  // "loss.g", "ada.p", "img_per_s", "fd_efflite0", ...
};

}  // namespace orrery
