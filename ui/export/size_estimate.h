// How large a file an export will make, before it is made. Estimates, shown as such ("about 3 MB").
#pragma once

#include <QImage>
#include <QString>
#include <optional>

namespace orrery::ui {

enum class FilmFormat { mp4, webm, gif, png_sequence };
QString suffixOf(FilmFormat format);  // ".mp4"; "" for a folder

// Bytes per pixel of this very picture as PNG: it is encoded once and measured.
double pngBytesPerPixel(const QImage& picture);

qint64 estimatePicture(const QImage& sample, int size_px, int count);
// `quality` is x264-like: 18 looks the same as the frames, +6 halves the rate.
qint64 estimateFilm(FilmFormat format, int size_px, int frames, int quality, const QImage& sample);

int frameCount(double duration_s, double frames_per_s);

}  // namespace orrery::ui
