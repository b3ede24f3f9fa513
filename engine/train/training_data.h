// What a run needs of its data, so that the Trainer's side knows no store, and tests can bring their own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/systems/system.h"
#include "engine/train/plan.h"

namespace orrery {

namespace data { class Store; }

class BatchSource {
 public:
  virtual ~BatchSource() = default;
  // Batch number `step` of the run, a pure function of the data, the seed and the step: a resumed run sees the same pictures.
  virtual Batch batch(std::int64_t step) = 0;
  virtual std::int64_t unreadable() const { return 0; }
};

class TrainingData {
 public:
  virtual ~TrainingData() = default;
  virtual std::string name() const = 0;
  virtual DataShape shape() const = 0;
  virtual const std::vector<std::string>& class_names() const = 0;
  // The pictures themselves, for measures against them; null where there are none to be had.
  virtual std::shared_ptr<const data::Store> store() const { return nullptr; }
  virtual std::unique_ptr<BatchSource> batches(const Stage& stage, std::uint64_t seed, int threads) const = 0;
};

// Opens "file.zip" or "builtin:NAME"; the size is for data that comes in any size (System::wanted_size_px). Throws Error(bad_input).
using DataOpener = std::function<std::shared_ptr<const TrainingData>(const std::string& data, int wanted_size_px)>;

}  // namespace orrery
