// From listed sources to work for the decoding threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/api/dataset.h"
#include "engine/data/content_hash.h"
#include "engine/media/pipeline.h"
#include "engine/media/sources.h"

namespace orrery::media {

// What became of one file, frame or character.
struct Outcome {
  std::string shown = {};         // readable name
  std::string error = {};         // not empty: skipped, for this reason
  std::string png = {};           // else the picture, encoded for the store
  data::ContentHash hash = {};    // of what it was made from
  std::string class_name = {};    // "" for none
  std::string caption = {};
  std::vector<std::string> notes = {};
  bool only_notes = false;   // tells something about a film; counts as nothing
};
using ImportPipeline = Pipeline<Outcome>;

// Pushes one piece of work for each item of `list`, several for films and fonts. `expected` counts what will come of it.
class Producer {
 public:
  Producer(const ImportOptions& options, const SourceList& list, std::atomic<std::int64_t>& expected) : options_(options), list_(list), expected_(expected) {}
  void run(ImportPipeline& pipeline);

 private:
  const ImportOptions& options_;
  const SourceList& list_;
  std::atomic<std::int64_t>& expected_;

  std::string class_of(const Source& source, const Item& item, const std::string& path) const;
  Outcome outcome(const Source& source, const Item& item) const;
  Outcome decoded(const Source& source, const Item& item, std::string_view bytes) const;
  bool source(const Source& source, ImportPipeline& pipeline);
  bool item(const Source& source, const Item& item, ImportPipeline& pipeline);
  bool film(const Source& source, const Item& item, ImportPipeline& pipeline);
  bool font(Outcome about, std::string bytes, ImportPipeline& pipeline);
};

}  // namespace orrery::media
