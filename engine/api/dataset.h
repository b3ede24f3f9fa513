// Importing pictures into a store, and what a store holds, as values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace orrery {

enum class Fit { crop, pad, stretch };
enum class ClassSource { folders, file, none };

struct ImportOptions {
  std::vector<std::string> sources = {};  // folders, zips, films, pictures, fonts, "builtin:emoji"
  std::string out = {};              // the store, a .zip
  int size_px = 64;
  Fit fit = Fit::crop;
  ClassSource classes = ClassSource::folders;
  double film_frames_per_s = 2.0;    // of films: how many frames become pictures
};

// A file (or entry) that was not taken as it was. `kept` tells a repaired or noted picture from a skipped one.
struct ImportProblem {
  std::string file;
  std::string reason;
  bool kept = false;
};

// seen == taken + skipped, exactly; duplicates are among the skipped.
struct DatasetInfo {
  std::string path;
  std::string name;
  std::int64_t seen = 0;
  std::int64_t taken = 0;
  std::int64_t skipped = 0;
  int width_px = 0;
  int height_px = 0;
  int channels = 3;
  std::vector<std::string> class_names;
  std::vector<std::int64_t> class_counts;
  std::vector<ImportProblem> problems;
};

}  // namespace orrery
