#include "engine/train/store_data.h"

#include "engine/api/result.h"
#include "engine/data/loader.h"
#include "engine/data/store.h"
#include "engine/train/point_data.h"

namespace orrery {
namespace {

class LoaderSource : public BatchSource {
 public:
  LoaderSource(std::shared_ptr<const data::Store> store, const data::LoaderOptions& options) : loader_(std::move(store), options) {}
  Batch batch(std::int64_t step) override { return loader_.batch(step); }
  std::int64_t unreadable() const override { return loader_.unreadable(); }

 private:
  data::Loader loader_;
};

class StoreData : public TrainingData {
 public:
  StoreData(std::shared_ptr<const data::Store> store, std::int64_t cache_bytes) : store_(std::move(store)), cache_bytes_(cache_bytes) {
    if (store_->width_px() != store_->height_px()) {
      throw Error(ErrorCode::bad_input, "The pictures of this data set are " + std::to_string(store_->width_px()) + " x " + std::to_string(store_->height_px()) + "; training needs squares.",
                  "Nothing was started.", "Import them again with --fit crop or --fit pad.");
    }
  }
  std::string name() const override { return store_->info().name; }
  DataShape shape() const override {
    return {store_->height_px(), store_->channels(), static_cast<std::int64_t>(store_->class_names().size()), store_->size()};
  }
  const std::vector<std::string>& class_names() const override { return store_->class_names(); }
  std::shared_ptr<const data::Store> store() const override { return store_; }
  std::unique_ptr<BatchSource> batches(const Stage& stage, std::uint64_t seed, int threads) const override {
    data::LoaderOptions options;
    options.batch = stage.batch;
    options.seed = seed;
    options.mirror = stage.mirror;
    options.cache_bytes = cache_bytes_;
    options.threads = threads;
    return std::make_unique<LoaderSource>(store_, options);
  }

 private:
  std::shared_ptr<const data::Store> store_;
  std::int64_t cache_bytes_;
};

}  // namespace

DataOpener store_opener(std::int64_t cache_bytes) {
  return [cache_bytes](const std::string& data, int wanted_size_px) -> std::shared_ptr<const TrainingData> {
    if (auto points = open_points(data)) return points;
    return std::make_shared<StoreData>(data::Store::open(data, wanted_size_px), cache_bytes);
  };
}

}  // namespace orrery
