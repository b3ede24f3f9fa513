#include "engine/train/point_data.h"

#include "engine/data/toys.h"

namespace orrery {
namespace {

constexpr std::int64_t kNominal = 1000000;  // there is no end of them

class PointSource : public BatchSource {
 public:
  PointSource(data::Toy toy, std::int64_t count, std::uint64_t seed) : toy_(std::move(toy)), count_(count), rng_(Rng(seed).fork("points")) {}
  Batch batch(std::int64_t step) override {
    const auto drawn = data::toy_points(toy_, count_, rng_.fork(static_cast<std::uint64_t>(step)));
    return {drawn.points, drawn.labels, {}};
  }

 private:
  data::Toy toy_;
  std::int64_t count_;
  Rng rng_;
};

class PointData : public TrainingData {
 public:
  explicit PointData(data::Toy toy) : toy_(std::move(toy)) {}
  std::string name() const override { return toy_.name; }
  DataShape shape() const override {
    DataShape shape;
    shape.resolution_px = 0;
    shape.channels = 1;
    shape.classes = static_cast<std::int64_t>(toy_.class_names.size());
    shape.pictures = kNominal;
    shape.point_dim = 2;
    return shape;
  }
  const std::vector<std::string>& class_names() const override { return toy_.class_names; }
  std::unique_ptr<BatchSource> batches(const Stage& stage, std::uint64_t seed, int) const override { return std::make_unique<PointSource>(toy_, stage.batch, seed); }

 private:
  data::Toy toy_;
};

}  // namespace

std::shared_ptr<const TrainingData> open_points(const std::string& data) {
  const auto toy = data::toy_of(data);
  return toy ? std::make_shared<PointData>(*toy) : nullptr;
}

}  // namespace orrery
