#include "ui/export/size_estimate.h"

#include <QBuffer>
#include <algorithm>
#include <cmath>

namespace orrery::ui {
namespace {

// Measured with `orrery film starter:emoji --seeds 0-2 --seconds 4 --open` (a 32-px model) at sides of 64 to 512 px, 25 and 30 frames/s:
//   side (enlarged)      64 (2x)   128 (4x)   256 (8x)   512 (16x)   512 at quality 12 / 24
//   mp4, bits/px/frame   0.375     0.188      0.089      0.055       0.122 / 0.029
//   webm                 0.258     0.107      0.041      0.020       0.028 / 0.015
//   gif, bytes/px/frame  0.909     0.658      0.481      0.365
// Enlarged pictures are smooth, so a pixel costs less the more it was enlarged. Faster walks and busier pictures differ by a factor of two.
struct Rate {
  double at_1x;             // per pixel and frame at quality 18, not enlarged
  double falls;             // by enlargement to this power
  double halves_per = 0.0;  // steps of quality that halve it; 0: it has no quality
};
constexpr Rate kMp4Bits{0.75, 1.0, 6.0};
constexpr Rate kWebmBits{0.5, 1.17, 13.0};
constexpr Rate kGifBytes{1.2, 0.44};
constexpr double kUnknownPngBytes = 1.8;
constexpr double kRecipeBytes = 4000.0;  // and the container's own

double enlargement(const QImage& sample, int size_px) {
  return sample.isNull() ? 1.0 : std::max(1.0, static_cast<double>(size_px) / std::max(1, std::max(sample.width(), sample.height())));
}

double perPixel(const Rate& rate, double enlarged, int quality) {
  return rate.at_1x * std::pow(enlarged, -rate.falls) * (rate.halves_per > 0.0 ? std::exp2((18.0 - quality) / rate.halves_per) : 1.0);
}

}  // namespace

QString suffixOf(FilmFormat format) {
  switch (format) {
    case FilmFormat::mp4: return QStringLiteral(".mp4");
    case FilmFormat::webm: return QStringLiteral(".webm");
    case FilmFormat::gif: return QStringLiteral(".gif");
    case FilmFormat::png_sequence: break;
  }
  return {};
}

double pngBytesPerPixel(const QImage& picture) {
  if (picture.isNull()) return kUnknownPngBytes;
  QByteArray bytes;
  QBuffer buffer(&bytes);
  picture.convertToFormat(QImage::Format_RGB888).save(&buffer, "PNG");
  return static_cast<double>(bytes.size()) / (static_cast<double>(picture.width()) * picture.height());
}

qint64 estimatePicture(const QImage& sample, int size_px, int count) {
  const double pixels = static_cast<double>(size_px) * size_px;
  // Enlarged pictures are smoother: a PNG grows with the edge, not with the area, beyond the size it was made at.
  const double enlarged = enlargement(sample, size_px);
  return static_cast<qint64>(std::llround(pngBytesPerPixel(sample) * pixels * count / std::sqrt(enlarged)));
}

qint64 estimateFilm(FilmFormat format, int size_px, int frames, int quality, const QImage& sample) {
  const double pixels = static_cast<double>(size_px) * size_px * frames;
  const double enlarged = enlargement(sample, size_px);
  switch (format) {
    case FilmFormat::mp4: return static_cast<qint64>(kRecipeBytes + pixels * perPixel(kMp4Bits, enlarged, quality) / 8.0);
    case FilmFormat::webm: return static_cast<qint64>(kRecipeBytes + pixels * perPixel(kWebmBits, enlarged, quality) / 8.0);
    case FilmFormat::gif: return static_cast<qint64>(kRecipeBytes + pixels * perPixel(kGifBytes, enlarged, quality));
    case FilmFormat::png_sequence: break;
  }
  return estimatePicture(sample, size_px, frames);
}

int frameCount(double duration_s, double frames_per_s) { return std::max(1, static_cast<int>(std::lround(duration_s * frames_per_s))); }

}  // namespace orrery::ui
