#include "engine/io/cache_dir.h"

#include <cstdlib>
#include <filesystem>

#include "engine/api/result.h"

namespace orrery::io {

std::string cache_dir() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  if (const auto own = variable("ORRERY_CACHE_DIR"); !own.empty()) return own;
  if (const auto base = variable("XDG_CACHE_HOME"); !base.empty() && base.front() == '/') return base + "/orrery";  // relative ones are to be ignored
  if (const auto home = variable("HOME"); !home.empty()) return home + "/.cache/orrery";
  throw Error(ErrorCode::failed, "There is no place for cached files: neither HOME nor ORRERY_CACHE_DIR is set.", "Nothing was changed.", "Set ORRERY_CACHE_DIR to a folder of your own.");
}

std::string cache_folder(const std::string& name) {
  const std::string folder = cache_dir() + "/" + name;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    const bool full = error == std::errc::no_space_on_device;
    throw Error(full ? ErrorCode::disk_full : ErrorCode::failed, "The cache folder " + folder + " could not be made: " + error.message() + ".", "Nothing was changed.",
                "Free some space, or set ORRERY_CACHE_DIR to another folder.");
  }
  return folder;
}

}  // namespace orrery::io
