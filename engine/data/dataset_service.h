// Quick looks into data sets for the window: the Datasets of engine/api/studio.h over stores.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "engine/api/studio.h"

namespace orrery::data {

// Augments uint8 [N, 3, H, W] at strength p (0..1) with draws that depend on `seed` and the row only; same shape and dtype.
using AugmentPictures = std::function<at::Tensor(const at::Tensor& pictures, double p, std::uint64_t seed)>;

// Stores stay open while they are looked at; one that was replaced on disk is opened again. Thread-safe. Pictures are RGBA8 with full
// alpha. Without `augment` the leak view answers that it is not available.
std::unique_ptr<Datasets> make_dataset_service(AugmentPictures augment = {});

}  // namespace orrery::data
