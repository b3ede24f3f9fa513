// The things a person drops, opened and listed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/media/containers.h"
#include "engine/media/metadata.h"

namespace orrery::media {

struct Source {
  std::unique_ptr<Container> container;
  Listing listing;
  Metadata metadata;
  std::string shown;   // before names in problems: "", "cats.zip/"
  std::string place;   // where an archive lay inside a dropped folder, for classes
  std::size_t input = 0;  // which of the dropped things it belongs to
  std::vector<std::string> classes;  // by folder of the listing, from folders only

  std::string shown_path(const Item& item) const;
};

struct SourceList {
  std::vector<std::unique_ptr<Source>> sources;
  std::vector<ImportProblem> refused;  // whole things and files in them: seen and skipped
  std::vector<ImportProblem> notes;    // about archives and metadata: not counted
};

// Lists everything in `inputs` (paths and builtin:NAME). `out` is the store being written, which is never read. Archives inside folders
// become sources of their own. Throws Error(bad_input) for an input that is not there.
SourceList list_sources(const std::vector<std::string>& inputs, const std::string& out, int size_px, ListingProgress& progress);

// Classes from folder names, for all sources together.
void name_classes(const std::vector<std::string>& inputs, SourceList& list);

// Whether an item may give pictures; everything else is refused by its name alone.
bool may_give_pictures(const Item& item);

}  // namespace orrery::media
