#include "ui/data/store_picture.h"

namespace orrery::ui {

QImage storePicture(const DeviceImage& picture) {
  if (picture.where != DeviceImage::Where::host || !picture.data || picture.width_px <= 0 || picture.height_px <= 0) return {};
  const auto width = static_cast<std::size_t>(picture.width_px);
  if (picture.stride_bytes < 3 * width) return {};
  const bool rgba = picture.stride_bytes >= 4 * width;
  return QImage(static_cast<const uchar*>(picture.data), picture.width_px, picture.height_px, static_cast<qsizetype>(picture.stride_bytes),
                rgba ? QImage::Format_RGBA8888 : QImage::Format_RGB888)
      .copy();
}

}  // namespace orrery::ui
