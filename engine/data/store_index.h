// The two JSON entries of a store: dataset.json, which NVIDIA's tools read, and orrery.json, which holds what it has no place for.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/api/dataset.h"

namespace orrery::data {

inline constexpr std::string_view labels_entry = "dataset.json";
inline constexpr std::string_view extras_entry = "orrery.json";

// dataset.json: {"labels": [[file, label], ...] or null}; a label is a class number or a vector of weights.
struct LabelList {
  bool present = false;  // "labels" is there and not null
  std::vector<std::pair<std::string, std::int64_t>> classes;
  std::vector<std::pair<std::string, std::vector<float>>> vectors;
  std::vector<std::string> problems;  // "label 17 is not [file, number]": those items are left out
};
// Item by item, without a document in memory. Throws Error(bad_input) when it is not JSON at all.
LabelList parse_labels(std::string_view json);
// One item a line. `labels` empty: null.
std::string write_labels(const std::vector<std::string>& files, const std::vector<std::int64_t>& labels);

// A second label beside the class: the emoji's subgroup, the glyph's face, the photograph a crop is from.
struct Tag {
  std::vector<std::string> names;
  std::vector<std::int64_t> values;  // one per picture
};

// orrery.json. Lists that are not empty have one item per picture, in the order of the files' names.
struct StoreExtras {
  std::string name = {};
  std::vector<std::string> class_names = {};
  std::vector<std::string> captions = {};
  std::vector<std::string> sources = {};
  std::map<std::string, Tag> tags = {};
  std::int64_t seen = 0;
  std::int64_t skipped = 0;
  std::vector<ImportProblem> problems = {};
};
std::string write_extras(const StoreExtras& extras);
// Throws Error(bad_input) naming the key that is wrong.
StoreExtras parse_extras(std::string_view json);

}  // namespace orrery::data
