#include "engine/data/dataset_service.h"

#include <sys/stat.h>

#include <algorithm>
#include <list>
#include <mutex>
#include <vector>

#include "engine/api/result.h"
#include "engine/data/builtin.h"
#include "engine/data/names.h"
#include "engine/data/store.h"
#include "engine/data/toys.h"
#include "engine/explore/point_picture.h"

namespace orrery::data {
namespace {

constexpr std::size_t most_open = 4;
constexpr int most_draws = 64;

// uint8 [N, C, H, W] side by side in one row, C 1 or 3.
DeviceImage row_of(const at::Tensor& pictures) {
  const std::int64_t count = pictures.size(0), channels = pictures.size(1), height = pictures.size(2), width = pictures.size(3);
  const at::Tensor bytes = pictures.contiguous();
  const auto* from = bytes.data_ptr<std::uint8_t>();
  const auto pixels = std::make_shared<std::vector<std::uint8_t>>(static_cast<std::size_t>(count * width * height * 4), std::uint8_t{255});
  for (std::int64_t n = 0; n < count; ++n) {
    for (std::int64_t c = 0; c < 3; ++c) {
      const auto* plane = from + (n * channels + std::min(c, channels - 1)) * height * width;
      for (std::int64_t y = 0; y < height; ++y) {
        for (std::int64_t x = 0; x < width; ++x) (*pixels)[static_cast<std::size_t>(((y * count + n) * width + x) * 4 + c)] = plane[y * width + x];
      }
    }
  }
  DeviceImage image;
  image.data = pixels->data();
  image.width_px = static_cast<int>(count * width);
  image.height_px = static_cast<int>(height);
  image.stride_bytes = static_cast<std::size_t>(count * width * 4);
  image.keep_alive = pixels;
  return image;
}

// Runs `make`, handing over what it throws.
template <class T, class Make> Result<T> caught(Make make) {
  try {
    return make();
  } catch (const Error& error) {
    return error.error();
  } catch (const std::exception& error) {
    return JobError{ErrorCode::failed, "The data set could not be shown.", "Nothing was changed.", "Import it again.", error.what()};
  }
}

constexpr std::int64_t shown_points = 3000;

DatasetInfo points_info(const std::string& path, const Toy& toy) {
  DatasetInfo info;
  info.path = path;
  info.name = toy.name;
  info.seen = info.taken = 1000000;  // there is no end of them
  info.channels = 0;  // points, no pictures
  info.class_names = toy.class_names;
  for (std::size_t i = 0; i < toy.class_names.size(); ++i) info.class_counts.push_back(info.taken / static_cast<std::int64_t>(toy.class_names.size()));
  return info;
}

// [1, 3, H, W] uint8: other points for each index.
at::Tensor points_picture(const Toy& toy, std::int64_t index) {
  const at::Tensor points = toy_points(toy, shown_points, Rng(static_cast<std::uint64_t>(index)).fork("shown")).points;
  return point_picture(points).mul(127.5).add(128.0).clamp(0.0, 255.0).to(at::kByte);
}

class DatasetService final : public Datasets {
 public:
  explicit DatasetService(AugmentPictures augment) : augment_(std::move(augment)) {}

  Result<DatasetInfo> info(const std::string& path) const override {
    return caught<DatasetInfo>([&] {
      if (const auto toy = toy_of(path)) return points_info(path, *toy);
      return store(path)->info();
    });
  }

  Result<DeviceImage> picture(const std::string& path, std::int64_t index) const override {
    return caught<DeviceImage>([&] {
      if (const auto toy = toy_of(path)) return row_of(points_picture(*toy, index));
      return row_of(picture_of(*store(path), index).unsqueeze(0));
    });
  }

  Result<DeviceImage> augmented(const std::string& path, std::int64_t index, double p, int count, std::uint64_t seed) const override {
    return caught<DeviceImage>([&] {
      if (!augment_) throw Error(ErrorCode::failed, "Augmentation is not available in this build.", "Nothing was changed.", "Look at the pictures without it.");
      if (toy_of(path)) throw Error(ErrorCode::wrong_use, "Points in the plane are not augmented.", "Nothing was changed.", "Choose a set of pictures.");
      if (!(p >= 0.0 && p <= 1.0) || count < 1 || count > most_draws) throw Error(ErrorCode::wrong_use, "Augmentation takes a strength from 0 to 1 and 1 to 64 draws.");
      const auto opened = store(path);
      const at::Tensor one = picture_of(*opened, index);
      const at::Tensor many = one.unsqueeze(0).expand({count, 3, one.size(1), one.size(2)}).contiguous();
      return row_of(augment_(many, p, seed));
    });
  }

 private:
  struct Open {
    std::string path;
    struct stat state;
    std::shared_ptr<const Store> store;
  };
  AugmentPictures augment_;
  mutable std::mutex mutex_;
  mutable std::list<Open> open_;  // newest first

  static at::Tensor picture_of(const Store& store, std::int64_t index) {
    if (index < 0 || index >= store.size()) throw Error(ErrorCode::wrong_use, "The data set has " + std::to_string(store.size()) + " pictures; there is no number " + std::to_string(index) + ".");
    const at::Tensor picture = store.picture(index);
    return picture.size(0) == 3 ? picture : picture.expand({3, picture.size(1), picture.size(2)});
  }

  std::shared_ptr<const Store> store(const std::string& path) const {
    struct stat state {};
    const bool on_disk = !is_builtin(path) && ::stat(path.c_str(), &state) == 0;
    std::lock_guard lock(mutex_);
    for (auto entry = open_.begin(); entry != open_.end(); ++entry) {
      if (entry->path != path) continue;
      const bool same = is_builtin(path) || (on_disk && entry->state.st_ino == state.st_ino && entry->state.st_dev == state.st_dev && entry->state.st_mtim.tv_sec == state.st_mtim.tv_sec &&
                                             entry->state.st_mtim.tv_nsec == state.st_mtim.tv_nsec && entry->state.st_size == state.st_size);
      if (same) {
        open_.splice(open_.begin(), open_, entry);
        return open_.front().store;
      }
      open_.erase(entry);
      break;
    }
    open_.push_front({path, state, Store::open(path)});
    if (open_.size() > most_open) open_.pop_back();
    return open_.front().store;
  }
};

}  // namespace

std::unique_ptr<Datasets> make_dataset_service(AugmentPictures augment) { return std::make_unique<DatasetService>(std::move(augment)); }

}  // namespace orrery::data
