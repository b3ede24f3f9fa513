#include "engine/diffusion/told_augment.h"

#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <cmath>

#include "engine/gan/augment_pipe.h"

namespace orrery::diffusion {
namespace {

using gan::Matrix;

struct Labels {
  std::vector<double> values;
  void add(std::initializer_list<double> more) { values.insert(values.end(), more); }
};

Matrix<3> rotation(double angle) {
  Matrix<3> out = Matrix<3>::identity();
  out(0, 0) = out(1, 1) = std::cos(angle);
  out(1, 0) = std::sin(angle);
  out(0, 1) = -out(1, 0);
  return out;
}

double gated(const gan::Toss& toss, double multiplier, double p) { return toss.on < multiplier * p ? toss.value : 0.0; }

// Position `i + shift` of a picture of `side` pixels, mirrored at its outermost pixels.
std::int64_t mirrored(std::int64_t i, std::int64_t side) {
  const std::int64_t period = 2 * (side - 1);
  if (period == 0) return 0;
  const std::int64_t at = ((i % period) + period) % period;
  return side - 1 - std::abs(side - 1 - at);
}

at::Tensor shifted(const at::Tensor& image, std::int64_t dx, std::int64_t dy) {
  const auto rows = [&](std::int64_t side, std::int64_t shift) {
    std::vector<std::int64_t> from;
    for (std::int64_t i = 0; i < side; ++i) from.push_back(mirrored(i - shift, side));
    return at::tensor(from, at::TensorOptions(at::kLong).device(image.device()));
  };
  return image.index_select(1, rows(image.size(1), dy)).index_select(2, rows(image.size(2), dx));
}

// What moves whole pixels: one picture [C, H, W].
at::Tensor blitted(at::Tensor x, const ToldAugmentConfig& c, const ToldDraw& d, Labels& labels) {
  if (c.xflip > 0) {
    const double w = gated(d.xflip, c.xflip, c.p);
    if (w == 1.0) x = x.flip({2});
    labels.add({w});
  }
  if (c.yflip > 0) {
    const double w = gated(d.yflip, c.yflip, c.p);
    if (w == 1.0) x = x.flip({1});
    labels.add({w});
  }
  if (c.rotate_int > 0) {
    const double w = gated(d.rotate_int, c.rotate_int, c.p);
    const bool across = w == 1.0 || w == 2.0, down = w == 2.0 || w == 3.0;
    if (across) x = x.flip({2});
    if (down) x = x.flip({1});
    if (w == 1.0 || w == 3.0) x = x.transpose(1, 2);
    labels.add({across ? 1.0 : 0.0, down ? 1.0 : 0.0});
  }
  if (c.translate_int > 0) {
    const bool acts = d.translate_int.on < c.translate_int * c.p;
    const auto shift = [&](double u, std::int64_t side) { return acts ? std::nearbyint((u * 2.0 - 1.0) * c.translate_int_max * static_cast<double>(side)) : 0.0; };
    const double dx = shift(d.translate_int.value[0], x.size(2)), dy = shift(d.translate_int.value[1], x.size(1));
    x = shifted(x, static_cast<std::int64_t>(dx), -static_cast<std::int64_t>(dy));  // up, as published
    labels.add({dx / (static_cast<double>(x.size(2)) * c.translate_int_max), dy / (static_cast<double>(x.size(1)) * c.translate_int_max)});
  }
  return x;
}

// What resamples: from output to input pixels, measured from the centre.
Matrix<3> geometry(const ToldAugmentConfig& c, const ToldDraw& d, double width, double height, Labels& labels) {
  Matrix<3> out = Matrix<3>::identity();
  if (c.scale > 0) {
    const double w = gated(d.scale, c.scale, c.p), s = std::exp2(w * c.scale_std);
    out = out * gan::scaling(1.0 / s, 1.0 / s);
    labels.add({w});
  }
  if (c.rotate_frac > 0) {
    const double w = d.rotate_frac.on < c.rotate_frac * c.p ? (d.rotate_frac.value * 2.0 - 1.0) * M_PI * c.rotate_frac_max : 0.0;
    out = out * rotation(w);
    labels.add({std::cos(w) - 1.0, std::sin(w)});
  }
  if (c.aniso > 0) {
    const double w = gated(d.aniso, c.aniso, c.p), s = std::exp2(w * c.aniso_std);
    const double r = d.aniso_angle.on < c.aniso_rotate ? (d.aniso_angle.value * 2.0 - 1.0) * M_PI : 0.0;
    out = out * rotation(-r) * gan::scaling(1.0 / s, s) * rotation(r);
    labels.add({w * std::cos(r), w * std::sin(r)});
  }
  if (c.translate_frac > 0) {
    const bool acts = d.translate_frac.on < c.translate_frac * c.p;
    const double x = acts ? d.translate_frac.value[0] : 0.0, y = acts ? d.translate_frac.value[1] : 0.0;
    out = out * gan::translation(-x * c.translate_frac_std * width, -y * c.translate_frac_std * height);
    labels.add({x, y});
  }
  return out;
}

Matrix<4> colours(const ToldAugmentConfig& c, const ToldDraw& d, Labels& labels) {
  gan::AugmentConfig always;  // here an operation has been let through already, or its number is the neutral one
  always.brightness = always.contrast = always.lumaflip = always.hue = always.saturation = 1.0;
  always.brightness_std = c.brightness_std, always.contrast_std = c.contrast_std, always.hue_max = c.hue_max, always.saturation_std = c.saturation_std;
  gan::AugmentDraw draw = gan::AugmentDraw::at_percentile(0.5);
  draw.brightness = {c.brightness > 0 ? gated(d.brightness, c.brightness, c.p) : 0.0, 0.0};
  draw.contrast = {c.contrast > 0 ? gated(d.contrast, c.contrast, c.p) : 0.0, 0.0};
  const double flip = c.lumaflip > 0 ? gated(d.lumaflip, c.lumaflip, c.p) : 0.0;
  draw.lumaflip = {flip * 0.5, 0.0};  // read back as floor(2 value)
  const bool turns = c.hue > 0 && d.hue.on < c.hue * c.p;
  draw.hue = {turns ? d.hue.value : 0.5, 0.0};
  draw.saturation = {c.saturation > 0 ? gated(d.saturation, c.saturation, c.p) : 0.0, 0.0};
  if (c.brightness > 0) labels.add({draw.brightness.value});
  if (c.contrast > 0) labels.add({draw.contrast.value});
  if (c.lumaflip > 0) labels.add({flip});
  const double angle = (draw.hue.value * 2.0 - 1.0) * M_PI * c.hue_max;
  if (c.hue > 0) labels.add({std::cos(angle) - 1.0, std::sin(angle)});
  if (c.saturation > 0) labels.add({draw.saturation.value});
  return gan::colour_matrix(draw, always, 1.0, true);
}

}  // namespace

std::int64_t ToldAugmentConfig::label_dim() const {
  if (!on()) return 0;
  std::int64_t count = 0;
  for (const double one : {xflip, yflip, scale, brightness, contrast, lumaflip, saturation}) count += one > 0 ? 1 : 0;
  for (const double two : {rotate_int, translate_int, rotate_frac, aniso, translate_frac, hue}) count += two > 0 ? 2 : 0;
  return count;
}

ToldDraw ToldDraw::random(Rng rng) {
  ToldDraw d;
  std::uint64_t number = 0;
  const auto normal = [&] { return rng.fork(number++).normal({1}, at::kDouble).item<double>(); };
  const auto uniform = [&](gan::Toss& toss) { toss = {rng.uniform01(), rng.uniform01()}; };
  const auto whole = [&](gan::Toss& toss, std::int64_t bound) { toss = {static_cast<double>(rng.below(bound)), rng.uniform01()}; };
  const auto gaussian = [&](gan::Toss& toss) { toss = {normal(), rng.uniform01()}; };
  whole(d.xflip, 2);
  whole(d.yflip, 2);
  whole(d.rotate_int, 4);
  d.translate_int = {{rng.uniform01(), rng.uniform01()}, rng.uniform01()};
  gaussian(d.scale);
  uniform(d.rotate_frac);
  gaussian(d.aniso);
  uniform(d.aniso_angle);
  d.translate_frac = {{normal(), normal()}, rng.uniform01()};
  gaussian(d.brightness);
  gaussian(d.contrast);
  whole(d.lumaflip, 2);
  uniform(d.hue);
  gaussian(d.saturation);
  return d;
}

Told told_augment(const at::Tensor& images, const ToldAugmentConfig& c, const std::vector<ToldDraw>& draws) {
  TORCH_CHECK(images.dim() == 4 && static_cast<std::int64_t>(draws.size()) == images.size(0), "told_augment: one draw per picture [N, C, H, W]");
  std::vector<Labels> labels(draws.size());
  std::vector<at::Tensor> moved;
  std::vector<Matrix<3>> inverses;
  std::vector<Matrix<4>> matrices;
  for (std::size_t i = 0; i < draws.size(); ++i) {
    moved.push_back(blitted(images[static_cast<std::int64_t>(i)], c, draws[i], labels[i]));
    inverses.push_back(geometry(c, draws[i], static_cast<double>(images.size(3)), static_cast<double>(images.size(2)), labels[i]));
    matrices.push_back(colours(c, draws[i], labels[i]));
  }
  Told out;
  out.images = at::stack(moved);
  if (c.scale > 0 || c.rotate_frac > 0 || c.aniso > 0 || c.translate_frac > 0) out.images = gan::warp(out.images, inverses, images.scalar_type() == at::kDouble ? gan::AugmentFilters::float32_taps : gan::AugmentFilters::float32);
  if (c.brightness > 0 || c.contrast > 0 || c.lumaflip > 0 || c.hue > 0 || c.saturation > 0) out.images = gan::recolour(out.images, matrices);
  std::vector<double> flat;
  for (const auto& one : labels) flat.insert(flat.end(), one.values.begin(), one.values.end());
  out.labels = at::tensor(flat, at::kDouble).reshape({images.size(0), -1}).to(images.options());
  return out;
}

}  // namespace orrery::diffusion
