#include "engine/data/store_writer.h"

#include <algorithm>
#include <cstdio>

#include "engine/data/png_codec.h"

namespace orrery::data {

void StoreWriter::add(const Pixels& pixels, StorePicture picture) { add_encoded(encode_png_uncompressed(pixels), std::move(picture)); }

void StoreWriter::add_encoded(std::string_view png, StorePicture picture) {
  // NVIDIA's dataset_tool: at most 1,000 files a folder, so that names sort as the pictures come.
  const auto index = static_cast<unsigned long long>(files_.size());
  char name[64];
  std::snprintf(name, sizeof name, "%05llu/img%08llu.png", index / 1000, index);
  zip_.add(name, png);
  files_.emplace_back(name);
  labels_.push_back(picture.label);
  lists_.sources.push_back(std::move(picture.source));
  lists_.captions.push_back(std::move(picture.caption));
  for (auto& [key, value] : picture.tags) {
    Tag& tag = lists_.tags[key];
    const auto [found, is_new] = tag_index_[key].try_emplace(value, static_cast<std::int64_t>(tag.names.size()));
    if (is_new) tag.names.push_back(value);
    tag.values.push_back(found->second);
  }
}

void StoreWriter::relabel(const std::function<std::int64_t(std::int64_t)>& renumber) {
  for (auto& label : labels_) label = renumber(label);
}

void StoreWriter::finish(StoreExtras extras) {
  const bool labelled = !extras.class_names.empty();
  extras.sources = std::move(lists_.sources);
  extras.captions = std::move(lists_.captions);
  extras.tags = std::move(lists_.tags);
  if (std::all_of(extras.captions.begin(), extras.captions.end(), [](const std::string& caption) { return caption.empty(); })) extras.captions.clear();
  zip_.add(labels_entry, write_labels(files_, labelled ? labels_ : std::vector<std::int64_t>{}));
  zip_.add(extras_entry, write_extras(extras));
  zip_.commit();
}

}  // namespace orrery::data
