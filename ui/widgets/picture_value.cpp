#include "ui/widgets/picture_value.h"

#include <QBuffer>
#include <QImageReader>

namespace orrery::ui {
namespace {

constexpr const char* kPrefix = "data:image/png;base64,";
constexpr int kMostSide = 4096;

}  // namespace

QImage imageOfValue(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  const QByteArray prefix(kPrefix);
  if (!text || text->size() <= static_cast<std::size_t>(prefix.size()) || text->compare(0, static_cast<std::size_t>(prefix.size()), kPrefix) != 0) return {};
  QByteArray bytes = QByteArray::fromBase64(QByteArray(text->data() + prefix.size(), static_cast<qsizetype>(text->size()) - prefix.size()));
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::ReadOnly);
  QImageReader reader(&buffer, "png");
  const QSize size = reader.size();  // from the header: recipes come from anybody
  if (!size.isValid() || size.width() > kMostSide || size.height() > kMostSide) return {};
  const QImage image = reader.read();
  if (image.isNull()) return {};
  return image.convertToFormat(image.isGrayscale() && !image.hasAlphaChannel() ? QImage::Format_Grayscale8 : QImage::Format_RGB888);
}

std::string valueOfImage(const QImage& image) {
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  (image.format() == QImage::Format_Grayscale8 ? image : image.convertToFormat(QImage::Format_RGB888)).save(&buffer, "PNG");
  return kPrefix + bytes.toBase64().toStdString();
}

}  // namespace orrery::ui
