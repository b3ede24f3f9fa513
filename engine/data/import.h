// Pictures from anywhere into a store.
#pragma once

#include <cstdint>
#include <string>

#include "engine/api/dataset.h"

namespace orrery::data {

struct ImportProgress {
  std::int64_t seen = 0;     // == taken + skipped
  std::int64_t taken = 0;
  std::int64_t skipped = 0;
  std::int64_t total = -1;   // files found so far, while they are still being listed and afterwards; films add to it as they are read
  bool listing = true;
  std::string current;       // readable name of the file under way
};

// Called on the thread that imports: at once, then about every 50 ms, and at the end.
class ImportObserver {
 public:
  virtual ~ImportObserver() = default;
  virtual void progress(const ImportProgress& /*progress*/) {}
  virtual void problem(const ImportProblem& /*problem*/) {}
  virtual bool cancelled() { return false; }
};

// Reads options.sources (a folder tree, zip, archive, film, font, picture or builtin:NAME each; several are put together in the order given)
// into a store of size_px x size_px RGB pictures at options.out.
//
// Counted is every file that could be a picture, every frame taken from a film and every character of a font; seen == taken + skipped, and
// each skipped one is in the problems with its reason. Not counted are the files that describe others: dataset.json, orrery.json,
// metadata.csv, metadata.jsonl, and x.txt or x.caption beside a picture x. The first of several equal files is taken, the others skipped.
//
// Classes: `folders` takes what dataset.json or metadata files say, else the names of the sub-folders (of one common level, below folders
// that hold everything and below train/ validation/ test/), else of the sources if there are several; `file` takes only the former; a font's
// characters are its classes. Fewer than two classes are none.
//
// The store appears under its final name when it is complete. Throws Error: wrong_use, bad_input (nothing could be taken), cancelled,
// disk_full; in a build without importers bad_input.
DatasetInfo import_dataset(const ImportOptions& options, ImportObserver& observer);

}  // namespace orrery::data
