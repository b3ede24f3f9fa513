#include "engine/gan/augment_draw.h"

#include <cmath>

namespace orrery::gan {
namespace {

// Box-Muller on two uniforms of the stream; 1 - u keeps the logarithm finite.
double normal01(Rng& rng) {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - rng.uniform01()));
  return radius * std::cos(2.0 * M_PI * rng.uniform01());
}

Toss uniform(Rng& rng) {
  const double value = rng.uniform01();
  return {value, rng.uniform01()};
}
Toss normal(Rng& rng) {
  const double value = normal01(rng);
  return {value, rng.uniform01()};
}

// Inverse error function by Newton's method on erf, from Giles' estimate; exact to rounding.
double erfinv(double y) {
  const double w = std::log((1.0 - y) * (1.0 + y));
  const double t = 2.0 / (M_PI * 0.147) + w / 2.0;
  double x = std::copysign(std::sqrt(std::sqrt(t * t - w / 0.147) - t), y);
  for (int i = 0; i < 4; ++i) x -= (std::erf(x) - y) / (2.0 / std::sqrt(M_PI) * std::exp(-x * x));
  return x;
}

}  // namespace

AugmentDraw AugmentDraw::random(Rng rng) {
  AugmentDraw d;
  d.xflip = uniform(rng);
  d.rotate90 = uniform(rng);
  d.xint = {{rng.uniform01(), rng.uniform01()}, rng.uniform01()};
  d.scale = normal(rng);
  d.rotate_pre = uniform(rng);
  d.aniso = normal(rng);
  d.rotate_post = uniform(rng);
  d.xfrac = {{normal01(rng), normal01(rng)}, rng.uniform01()};
  d.brightness = normal(rng);
  d.contrast = normal(rng);
  d.lumaflip = uniform(rng);
  d.hue = uniform(rng);
  d.saturation = normal(rng);
  for (Toss& band : d.imgfilter) band = normal(rng);
  d.noise = normal(rng);
  d.cutout = {{rng.uniform01(), rng.uniform01()}, rng.uniform01()};
  return d;
}

AugmentDraw AugmentDraw::at_percentile(double q) {
  constexpr double kAlways = -1.0;
  const Toss uniform{q, kAlways}, normal{erfinv(2.0 * q - 1.0), kAlways};
  AugmentDraw d;
  d.xflip = d.rotate90 = d.rotate_pre = d.lumaflip = d.hue = uniform;
  d.rotate_post = {0.5, kAlways};  // the middle of its range: no rotation
  d.scale = d.aniso = d.brightness = d.contrast = d.saturation = normal;
  d.xint = d.cutout = {{q, q}, kAlways};
  d.xfrac = {{normal.value, normal.value}, kAlways};
  d.imgfilter.fill(normal);
  d.noise = {erfinv(q), kAlways};
  return d;
}

}  // namespace orrery::gan
