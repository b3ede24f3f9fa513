// Features of data sets in the cache. For engine/metrics/evaluate.cpp.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "engine/data/store.h"

namespace orrery::metrics {

// Which pictures stand for the set: all, or `at_most` of them spread evenly.
std::vector<std::int64_t> evenly_taken(std::int64_t size, std::int64_t at_most);
// Tells data sets apart by size, some decoded pictures, and the file's length and time where there is a file.
std::string fingerprint(const data::Store& store);
// Undefined when the cache has nothing whole under this key.
at::Tensor cached_features(const std::string& key, std::int64_t rows);
// A cache that cannot be written is no error.
void keep_features(const std::string& key, const at::Tensor& features);

}  // namespace orrery::metrics
