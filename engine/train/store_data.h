// Stores as training data.
#pragma once

#include "engine/train/training_data.h"

namespace orrery {

// Opens stores and built-in sets (engine/data). Batches keep up to `cache_bytes` of decoded pictures in memory.
DataOpener store_opener(std::int64_t cache_bytes = std::int64_t{2} << 30);

}  // namespace orrery
