#include "engine/data/import.h"

#include <filesystem>

#include "engine/api/result.h"
#include "engine/data/names.h"
#ifdef ORRERY_MEDIA
#include "engine/media/importer.h"
#endif

namespace orrery::data {

DatasetInfo import_dataset(const ImportOptions& options, [[maybe_unused]] ImportObserver& observer) {
  const auto wrong = [](const std::string& what, const std::string& to_do) { return Error(ErrorCode::wrong_use, what, "Nothing was changed.", to_do); };
  if (options.sources.empty()) throw wrong("There is nothing to import.", "Name folders, zips, films, fonts or pictures.");
  if (extension_of(options.out) != "zip") throw wrong("A data set is a .zip, but the name is " + readable_name(options.out) + ".", "Choose a name that ends in .zip.");
  if (options.size_px < 4 || options.size_px > 2048) throw wrong("Pictures of " + std::to_string(options.size_px) + " pixels cannot be made.", "Choose a size from 4 to 2048.");
  if (!(options.film_frames_per_s > 0.0 && options.film_frames_per_s <= 1000.0)) throw wrong("A film cannot be read at that many frames per second.", "Choose a number above 0, up to 1000.");
#ifdef ORRERY_MEDIA
  return media::import_pictures(options, observer);
#else
  throw Error(ErrorCode::bad_input, "This build has no importers (it was made with -DORRERY_MEDIA=OFF).", "Nothing was changed.", "Import on a desktop build and copy the store here.");
#endif
}

}  // namespace orrery::data
