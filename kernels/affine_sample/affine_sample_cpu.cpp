#include "kernels/affine_sample/affine_sample_cpu.h"

#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

#include <cmath>

namespace orrery::kernels {
namespace {

struct Extent { std::int64_t height, width; };

// The four neighbours of one output pixel: offsets into a plane (negative: outside) and weights.
template <class T>
struct Corners {
  std::int64_t offset[4];
  T weight[4];
};

// Pixel (row, column) of an output of extent `out` lies at normalised ((2 column + 1) / width - 1, ...); theta maps it to the input's
// normalised coordinates, and u = ((x + 1) width - 1) / 2 to input pixels. In double: a float coordinate of a large picture is too coarse.
template <class T>
inline Corners<T> corners_of(const double* theta, Extent in, Extent out, std::int64_t row, std::int64_t column) {
  const double x = (2.0 * column + 1.0) / out.width - 1.0;
  const double y = (2.0 * row + 1.0) / out.height - 1.0;
  const double u = ((theta[0] * x + theta[1] * y + theta[2] + 1.0) * in.width - 1.0) * 0.5;
  const double v = ((theta[3] * x + theta[4] * y + theta[5] + 1.0) * in.height - 1.0) * 0.5;
  Corners<T> corners{{-1, -1, -1, -1}, {0, 0, 0, 0}};
  if (!(u > -1.0 && v > -1.0 && u < in.width && v < in.height)) return corners;  // also refuses NaN
  const double u0 = std::floor(u), v0 = std::floor(v);
  const double fu = u - u0, fv = v - v0;
  const auto left = static_cast<std::int64_t>(u0), top = static_cast<std::int64_t>(v0);
  const double weights[4] = {(1 - fu) * (1 - fv), fu * (1 - fv), (1 - fu) * fv, fu * fv};
  for (int k = 0; k < 4; ++k) {
    const std::int64_t cu = left + (k & 1), cv = top + (k >> 1);
    if (cu < 0 || cv < 0 || cu >= in.width || cv >= in.height) continue;
    corners.offset[k] = cv * in.width + cu;
    corners.weight[k] = static_cast<T>(weights[k]);
  }
  return corners;
}

template <class T, class PerPixel>
void for_each_pixel(const double* theta, Extent in, Extent out, PerPixel&& per_pixel) {
  for (std::int64_t row = 0; row < out.height; ++row) {
    for (std::int64_t column = 0; column < out.width; ++column) per_pixel(row * out.width + column, corners_of<T>(theta, in, out, row, column));
  }
}

// The coordinates serve all channels of a picture, so a picture is one task.
template <class T>
void run(const at::Tensor& picture_side, const at::Tensor& theta, const at::Tensor& sample_side, bool adjoint) {
  const std::int64_t count = picture_side.size(0), channels = picture_side.size(1);
  const Extent in{picture_side.size(2), picture_side.size(3)}, out{sample_side.size(2), sample_side.size(3)};
  const std::int64_t in_plane = in.height * in.width, out_plane = out.height * out.width;
  T* picture = picture_side.data_ptr<T>();
  T* samples = sample_side.data_ptr<T>();
  const double* matrices = theta.data_ptr<double>();
  at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      T* x = picture + n * channels * in_plane;
      T* y = samples + n * channels * out_plane;
      for_each_pixel<T>(matrices + n * 6, in, out, [&](std::int64_t pixel, const Corners<T>& corners) {
        for (std::int64_t c = 0; c < channels; ++c) {
          T* plane = x + c * in_plane;
          T& sample = y[c * out_plane + pixel];
          T sum = 0;
          for (int k = 0; k < 4; ++k) {
            if (corners.offset[k] < 0) continue;
            if (adjoint) plane[corners.offset[k]] += corners.weight[k] * sample;
            else sum += corners.weight[k] * plane[corners.offset[k]];
          }
          if (!adjoint) sample = sum;
        }
      });
    }
  });
}

void dispatch(const at::Tensor& picture_side, const at::Tensor& theta, const at::Tensor& sample_side, bool adjoint) {
  if (picture_side.numel() == 0 || sample_side.numel() == 0) return;
  if (picture_side.scalar_type() == at::kDouble) run<double>(picture_side, theta, sample_side, adjoint);
  else run<float>(picture_side, theta, sample_side, adjoint);
}

}  // namespace

at::Tensor affine_sample_cpu(const at::Tensor& x, const at::Tensor& theta, const std::int64_t& height, const std::int64_t& width) {
  at::Tensor out = at::zeros({x.size(0), x.size(1), height, width}, x.options());
  dispatch(x, theta, out, false);
  return out;
}

at::Tensor affine_sample_adjoint_cpu(const at::Tensor& grad, const at::Tensor& theta, const std::int64_t& height, const std::int64_t& width) {
  at::Tensor out = at::zeros({grad.size(0), grad.size(1), height, width}, grad.options());
  dispatch(out, theta, grad, true);
  return out;
}

}  // namespace orrery::kernels
