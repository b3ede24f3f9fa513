// The CPU loops of conv3x3: Winograd's F(4 x 4, 3 x 3) on pictures with channels innermost. A tile is 4 x 4 outputs from 6 x 6 inputs;
// 36 products of matrices [tiles, in] x [in, out] take the place of 144.
// Source: Lavin & Gray 2016, "Fast algorithms for convolutional neural networks", section 4; points 0, +-7/10, +-7/5 and infinity, whose
// rounding errors are about a fifth of those of the usual 0, +-1, +-2 (after Barabasz et al. 2020, "Error analysis and improving the
// accuracy of Winograd convolution for deep neural networks").
#pragma once

#include <cstdint>

#include "kernels/cpu/isa.h"

namespace orrery::kernels {

constexpr int kConv3x3Places = 36;

// One side of a convolution: `groups` 1: [n, rows, columns, channels]. `groups` 4: [n, 2 rows, 2 columns, channels / 4], where the pixels
// (2 row + a, 2 column + b) are the channels' group 2 a + b.
struct Conv3x3Side {
  std::int64_t rows = 0, columns = 0, channels = 0, groups = 1;
};

struct Conv3x3Epilogue {
  const float* scale = nullptr;  // [n, channels / groups]
  const float* noise = nullptr;  // one map of the output's pixels, or one for each sample
  std::int64_t noise_stride = 0;
  const float* bias = nullptr;   // [channels / groups]
  bool act = false;              // leaky: clamp(act(v) * gain); otherwise what is above only
  float slope = 1.0f, gain = 1.0f;
  float clamp = 0.0f;            // NaN: none
};

struct Conv3x3Work {
  const float* x = nullptr;
  float* y = nullptr;
  Conv3x3Side in, out;
  const float* packed = nullptr;    // by pack()
  const float* in_scale = nullptr;  // [n, in.channels / in.groups], or null
  Conv3x3Epilogue epilogue;
  const float* zeros = nullptr;     // in.channels of them
};

struct Conv3x3Loops {
  int width;  // out channels are padded to a multiple of this in packed weights
  // w [out, in, 3, 3] through its strides; `turned`: the kernel turned by 180 degrees. to: 36 * in * padded out.
  void (*pack)(const float* w, std::int64_t out, std::int64_t in, std::int64_t stride_out, std::int64_t stride_in, bool turned, float* to,
               std::int64_t from_in, std::int64_t to_in);
  // The same for products with the 9 weights as they are: 9 * in * padded out.
  void (*pack_plain)(const float* w, std::int64_t out, std::int64_t in, std::int64_t stride_out, std::int64_t stride_in, float* to, std::int64_t from_in, std::int64_t to_in);
  // c [count, padded out] = a [count, in] times one place's packed weights, for columns [from, to): multiples of `panel`, or the last.
  void (*product)(const float* a, std::int64_t count, std::int64_t in, const float* b, std::int64_t padded_out, float* c, std::int64_t from, std::int64_t to);
  std::int64_t panel;
  // Tiles [begin, end), counted over samples, rows and columns of tiles. scratch: 36 * (end - begin) * (in + padded out).
  void (*tiles)(const Conv3x3Work&, float* scratch, std::int64_t begin, std::int64_t end);
  // Tiles of a side as 36 matrices [count, channels] for weight gradients: to + place * place_stride + tile * channels.
  // `inputs`: 6 x 6 inputs transformed; otherwise 4 x 4 outputs' gradients.
  void (*transform)(const float* x, const Conv3x3Side&, bool inputs, const float* zeros, std::int64_t begin, std::int64_t end, float* to, std::int64_t place_stride);
  // sum [in, out] += v [count, in]^T z [count, out].
  void (*accumulate)(const float* v, const float* z, std::int64_t count, std::int64_t in, std::int64_t out, float* sum);
  // sums [36, in, out] -> w [out, in, 3, 3] for in channels [from, to).
  void (*finish)(const float* sums, std::int64_t in, std::int64_t out, std::int64_t from, std::int64_t to, float* w);
};
ORRERY_LOOPS(Conv3x3Loops, conv3x3_loops)

}  // namespace orrery::kernels
