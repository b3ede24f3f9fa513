#include "engine/gan/augment_pipe.h"

#include <ATen/ops/abs.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/logical_or.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/reflection_pad2d.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>

#include "engine/api/result.h"
#include "engine/gan/augment_matrix.h"
#include "engine/gan/wavelets.h"
#include "kernels/affine_sample/affine_sample.h"
#include "kernels/upfirdn2d/upfirdn2d.h"

namespace orrery::gan {
namespace {

using kernels::UpFirDn;

constexpr int kBands = 4;

// [12] float64: sym6, the low-pass around the resampling, normalised to sum 1.
at::Tensor exact_geometry_filter() {
  const at::Tensor taps = at::tensor(wavelet_low_pass("sym6"), at::kDouble);
  return taps / taps.sum();
}

const at::Tensor& geometry_filter(AugmentFilters filters) {
  static const at::Tensor exact = exact_geometry_filter(), rounded = kernels::setup_filter(wavelet_low_pass("sym6"), true, false, 1.0, true);
  static const at::Tensor rounded_taps = at::tensor(wavelet_low_pass("sym6"), at::kDouble).to(at::kFloat).to(at::kDouble) / std::sqrt(2.0);
  return filters == AugmentFilters::float64 ? exact : filters == AugmentFilters::float32_taps ? rounded_taps : rounded;
}

// [4, 43] float64: the band-passes of sym2.
at::Tensor exact_band_filters() {
  std::vector<double> flat;
  for (const auto& row : wavelet_filter_bank("sym2", kBands)) flat.insert(flat.end(), row.begin(), row.end());
  return at::tensor(flat, at::kDouble).reshape({kBands, -1});
}

// The same, rounded or not, as float64.
const at::Tensor& band_filters(AugmentFilters filters) {
  static const at::Tensor exact = exact_band_filters(), rounded = exact.to(at::kFloat).to(at::kDouble);
  return filters == AugmentFilters::float64 ? exact : rounded;
}

// The margin that keeps every sampled pixel inside: how far the corners of the output reach beyond the picture, plus the filter's reach.
std::vector<std::int64_t> reflected_margin(const std::vector<Matrix<3>>& inverses, std::int64_t width, std::int64_t height, std::int64_t filter_reach) {
  const double cx = (width - 1) / 2.0, cy = (height - 1) / 2.0;
  double low_x = 0, high_x = 0, low_y = 0, high_y = 0;
  bool first = true;
  for (const auto& inverse : inverses) {
    for (int corner = 0; corner < 4; ++corner) {
      const double x = corner & 1 ? cx : -cx, y = corner & 2 ? cy : -cy;
      const double u = inverse(0, 0) * x + inverse(0, 1) * y + inverse(0, 2), v = inverse(1, 0) * x + inverse(1, 1) * y + inverse(1, 2);
      low_x = first ? -u : std::max(low_x, -u);
      high_x = first ? u : std::max(high_x, u);
      low_y = first ? -v : std::max(low_y, -v);
      high_y = first ? v : std::max(high_y, v);
      first = false;
    }
  }
  // In float, as the published pipe rounds here: a reach of a whole number of pixels must not become one more.
  const auto margin = [&](double reach, double half, std::int64_t side) {
    const float wanted = static_cast<float>(reach) + static_cast<float>(filter_reach * 2 - half);
    return static_cast<std::int64_t>(std::ceil(std::clamp(wanted, 0.0f, static_cast<float>(side - 1))));
  };
  return {margin(low_x, cx, width), margin(high_x, cx, width), margin(low_y, cy, height), margin(high_y, cy, height)};
}

}  // namespace

at::Tensor warp(const at::Tensor& original, const std::vector<Matrix<3>>& inverses, AugmentFilters filters, AugmentTrace* trace) {
  at::Tensor images = original;
  const std::int64_t count = images.size(0), height = images.size(2), width = images.size(3);

  const at::Tensor& filter = geometry_filter(filters);
  const std::int64_t reach = filter.size(0) / 4;
  const auto pad = reflected_margin(inverses, width, height, reach);
  images = at::reflection_pad2d(images, pad);
  images = kernels::upsample2d(images, filter, 2);

  // The picture now has another centre, twice the pixels (whose centres lie half a pixel off), and is sampled on a grid that leaves room
  // for the filter on the way down; at the end both are measured in affine_grid's -1..1.
  const std::int64_t out_height = (height + reach * 2) * 2, out_width = (width + reach * 2) * 2;
  at::Tensor theta = at::empty({count, 2, 3}, at::kDouble);
  double* entry = theta.data_ptr<double>();
  for (const auto& inverse : inverses) {
    Matrix<3> m = translation((pad[0] - pad[1]) / 2.0, (pad[2] - pad[3]) / 2.0) * inverse;
    m = scaling(2, 2) * m * scaling(0.5, 0.5);
    m = translation(-0.5, -0.5) * m * translation(0.5, 0.5);
    m = scaling(2.0 / images.size(3), 2.0 / images.size(2)) * m * scaling(out_width / 2.0, out_height / 2.0);
    for (int k = 0; k < 6; ++k) *entry++ = m.m[k];
  }
  if (trace) *trace = {theta, pad};
  images = kernels::affine_sample(images, theta, out_height, out_width);

  UpFirDn down;
  down.down_x = down.down_y = 2;
  const std::int64_t taps = filter.size(0), crop = -2 * reach;
  down.padding = {crop + (taps - 1) / 2, crop + (taps - 2) / 2, crop + (taps - 1) / 2, crop + (taps - 2) / 2};
  down.flip_filter = true;
  return kernels::upfirdn2d(images, filter, down);
}

at::Tensor recolour(const at::Tensor& images, const std::vector<Matrix<4>>& matrices) {
  const std::int64_t count = images.size(0), channels = images.size(1);
  at::Tensor factor = at::empty({count, channels, channels}, at::kDouble), shift = at::empty({count, channels, 1}, at::kDouble);
  double* f = factor.data_ptr<double>();
  double* s = shift.data_ptr<double>();
  for (const auto& m : matrices) {
    if (channels == 3) {
      for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) *f++ = m(i, j);
        *s++ = m(i, 3);
      }
    } else {  // grey: the mean over the rows, of equal channels
      double sum = 0.0, offset = 0.0;
      for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) sum += m(i, j) / 3.0;
        offset += m(i, 3) / 3.0;
      }
      *f++ = sum;
      *s++ = offset;
    }
  }
  const at::Tensor flat = images.reshape({count, channels, -1});
  return (at::matmul(factor.to(images.options()), flat) + shift.to(images.options())).reshape(images.sizes());
}

namespace {

at::Tensor apply_geometry(const at::Tensor& images, const AugmentConfig& config, double p, const std::vector<AugmentDraw>& draws, AugmentTrace* trace,
                          AugmentFilters filters) {
  std::vector<Matrix<3>> inverses;
  for (const auto& draw : draws) inverses.push_back(geometry_matrix(draw, config, p, static_cast<double>(images.size(3)), static_cast<double>(images.size(2))));
  return warp(images, inverses, filters, trace);
}

at::Tensor apply_colour(const at::Tensor& images, const AugmentConfig& config, double p, const std::vector<AugmentDraw>& draws) {
  std::vector<Matrix<4>> matrices;
  for (const auto& draw : draws) matrices.push_back(colour_matrix(draw, config, p, images.size(1) > 1));
  return recolour(images, matrices);
}

at::Tensor apply_band_filter(const at::Tensor& images, const AugmentConfig& config, double p, const std::vector<AugmentDraw>& draws, AugmentFilters filters) {
  const std::int64_t count = images.size(0), channels = images.size(1), height = images.size(2), width = images.size(3);
  const at::Tensor& bank = band_filters(filters);
  const std::int64_t taps = bank.size(1), reach = taps / 2;
  if (height <= reach || width <= reach) {
    throw Error(ErrorCode::wrong_use, "The band filter of the augmentation needs pictures of at least " + std::to_string(reach + 1) + " px.",
                "Nothing was started.", "Set augment.imgfilter to 0, or train at a larger size.");
  }
  at::Tensor gains = at::empty({count, kBands}, at::kDouble);
  double* gain = gains.data_ptr<double>();
  for (const auto& draw : draws) {
    for (double value : band_gains(draw, config, p)) *gain++ = value;
  }
  const at::Tensor combined = at::matmul(gains, bank).to(images.options()).repeat_interleave(channels, 0);  // [N*C, taps]
  at::Tensor x = at::reflection_pad2d(images, {reach, reach, reach, reach}).reshape({1, count * channels, height + 2 * reach, width + 2 * reach});
  x = at::conv2d(x, combined.unsqueeze(1).unsqueeze(2), {}, 1, at::IntArrayRef{0, 0}, 1, count * channels);
  x = at::conv2d(x, combined.unsqueeze(1).unsqueeze(3), {}, 1, at::IntArrayRef{0, 0}, 1, count * channels);
  return x.reshape(images.sizes());
}

at::Tensor apply_noise(const at::Tensor& images, const AugmentConfig& config, double p, const std::vector<AugmentDraw>& draws, const at::Tensor& noise_image) {
  std::vector<double> sigma;
  for (const auto& draw : draws) sigma.push_back(draw.noise.on < config.noise * p ? std::fabs(draw.noise.value) * config.noise_std : 0.0);
  return images + noise_image.to(images.options()) * at::tensor(sigma, at::kDouble).to(images.options()).reshape({-1, 1, 1, 1});
}

at::Tensor apply_cutout(const at::Tensor& images, const AugmentConfig& config, double p, const std::vector<AugmentDraw>& draws) {
  const std::int64_t count = images.size(0), height = images.size(2), width = images.size(3);
  std::vector<double> size, centre_x, centre_y;
  for (const auto& draw : draws) {
    size.push_back(draw.cutout.on < config.cutout * p ? config.cutout_size / 2.0 : 0.0);
    centre_x.push_back(draw.cutout.value[0]);
    centre_y.push_back(draw.cutout.value[1]);
  }
  const auto column = [&](const std::vector<double>& values) { return at::tensor(values, at::kDouble).reshape({count, 1}); };
  const auto outside = [&](std::int64_t side, const std::vector<double>& centre) {
    const at::Tensor place = (at::arange(side, at::kDouble) + 0.5) / static_cast<double>(side);
    return (place.unsqueeze(0) - column(centre)).abs() >= column(size);
  };
  const at::Tensor kept = at::logical_or(outside(width, centre_x).reshape({count, 1, 1, width}), outside(height, centre_y).reshape({count, 1, height, 1}));
  return images * kept.to(images.options());
}

}  // namespace

at::Tensor augment(const at::Tensor& images, const AugmentConfig& config, double p, const std::vector<AugmentDraw>& draws,
                   const at::Tensor& noise_image, AugmentTrace* trace, AugmentFilters filters) {
  TORCH_CHECK(images.dim() == 4 && (images.size(1) == 1 || images.size(1) == 3), "augment: images must be [N, 1 or 3, H, W]");
  TORCH_CHECK(static_cast<std::int64_t>(draws.size()) == images.size(0), "augment: one draw per picture");
  at::Tensor x = images;
  if (config.geometric()) x = apply_geometry(x, config, p, draws, trace, filters);
  if (config.colours()) x = apply_colour(x, config, p, draws);
  if (config.imgfilter > 0) x = apply_band_filter(x, config, p, draws, filters);
  if (config.noise > 0) x = apply_noise(x, config, p, draws, noise_image);
  if (config.cutout > 0) x = apply_cutout(x, config, p, draws);
  return x;
}

at::Tensor augment(const at::Tensor& images, const AugmentConfig& config, double p, const Rng& rng) {
  std::vector<AugmentDraw> draws;
  for (std::int64_t i = 0; i < images.size(0); ++i) draws.push_back(AugmentDraw::random(rng.fork(static_cast<std::uint64_t>(i))));
  at::Tensor noise;
  if (config.noise > 0) noise = rng.fork("noise image").normal(images.sizes(), images.options().requires_grad(false));
  return augment(images, config, p, draws, noise);
}

}  // namespace orrery::gan
