#include "engine/metrics/real_features.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "engine/api/result.h"
#include "engine/features/efficientnet_lite.h"
#include "engine/io/cache_dir.h"
#include "engine/io/safetensors.h"
#include "engine/io/sha256.h"

namespace orrery::metrics {
namespace {

std::string place(const std::string& key) { return io::cache_dir() + "/features/" + key + ".safetensors"; }

}  // namespace

std::vector<std::int64_t> evenly_taken(std::int64_t size, std::int64_t at_most) {
  const std::int64_t count = std::min(size, at_most);
  std::vector<std::int64_t> taken;
  for (std::int64_t i = 0; i < count; ++i) taken.push_back(i * size / count);
  return taken;
}

std::string fingerprint(const data::Store& store) {
  io::Sha256 sum;
  const auto number = [&](std::int64_t n) { sum.add(&n, sizeof n); };
  number(store.size());
  struct stat file {};
  if (const std::string path = store.info().path; !path.empty() && ::stat(path.c_str(), &file) == 0 && S_ISREG(file.st_mode)) {
    number(file.st_size);
    number(file.st_mtim.tv_sec);
    number(file.st_mtim.tv_nsec);
  }
  for (const auto index : evenly_taken(store.size(), 64)) {
    const at::Tensor picture = store.picture(index).contiguous();
    for (const auto size : picture.sizes()) number(size);
    sum.add(picture.const_data_ptr(), picture.nbytes());
  }
  return sum.hex().substr(0, 32);
}

at::Tensor cached_features(const std::string& key, std::int64_t rows) {
  std::error_code missing;
  if (!std::filesystem::exists(place(key), missing)) return {};
  try {
    const at::Tensor features = io::read_safetensors(place(key)).tensors.at("features");
    if (features.scalar_type() == at::kFloat && features.sizes() == at::IntArrayRef({rows, features::EfficientNetLite0::pool_width})) return features;
  } catch (const std::exception&) {
    // A damaged cache file is as good as none: it is computed again and replaced.
  }
  return {};
}

void keep_features(const std::string& key, const at::Tensor& features) {
  try {
    io::cache_folder("features");
    io::write_safetensors(place(key), {{{"features", features}}, {}});
  } catch (const Error&) {
    // Only time is lost.
  }
}

}  // namespace orrery::metrics
