// The ways in which pictures are brought to a feature network's size. Which one it was changes a distance by more than many models differ
// (Parmar et al. 2022): every measure says which it used.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace orrery::metrics {

enum class Filter { box, bilinear, bicubic, lanczos };  // supports 1/2, 1, 2 (a = -1/2), 3

// Pillow's resampling of float pictures: the filter stretched by the scale when shrinking (so that nothing aliases), separable,
// across first. pictures [..., H, W] floating; result of the same type.
at::Tensor resize_antialiased(const at::Tensor& pictures, std::int64_t height, std::int64_t width, Filter filter);
// What clean-fid does: bicubic as above, clipped to 0..255, not rounded.
at::Tensor resize_clean(const at::Tensor& pictures, std::int64_t height, std::int64_t width);
// Pillow's resampling of 8-bit pictures: fixed-point weights (22 bits), rounded to bytes after each direction. [..., H, W] uint8.
at::Tensor resize_bytes(const at::Tensor& pictures, std::int64_t height, std::int64_t width, Filter filter);
// TensorFlow 1.x: source = destination x (in / out) in float32, no half-pixel shift, no antialiasing; with `align_corners`
// (in - 1) / (out - 1). The way into Inception for FID. [..., H, W] floating.
at::Tensor resize_tf1_bilinear(const at::Tensor& pictures, std::int64_t height, std::int64_t width, bool align_corners = false);

}  // namespace orrery::metrics
