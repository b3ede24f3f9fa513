#include "ui/stage/spectrum.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

namespace orrery::ui {
namespace {

using Complex = std::complex<float>;
constexpr int kMostPx = 1024;

// In place, `n` a power of two, elements `stride` apart (Cooley and Tukey 1965, decimation in time).
void fft(Complex* x, std::size_t n, std::size_t stride, const std::vector<Complex>& roots) {
  for (std::size_t i = 1, j = 0; i < n; ++i) {
    std::size_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(x[i * stride], x[j * stride]);
  }
  for (std::size_t half = 1; half < n; half *= 2) {
    const std::size_t step = roots.size() / half;  // `roots` are half a turn
    for (std::size_t at = 0; at < n; at += 2 * half) {
      for (std::size_t k = 0; k < half; ++k) {
        Complex& a = x[(at + k) * stride];
        Complex& b = x[(at + k + half) * stride];
        const Complex turned = b * roots[k * step];
        b = a - turned;
        a += turned;
      }
    }
  }
}

// e^(-i pi k / half) for k < half, with half = n / 2.
std::vector<Complex> rootsFor(std::size_t n) {
  std::vector<Complex> roots(std::max<std::size_t>(1, n / 2));
  for (std::size_t k = 0; k < roots.size(); ++k) {
    const double angle = -std::numbers::pi * static_cast<double>(k) / static_cast<double>(roots.size());
    roots[k] = {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
  }
  return roots;
}

std::vector<float> hann(int n) {
  std::vector<float> window(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) window[i] = static_cast<float>(0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * (i + 0.5) / n));
  return window;
}

// Dark to light through violet and orange; even steps look even.
std::array<QRgb, 256> colours() {
  struct Stop { double at, r, g, b; };
  constexpr Stop kStops[] = {{0.0, 6, 6, 12}, {0.25, 58, 18, 96}, {0.5, 158, 44, 92}, {0.75, 240, 130, 60}, {1.0, 252, 246, 200}};
  std::array<QRgb, 256> table{};
  for (int i = 0; i < 256; ++i) {
    const double t = i / 255.0;
    const Stop* b = std::find_if(std::begin(kStops) + 1, std::end(kStops) - 1, [t](const Stop& stop) { return t <= stop.at; });
    const Stop* a = b - 1;
    const double u = (t - a->at) / (b->at - a->at);
    const auto mix = [u](double x, double y) { return static_cast<int>(std::lround(x + (y - x) * u)); };
    table[static_cast<std::size_t>(i)] = qRgb(mix(a->r, b->r), mix(a->g, b->g), mix(a->b, b->b));
  }
  return table;
}

}  // namespace

QImage spectrumOf(const QImage& picture) {
  if (picture.isNull()) return {};
  QImage source = picture;
  while (source.width() > kMostPx || source.height() > kMostPx)
    source = source.scaled(std::max(1, source.width() / 2), std::max(1, source.height() / 2), Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
  source = source.convertToFormat(QImage::Format_RGBA8888);
  const int w = source.width(), h = source.height();
  const auto columns = std::bit_ceil(static_cast<std::size_t>(w)), rows = std::bit_ceil(static_cast<std::size_t>(h));
  std::vector<float> luma(static_cast<std::size_t>(w) * h);
  double mean = 0.0;
  for (int y = 0; y < h; ++y) {
    const uchar* line = source.constScanLine(y);
    for (int x = 0; x < w; ++x) {
      const float value = 0.299f * line[4 * x] + 0.587f * line[4 * x + 1] + 0.114f * line[4 * x + 2];
      luma[static_cast<std::size_t>(y) * w + x] = value;
      mean += value;
    }
  }
  mean /= static_cast<double>(luma.size());
  const auto window_x = hann(w), window_y = hann(h);
  std::vector<Complex> grid(columns * rows);
  for (int y = 0; y < h; ++y) {
    for (int x = 0; x < w; ++x)
      grid[static_cast<std::size_t>(y) * columns + x] = (luma[static_cast<std::size_t>(y) * w + x] - static_cast<float>(mean)) * window_x[x] * window_y[y];
  }
  const auto roots_x = rootsFor(columns), roots_y = rootsFor(rows);
  for (std::size_t y = 0; y < rows; ++y) fft(&grid[y * columns], columns, 1, roots_x);
  for (std::size_t x = 0; x < columns; ++x) fft(&grid[x], rows, columns, roots_y);
  float peak = 1e-12f;
  for (const Complex& value : grid) peak = std::max(peak, std::norm(value));
  static const auto kColours = colours();
  QImage out(static_cast<int>(columns), static_cast<int>(rows), QImage::Format_RGBA8888);
  for (std::size_t y = 0; y < rows; ++y) {
    uchar* line = out.scanLine(static_cast<int>(y));
    for (std::size_t x = 0; x < columns; ++x) {
      const Complex& value = grid[(y + rows / 2) % rows * columns + (x + columns / 2) % columns];
      const double db = 10.0 * std::log10(static_cast<double>(std::norm(value)) / peak + 1e-20);
      const auto level = static_cast<std::size_t>(std::lround(255.0 * std::clamp(1.0 - db / kSpectrumFloor_dB, 0.0, 1.0)));
      const QRgb colour = kColours[level];
      line[4 * x] = static_cast<uchar>(qRed(colour)), line[4 * x + 1] = static_cast<uchar>(qGreen(colour));
      line[4 * x + 2] = static_cast<uchar>(qBlue(colour)), line[4 * x + 3] = 255;
    }
  }
  return out;
}

}  // namespace orrery::ui
