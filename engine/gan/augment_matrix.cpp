#include "engine/gan/augment_matrix.h"

#include <algorithm>
#include <cmath>

namespace orrery::gan {
namespace {

bool acts(double on, double multiplier, double p) { return multiplier > 0.0 && on < multiplier * p; }

Matrix<3> rotation(double angle) {
  Matrix<3> out = Matrix<3>::identity();
  out(0, 0) = out(1, 1) = std::cos(angle);
  out(1, 0) = std::sin(angle);
  out(0, 1) = -out(1, 0);
  return out;
}

// The luma axis (1, 1, 1) / sqrt(3): its projector onto itself.
constexpr double kThird = 1.0 / 3.0;

// Rotation about the luma axis (Rodrigues' formula).
Matrix<4> hue_rotation(double angle) {
  const double s = std::sin(angle) / std::sqrt(3.0), c = std::cos(angle), cc = (1.0 - c) * kThird;
  Matrix<4> out = Matrix<4>::identity();
  for (int i = 0; i < 3; ++i) {
    out(i, i) = cc + c;
    out(i, (i + 1) % 3) = cc - s;
    out(i, (i + 2) % 3) = cc + s;
  }
  return out;
}

// Keeps the luma axis, scales what is perpendicular to it.
Matrix<4> chroma_scaling(double factor) {
  Matrix<4> out = Matrix<4>::identity();
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) out(i, j) = kThird + ((i == j ? 1.0 : 0.0) - kThird) * factor;
  return out;
}

}  // namespace

Matrix<3> translation(double x, double y) {
  Matrix<3> out = Matrix<3>::identity();
  out(0, 2) = x;
  out(1, 2) = y;
  return out;
}

Matrix<3> scaling(double x, double y) {
  Matrix<3> out = Matrix<3>::identity();
  out(0, 0) = x;
  out(1, 1) = y;
  return out;
}

Matrix<3> geometry_matrix(const AugmentDraw& d, const AugmentConfig& c, double p, double width, double height) {
  Matrix<3> out = Matrix<3>::identity();
  if (acts(d.xflip.on, c.xflip, p)) out = out * scaling(1.0 - 2.0 * std::floor(d.xflip.value * 2.0), 1.0);
  if (acts(d.rotate90.on, c.rotate90, p)) out = out * rotation(M_PI / 2.0 * std::floor(d.rotate90.value * 4.0));
  if (acts(d.xint.on, c.xint, p)) {
    const auto shift = [&](double u, double side) { return std::nearbyint((u * 2.0 - 1.0) * c.xint_max * side); };  // half to even
    out = out * translation(-shift(d.xint.value[0], width), -shift(d.xint.value[1], height));
  }
  if (acts(d.scale.on, c.scale, p)) {
    const double s = std::exp2(d.scale.value * c.scale_std);
    out = out * scaling(1.0 / s, 1.0 / s);
  }
  // Two rotations, each with half the odds, so that at least one acts with probability p.
  const double p_rotate = 1.0 - std::sqrt(std::clamp(1.0 - c.rotate * p, 0.0, 1.0));
  const auto angle = [&](const Toss& toss) { return (toss.value * 2.0 - 1.0) * M_PI * c.rotate_max; };
  if (acts(d.rotate_pre.on, c.rotate > 0 ? 1.0 : 0.0, p_rotate)) out = out * rotation(angle(d.rotate_pre));
  if (acts(d.aniso.on, c.aniso, p)) {
    const double s = std::exp2(d.aniso.value * c.aniso_std);
    out = out * scaling(1.0 / s, s);
  }
  if (acts(d.rotate_post.on, c.rotate > 0 ? 1.0 : 0.0, p_rotate)) out = out * rotation(angle(d.rotate_post));
  if (acts(d.xfrac.on, c.xfrac, p)) out = out * translation(-d.xfrac.value[0] * c.xfrac_std * width, -d.xfrac.value[1] * c.xfrac_std * height);
  return out;
}

Matrix<4> colour_matrix(const AugmentDraw& d, const AugmentConfig& c, double p, bool has_colours) {
  Matrix<4> out = Matrix<4>::identity();
  if (acts(d.brightness.on, c.brightness, p)) {
    Matrix<4> shift = Matrix<4>::identity();
    for (int i = 0; i < 3; ++i) shift(i, 3) = d.brightness.value * c.brightness_std;
    out = shift * out;
  }
  if (acts(d.contrast.on, c.contrast, p)) {
    Matrix<4> factor = Matrix<4>::identity();
    for (int i = 0; i < 3; ++i) factor(i, i) = std::exp2(d.contrast.value * c.contrast_std);
    out = factor * out;
  }
  if (acts(d.lumaflip.on, c.lumaflip, p) && std::floor(d.lumaflip.value * 2.0) == 1.0) {
    Matrix<4> mirror = Matrix<4>::identity();  // Householder reflection across the plane perpendicular to the luma axis
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) mirror(i, j) -= 2.0 * kThird;
    out = mirror * out;
  }
  if (has_colours && acts(d.hue.on, c.hue, p)) out = hue_rotation((d.hue.value * 2.0 - 1.0) * M_PI * c.hue_max) * out;
  if (has_colours && acts(d.saturation.on, c.saturation, p)) out = chroma_scaling(std::exp2(d.saturation.value * c.saturation_std)) * out;
  return out;
}

std::array<double, 4> band_gains(const AugmentDraw& d, const AugmentConfig& c, double p) {
  constexpr std::array<double, 4> expected_power{10.0 / 13.0, 1.0 / 13.0, 1.0 / 13.0, 1.0 / 13.0};
  std::array<double, 4> gains{1.0, 1.0, 1.0, 1.0};
  for (std::size_t band = 0; band < gains.size(); ++band) {
    const double multiplier = c.imgfilter * (band < c.imgfilter_bands.size() ? c.imgfilter_bands[band] : 0.0);
    if (!acts(d.imgfilter[band].on, multiplier, p)) continue;
    std::array<double, 4> gain{1.0, 1.0, 1.0, 1.0};
    gain[band] = std::exp2(d.imgfilter[band].value * c.imgfilter_std);
    double power = 0.0;
    for (std::size_t k = 0; k < gain.size(); ++k) power += expected_power[k] * gain[k] * gain[k];
    for (std::size_t k = 0; k < gain.size(); ++k) gains[k] *= gain[k] / std::sqrt(power);
  }
  return gains;
}

}  // namespace orrery::gan
