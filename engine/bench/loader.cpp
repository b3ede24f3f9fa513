// Pictures into training: batches from the loader's cache against pictures gathered by LibTorch.
#include <ATen/ATen.h>

#include <algorithm>

#include "engine/bench/bench.h"
#include "engine/data/loader.h"

namespace orrery::bench {
namespace {

constexpr std::int64_t kPictures = 4096, kBatch = 64, kBatches = 32;
constexpr int kSide = 64;

// Pictures in memory, as a store whose decoding costs nothing.
class MemoryStore : public data::Store {
 public:
  MemoryStore() {
    at::manual_seed(1);
    pictures = at::randint(256, {kPictures, 3, kSide, kSide}, at::kByte);
  }
  std::int64_t size() const override { return kPictures; }
  int width_px() const override { return kSide; }
  int height_px() const override { return kSide; }
  int channels() const override { return 3; }
  const std::vector<std::string>& class_names() const override { return none_; }
  std::int64_t label(std::int64_t) const override { return -1; }
  std::string caption(std::int64_t) const override { return {}; }
  at::Tensor picture(std::int64_t index) const override { return pictures[index]; }
  DatasetInfo info() const override { return {}; }
  at::Tensor pictures;

 private:
  std::vector<std::string> none_;
};

Contest cached() {
  const auto store = std::make_shared<MemoryStore>();
  data::LoaderOptions options;
  options.batch = kBatch;
  const auto loader = std::make_shared<data::Loader>(store, options);
  const auto next = std::make_shared<std::int64_t>(0);
  for (std::int64_t step = 0; step < 2 * kPictures / kBatch; ++step) loader->batch(step);  // two epochs: all cached
  *next = 2 * kPictures / kBatch;
  return {[=] {
            for (std::int64_t k = 0; k < kBatches; ++k) loader->batch((*next)++);
          },
          [=] {
            for (std::int64_t k = 0; k < kBatches; ++k) store->pictures.index_select(0, at::randint(kPictures, {kBatch}, at::kLong));
          },
          [=] {  // the batch holds the pictures that it names
            const Batch batch = loader->batch(5);
            const at::Tensor rows = at::tensor(std::vector<std::int64_t>(batch.indices.begin(), batch.indices.end()), at::kLong);
            return (batch.pictures.to(at::kInt) - store->pictures.index_select(0, rows).to(at::kInt)).abs().max().item<double>();
          },
          0.0};
}

}  // namespace

std::vector<Benchmark> loader_benchmarks() {
  return {{"loader/cached_64px", "2048 pictures of 64 px from the cache, in batches of 64", "at::index_select at random", cached}};
}

}  // namespace orrery::bench
