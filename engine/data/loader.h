// Batches for training: shuffled per epoch by a counter-based permutation, decoded in threads, cached as uint8 while they fit.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/data/store.h"
#include "engine/train/objective.h"

namespace orrery::data {

struct LoaderOptions {
  std::int64_t batch = 16;
  std::uint64_t seed = 0;
  bool mirror = false;
  std::int64_t cache_bytes = std::int64_t{2} << 30;
  int threads = 1;
};

class Loader {
 public:
  Loader(std::shared_ptr<const Store> store, LoaderOptions options);
  ~Loader();
  // Batch number `step` of the run: a pure function of (store, seed, step), so a resumed run sees the same data.
  // A picture that can no longer be read is replaced by the next one and counted.
  Batch batch(std::int64_t step);
  std::int64_t unreadable() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace orrery::data
