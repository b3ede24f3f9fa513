// The two matrices of a draw: geometry (output to input pixels, centred) and colour.
#pragma once

#include <array>

#include "engine/gan/augment_draw.h"

namespace orrery::gan {

template <int N>
struct Matrix {
  std::array<double, N * N> m{};
  static Matrix identity() {
    Matrix out;
    for (int i = 0; i < N; ++i) out(i, i) = 1.0;
    return out;
  }
  double& operator()(int row, int column) { return m[row * N + column]; }
  double operator()(int row, int column) const { return m[row * N + column]; }
  friend Matrix operator*(const Matrix& a, const Matrix& b) {
    Matrix out;
    for (int i = 0; i < N; ++i)
      for (int k = 0; k < N; ++k)
        for (int j = 0; j < N; ++j) out(i, j) += a(i, k) * b(k, j);
    return out;
  }
};

Matrix<3> translation(double x, double y);
Matrix<3> scaling(double x, double y);

// Maps pixels of the augmented picture to pixels of the original, both measured from the centre: the product, from the right, of the
// inverses of xflip, rotate90, xint, scale, rotation, aniso, rotation, xfrac.
Matrix<3> geometry_matrix(const AugmentDraw& draw, const AugmentConfig& config, double p, double width, double height);

// Homogeneous colour transform of RGB in [-1, 1]: brightness, contrast, luma flip, hue, saturation, multiplied from the left. Hue and
// saturation only where there are colours.
Matrix<4> colour_matrix(const AugmentDraw& draw, const AugmentConfig& config, double p, bool has_colours);

// Gains of the four frequency bands, 1 where the filter does not act; each draw is normalised by the expected power of natural pictures.
std::array<double, 4> band_gains(const AugmentDraw& draw, const AugmentConfig& config, double p);

}  // namespace orrery::gan
