#include "engine/features/weights.h"

#include <filesystem>

#include "engine/api/result.h"
#include "engine/io/cache_dir.h"
#include "engine/io/checkpoint.h"
#include "engine/io/sha256.h"

namespace orrery::features {
namespace {

struct Part { const char* name; const char* file; std::uint64_t bytes; const char* sha256; };
// As in app/fetch_weights.
constexpr Part parts[] = {
    {"efficientnet_lite0", "efficientnet-lite0-57934424.pth", 18826032, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"},
    {"vgg16_shift_tolerant", "vgg_shift_tolerant.pth", 58907298, "44597da68f49c1837c100ff52299050f274d102eb102e5837178c79be6f0e250"},
};

const Part& find(const std::string& name) {
  for (const auto& part : parts)
    if (name == part.name) return part;
  throw Error(ErrorCode::wrong_use, "There is no pretrained part \"" + name + "\".", "Nothing was started.", "See ./app/fetch_weights --list");
}

std::string place(const Part& part) { return io::cache_dir() + "/weights/" + part.name + "/" + part.file; }

}  // namespace

bool has_weights(const std::string& name) {
  const Part& part = find(name);
  std::error_code missing;
  return std::filesystem::file_size(place(part), missing) == part.bytes && !missing;
}

std::string weights_path(const std::string& name) {
  const Part& part = find(name);
  if (!has_weights(name))
    throw Error(ErrorCode::failed, "The pretrained weights " + name + " are not installed.", "Nothing was changed.", "Run: ./app/fetch_weights " + name, place(part));
  return place(part);
}

std::map<std::string, at::Tensor> load_part(const std::string& name) {
  const std::string path = weights_path(name);
  if (io::sha256_of_file(path) != find(name).sha256)
    throw Error(ErrorCode::bad_input, "The pretrained weights " + name + " are not the recorded file (SHA-256 differs).", "Nothing was changed.", "Remove " + path + " and run: ./app/fetch_weights " + name);
  return io::read_checkpoint(path).sets.at(0).tensors;
}

}  // namespace orrery::features
