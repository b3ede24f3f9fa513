#include "engine/data/builtin.h"

#include <filesystem>

#include "engine/api/result.h"
#include "engine/io/cache_dir.h"
#ifdef ORRERY_MEDIA
#include "engine/media/emoji.h"
#include "engine/media/glyph_set.h"
#include "engine/media/photo_set.h"
#endif

namespace orrery::data {
namespace {

// Raised when a change to the program changes the pictures; a run that resumes must see the ones it began with.
constexpr int format_version = 1;

void make([[maybe_unused]] const std::string& name, [[maybe_unused]] const std::string& path, [[maybe_unused]] int size_px) {
#ifdef ORRERY_MEDIA
  if (name == "emoji") return media::write_emoji_store(path, size_px);
  if (name == "glyphs") return media::write_glyph_store(path, size_px);
  if (name == "photos") return media::write_photo_store(path, size_px);
  throw Error(ErrorCode::failed, "builtin:" + name + " has no maker.");
#else
  throw Error(ErrorCode::bad_input, "This build has no importers, so builtin:" + name + " cannot be made here.", "Nothing was changed.",
              "Build with -DORRERY_MEDIA=ON, or copy the store from another machine's cache to " + path + ".");
#endif
}

}  // namespace

const std::vector<Builtin>& builtins() {
  static const std::vector<Builtin> all{
      {"emoji", "1,861 different emoji in 9 groups, with their names"},
      {"glyphs", "letters and digits of about 200 type faces; the class is the character"},
      {"photos", "detailed crops of about 155 photographs"},
  };
  return all;
}

std::string builtin_store(const std::string& path, int size_px) {
  const std::string name = path.substr(std::string("builtin:").size());
  std::string known;
  bool found = false;
  for (const auto& one : builtins()) {
    known += (known.empty() ? "builtin:" : ", builtin:") + one.name;
    found = found || one.name == name;
  }
  if (!found) throw Error(ErrorCode::wrong_use, "There is no data set " + path + ".", "Nothing was changed.", "There are: " + known + ".");
  if (size_px < 4 || size_px > 1024) throw Error(ErrorCode::wrong_use, "A data set of " + std::to_string(size_px) + " pixels cannot be made.", "Nothing was changed.", "Choose a size from 4 to 1024.");
  const std::string store = io::cache_dir() + "/datasets/" + name + "-" + std::to_string(size_px) + "-v" + std::to_string(format_version) + ".zip";
  std::error_code error;
  if (std::filesystem::is_regular_file(store, error)) return store;
  io::cache_folder("datasets");
  make(name, store, size_px);
  return store;
}

}  // namespace orrery::data
