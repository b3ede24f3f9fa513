#include "engine/media/packages.h"

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "engine/api/result.h"

namespace orrery::media {

std::string find_shared(const std::string& relative_path) {
  const char* variable = std::getenv("XDG_DATA_DIRS");
  std::string_view folders = variable && *variable ? variable : "/usr/local/share:/usr/share";
  while (!folders.empty()) {
    const auto colon = folders.find(':');
    const std::string path = std::string(folders.substr(0, colon)) + "/" + relative_path;
    std::error_code error;
    if (path.front() == '/' && std::filesystem::exists(path, error)) return path;
    folders.remove_prefix(colon == std::string_view::npos ? folders.size() : colon + 1);
  }
  return {};
}

void refuse_missing_packages(const std::string& what, const std::string& packages) {
  throw Error(ErrorCode::bad_input, what + " is made from Debian packages that are not installed.", "Nothing was changed.", "Install them with: apt-get install " + packages);
}

}  // namespace orrery::media
