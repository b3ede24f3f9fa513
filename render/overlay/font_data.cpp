#include "render/overlay/font_data.h"

#include <QList>
#include <QRawFont>
#include <QtEndian>

namespace orrery::render {
namespace {

void put16(QByteArray& out, quint16 value) {
  value = qToBigEndian(value);
  out.append(reinterpret_cast<const char*>(&value), 2);
}
void put32(QByteArray& out, quint32 value) {
  value = qToBigEndian(value);
  out.append(reinterpret_cast<const char*>(&value), 4);
}

}  // namespace

QByteArray fontFileOf(const QFont& font) {
  const QRawFont raw = QRawFont::fromFont(font);
  if (!raw.isValid()) return {};
  QList<std::pair<QByteArray, QByteArray>> tables;
  // In the order of their tags, as the table directory wants them.
  for (const char* tag :
       {"CFF ", "OS/2", "cmap", "cvt ", "fpgm", "glyf", "head", "hhea", "hmtx", "kern", "loca", "maxp", "name", "post", "prep"}) {
    const QByteArray table = raw.fontTable(tag);
    if (!table.isEmpty()) tables.append({tag, table});
  }
  const auto has = [&](const char* tag) {
    return std::any_of(tables.begin(), tables.end(), [&](const auto& table) { return table.first == tag; });
  };
  const bool outlines = has("CFF ") || (has("glyf") && has("loca"));
  if (!outlines || !has("cmap") || !has("head") || !has("hhea") || !has("hmtx") || !has("maxp")) return {};

  QByteArray file;
  const auto count = static_cast<quint16>(tables.size());
  quint16 power = 1, log = 0;
  while (power * 2 <= count) power = static_cast<quint16>(power * 2), ++log;
  put32(file, has("CFF ") ? 0x4F54544F : 0x00010000);
  put16(file, count);
  put16(file, static_cast<quint16>(power * 16));
  put16(file, log);
  put16(file, static_cast<quint16>(count * 16 - power * 16));
  quint32 offset = 12 + 16u * count;
  for (const auto& [tag, table] : tables) {
    file.append(tag);
    put32(file, 0);  // checksum: readers of outlines do not look at it
    put32(file, offset);
    put32(file, static_cast<quint32>(table.size()));
    offset += (static_cast<quint32>(table.size()) + 3) & ~3u;
  }
  for (const auto& [tag, table] : tables) {
    file.append(table);
    while (file.size() % 4) file.append('\0');
  }
  return file;
}

}  // namespace orrery::render
