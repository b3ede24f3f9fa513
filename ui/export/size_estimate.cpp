#include "ui/export/size_estimate.h"

#include <QBuffer>
#include <algorithm>
#include <cmath>

namespace orrery::ui {
namespace {

// Bits per pixel and frame of slowly changing pictures at quality 18 (measured on latent walks; real films differ by a factor of two).
constexpr double kMp4Bits = 0.55;
constexpr double kWebmBits = 0.40;
constexpr double kGifBytes = 0.55;
constexpr double kUnknownPngBytes = 1.8;

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
  const double enlarged = sample.isNull() ? 1.0 : std::max(1.0, static_cast<double>(size_px) / std::max(1, sample.width()));
  return static_cast<qint64>(std::llround(pngBytesPerPixel(sample) * pixels * count / std::sqrt(enlarged)));
}

qint64 estimateFilm(FilmFormat format, int size_px, int frames, int quality, const QImage& sample) {
  const double pixels = static_cast<double>(size_px) * size_px * frames;
  const double rate = std::exp2((18.0 - quality) / 6.0);
  switch (format) {
    case FilmFormat::mp4: return static_cast<qint64>(pixels * kMp4Bits * rate / 8.0);
    case FilmFormat::webm: return static_cast<qint64>(pixels * kWebmBits * rate / 8.0);
    case FilmFormat::gif: return static_cast<qint64>(pixels * kGifBytes);
    case FilmFormat::png_sequence: break;
  }
  return estimatePicture(sample, size_px, frames);
}

int frameCount(double duration_s, double frames_per_s) { return std::max(1, static_cast<int>(std::lround(duration_s * frames_per_s))); }

}  // namespace orrery::ui
