#include "ui/stage/clipboard.h"

#include <QBuffer>
#include <QCoreApplication>
#include <QtEndian>
#include <array>

#include "engine/api/picture_recipe.h"

namespace orrery::ui {
namespace {

// CRC-32 of PNG (ISO 3309), PNG specification annex D.
quint32 crcOf(const QByteArray& bytes) {
  static const auto table = [] {
    std::array<quint32, 256> t{};
    for (quint32 n = 0; n < 256; ++n) {
      quint32 c = n;
      for (int k = 0; k < 8; ++k) c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
      t[n] = c;
    }
    return t;
  }();
  quint32 crc = 0xFFFFFFFFu;
  for (const char byte : bytes) crc = table[(crc ^ static_cast<uchar>(byte)) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

QByteArray bigEndian(quint32 value) {
  value = qToBigEndian(value);
  return QByteArray(reinterpret_cast<const char*>(&value), 4);
}

}  // namespace

QByteArray pngWithText(const QImage& picture, const std::vector<std::pair<QByteArray, QByteArray>>& texts) {
  QByteArray png;
  QBuffer buffer(&png);
  if (!buffer.open(QIODevice::WriteOnly) || !picture.save(&buffer, "PNG")) return {};
  constexpr int kAfterHeader = 8 + 25;  // signature, IHDR
  QByteArray chunks;
  for (const auto& [keyword, text] : texts) {
    // Qt would compress long texts, which some readers do not understand.
    const QByteArray body = "tEXt" + keyword + '\0' + text;
    chunks += bigEndian(static_cast<quint32>(body.size() - 4)) + body + bigEndian(crcOf(body));
  }
  return png.insert(kAfterHeader, chunks);
}

QMimeData* pictureMime(const QImage& picture, const Frame& frame, const ModelInfo& model) {
  auto* mime = new QMimeData;
  const QByteArray readable = QStringLiteral("Size: %1x%2, Model hash: %3, Model: %4, Version: Orrery %5")
                                  .arg(picture.width())
                                  .arg(picture.height())
                                  .arg(QString::fromStdString(frame.model_hash).left(10), QString::fromStdString(model.name), QCoreApplication::applicationVersion())
                                  .toLatin1();
  const QByteArray recipe = QByteArray::fromStdString(picture_recipe(frame, model, QCoreApplication::applicationVersion().toStdString()));
  mime->setImageData(picture);
  mime->setData(QStringLiteral("image/png"), pngWithText(picture, {{"parameters", readable}, {recipe_keyword, recipe}}));
  mime->setData(QLatin1String(kRequestMime), QByteArray::fromStdString(request_to_json(frame.request)));
  return mime;
}

}  // namespace orrery::ui
