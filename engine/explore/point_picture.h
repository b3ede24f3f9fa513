// Points in the plane as a picture.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace orrery {

constexpr std::int64_t kPointPicture_px = 256;
constexpr double kPointReach = 1.5;  // the picture shows [-1.5, 1.5] in both directions, y upwards

// points [N, 2 or more] (further coordinates are not shown) -> [1, 3, side, side] float32 in [-1, 1]: dark dots of about three pixels on
// white, darker where they lie closer; points that are outside or not finite are left out.
at::Tensor point_picture(const at::Tensor& points, std::int64_t side_px = kPointPicture_px);

}  // namespace orrery
