#include "ui/widgets/picture.h"

namespace orrery::ui {

QImage imageOf(const DeviceImage& image) {
  if (image.where != DeviceImage::Where::host || !image.data || image.width_px <= 0 || image.height_px <= 0) return {};
  auto* keep = new std::shared_ptr<const void>(image.keep_alive);
  return QImage(
      static_cast<const uchar*>(image.data), image.width_px, image.height_px, static_cast<qsizetype>(image.stride_bytes),
      QImage::Format_RGBA8888, [](void* held) { delete static_cast<std::shared_ptr<const void>*>(held); }, keep);
}

}  // namespace orrery::ui
