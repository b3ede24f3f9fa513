// Writes a store picture by picture. Nothing appears under the final name before finish().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/data/pixels.h"
#include "engine/data/store_index.h"
#include "engine/data/zip_writer.h"

namespace orrery::data {

struct StorePicture {
  std::string source = {};                  // where it came from, readable
  std::int64_t label = -1;                  // index into the class names
  std::string caption = {};
  std::map<std::string, std::string> tags = {};  // "subgroup" -> "face-smiling"; every picture has the same keys
};

class StoreWriter {
 public:
  explicit StoreWriter(const std::string& path) : zip_(path) {}
  // All pictures of a store have one size. Throws Error(disk_full, failed).
  void add(const Pixels& pixels, StorePicture picture);
  // The same with a picture that encode_png_uncompressed has already encoded (in another thread).
  void add_encoded(std::string_view png, StorePicture picture);
  // Gives every label a new number, before finish(): labels may be handed out as classes turn up and be sorted at the end.
  void relabel(const std::function<std::int64_t(std::int64_t)>& renumber);
  std::int64_t size() const { return static_cast<std::int64_t>(files_.size()); }
  // `extras` brings name, class_names, seen, skipped and problems; the lists per picture come from add().
  void finish(StoreExtras extras);

 private:
  ZipWriter zip_;
  std::vector<std::string> files_;
  std::vector<std::int64_t> labels_;
  StoreExtras lists_;
  std::map<std::string, std::map<std::string, std::int64_t>> tag_index_;
};

}  // namespace orrery::data
