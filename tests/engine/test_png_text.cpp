#include <QTemporaryDir>
#include <QtTest>
#include <array>
#include <random>

#include "engine/api/result.h"
#include "engine/io/atomic_file.h"
#include "engine/io/png.h"

using namespace orrery;
using namespace orrery::io;

namespace {

std::uint32_t crc32(const std::string& bytes) {
  std::uint32_t crc = ~0u;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int k = 0; k < 8; ++k) crc = crc & 1 ? 0xedb88320u ^ (crc >> 1) : crc >> 1;
  }
  return ~crc;
}
std::string u32(std::uint32_t n) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(n >> shift);
  return out;
}
std::string chunk(const std::string& type, const std::string& data) { return u32(static_cast<std::uint32_t>(data.size())) + type + data + u32(crc32(type + data)); }
std::string zlib(const std::string& data) { return qCompress(reinterpret_cast<const uchar*>(data.data()), static_cast<int>(data.size())).mid(4).toStdString(); }
const std::string signature = "\x89PNG\r\n\x1a\n";

// A PNG of given raw rows (each with its filter byte), as other programs write them.
std::string foreign(std::uint32_t width, std::uint32_t height, int depth, int colour, const std::string& rows, const std::string& between = "", int interlace = 0) {
  std::string head = u32(width) + u32(height);
  for (const int value : {depth, colour, 0, 0, interlace}) head += static_cast<char>(value);
  return signature + chunk("IHDR", head) + between + chunk("IDAT", zlib(rows)) + chunk("IEND", "");
}

std::string refusal(const std::string& bytes, const PngLimits& limits = {}) {
  try {
    parse_png(bytes, limits);
    return {};
  } catch (const Error& error) {
    return error.error().code == ErrorCode::bad_input ? error.what() : "wrong code";
  }
}

PngImage noise(int width, int height, int channels) {
  std::mt19937 random(static_cast<unsigned>(width * 31 + channels));
  PngImage image{width, height, channels, {}, {}};
  image.pixels.resize(static_cast<std::size_t>(width) * height * channels);
  for (auto& byte : image.pixels) byte = static_cast<std::uint8_t>(random());
  return image;
}

}  // namespace

class TestPngText : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void pixels_and_text_come_back() {
    const std::map<std::string, std::string> text{{png_parameters, "StyleGAN2, seed 7"}, {png_metadata, "{\"schema\":1,\"name\":\"caf\\u00e9\"}"}, {"Note", "caf\xc3\xa9 \xe2\x98\x83"}};
    for (const int channels : {1, 2, 3, 4})
      for (const int size : {1, 7, 33}) {
        const PngImage image = noise(size, size + 2, channels);
        for (const int compression : {0, 6}) {
          const PngImage back = parse_png(png_bytes(image.view(), text, compression));
          QCOMPARE(back.channels, channels);
          QCOMPARE(back.width_px, size);
          QCOMPARE(back.height_px, size + 2);
          QVERIFY(back.pixels == image.pixels);
          QVERIFY(back.text == text);
        }
      }
  }

  void text_is_uncompressed_and_before_the_pixels() {
    const std::string metadata = "{\"long\":\"" + std::string(5000, 'x') + "\"}";
    const std::string bytes = png_bytes(noise(8, 8, 3).view(), {{png_metadata, metadata}});
    const auto at = bytes.find(chunk("tEXt", std::string(png_metadata) + '\0' + metadata));
    QVERIFY(at != std::string::npos);
    QVERIFY(at < bytes.find("IDAT"));
    QVERIFY(bytes.find("zTXt") == std::string::npos);
  }

  void rows_with_a_stride() {
    const PngImage wide = noise(10, 4, 3);
    const PixelView part{wide.pixels.data() + 3, 5, 4, 3, 30};
    const PngImage back = parse_png(png_bytes(part));
    for (int y = 0; y < 4; ++y) QVERIFY(std::equal(back.pixels.begin() + 15 * y, back.pixels.begin() + 15 * (y + 1), wide.pixels.begin() + 30 * y + 3));
  }

  void bad_text_is_refused() {
    const PngImage image = noise(2, 2, 3);
    for (const std::string key : {"", " x", "x ", "a  b", "\xc3\xa9"}) QVERIFY_THROWS_EXCEPTION(Error, png_bytes(image.view(), {{key, "x"}}));
    QVERIFY_THROWS_EXCEPTION(Error, png_bytes(image.view(), {{std::string(80, 'k'), "x"}}));
    QVERIFY_THROWS_EXCEPTION(Error, png_bytes(image.view(), {{"k", std::string("a\0b", 3)}}));
    QVERIFY_THROWS_EXCEPTION(Error, png_bytes(image.view(), {{"k", "\xff"}}));
    QVERIFY_THROWS_EXCEPTION(Error, png_bytes({}));
  }

  void text_of_other_programs() {
    const std::string rows("\0\1", 2);
    const auto text_of = [&](const std::string& between) { return parse_png(foreign(1, 1, 8, 0, rows, between)).text; };
    QCOMPARE(text_of(chunk("tEXt", std::string("parameters\0a cat", 16))).at("parameters"), std::string("a cat"));
    QCOMPARE(text_of(chunk("zTXt", std::string("prompt\0\0", 8) + zlib("compressed"))).at("prompt"), std::string("compressed"));
    QCOMPARE(text_of(chunk("iTXt", std::string("k\0\0\0de\0K\0caf\xc3\xa9", 14))).at("k"), std::string("caf\xc3\xa9"));
    QCOMPARE(text_of(chunk("iTXt", std::string("k\0\1\0\0\0", 6) + zlib("packed"))).at("k"), std::string("packed"));
    QCOMPARE(text_of(chunk("tEXt", std::string("k\0caf\xe9", 6))).at("k"), std::string("caf\xc3\xa9"));      // Latin-1 by the book
    QCOMPARE(text_of(chunk("tEXt", std::string("k\0caf\xc3\xa9", 7))).at("k"), std::string("caf\xc3\xa9"));  // UTF-8 in practice
    QCOMPARE(text_of(chunk("tEXt", std::string("k\0first", 7)) + chunk("tEXt", std::string("k\0second", 8))).at("k"), std::string("first"));
    // After the pixels.
    std::string late = foreign(1, 1, 8, 0, rows);
    late.insert(late.size() - 12, chunk("tEXt", std::string("k\0late", 6)));
    QCOMPARE(parse_png(late).text.at("k"), std::string("late"));
  }

  void every_kind_of_pixels() {
    // 1 bit grey: 10100000
    QVERIFY((parse_png(foreign(3, 1, 1, 0, std::string("\0\xa0", 2))).pixels == std::vector<std::uint8_t>{255, 0, 255}));
    // 16 bit RGB
    QVERIFY((parse_png(foreign(1, 1, 16, 2, std::string("\0\xff\xff\x80\x00\x00\x00", 7))).pixels == std::vector<std::uint8_t>{255, 128, 0}));
    // palette with transparency
    const std::string palette = chunk("PLTE", std::string("\1\2\3\4\5\6", 6)) + chunk("tRNS", std::string("\x40", 1));
    const PngImage image = parse_png(foreign(2, 1, 8, 3, std::string("\0\0\1", 3), palette));
    QCOMPARE(image.channels, 4);
    QVERIFY((image.pixels == std::vector<std::uint8_t>{1, 2, 3, 0x40, 4, 5, 6, 255}));
    // interlaced: a 1x1 picture has its one pixel in the first pass
    QVERIFY((parse_png(foreign(1, 1, 8, 0, std::string("\0\7", 2), "", 1)).pixels == std::vector<std::uint8_t>{7}));
  }

  void damaged_files_are_refused() {
    const std::string good = foreign(2, 2, 8, 0, std::string("\0\1\2\0\3\4", 6));
    QVERIFY(refusal(good).empty());
    for (std::size_t n = 0; n + 12 < good.size(); ++n) QVERIFY2(!refusal(good.substr(0, n)).empty(), "a cut-off file was accepted");
    QVERIFY(refusal("").find("does not begin") != std::string::npos);
    QVERIFY(refusal("GIF89a and more").find("does not begin") != std::string::npos);
    QVERIFY(!refusal(foreign(2, 2, 8, 0, std::string("\0\1\2", 3))).empty());         // too few pixels
    QVERIFY(!refusal(foreign(2, 2, 8, 0, std::string("\x09\1\2\0\3\4", 6))).empty()); // no such filter
    QVERIFY(!refusal(foreign(0, 2, 8, 0, "")).empty());
    QVERIFY(!refusal(foreign(2, 2, 7, 0, "")).empty());
    QVERIFY(!refusal(foreign(2, 1, 8, 3, std::string("\0\0\1", 3))).empty());          // no palette
    std::string wrong = good;
    wrong[wrong.size() - 20] ^= 1;                                                     // checksum or pixels
    QVERIFY(!refusal(wrong).empty());
    QVERIFY(refusal(foreign(900000, 900000, 8, 0, "")).find("more pixels") != std::string::npos);
    QVERIFY(refusal(good, {.pixels = 3}).find("more pixels") != std::string::npos);
    std::mt19937 random(3);
    for (int round = 0; round < 3000; ++round) {
      std::string changed = good;
      changed[random() % changed.size()] = static_cast<char>(random());
      refusal(changed);  // accepted or refused, but nothing else
    }
  }

  void a_text_bomb_stays_small() {
    const std::string bomb = foreign(1, 1, 8, 0, std::string("\0\1", 2), chunk("zTXt", std::string("k\0\0", 3) + zlib(std::string(64 << 20, 'x'))));
    QVERIFY(bomb.size() < 200000);
    QVERIFY(parse_png(bomb).text.empty());
    std::string many;
    for (int i = 0; i < 1000; ++i) many += chunk("tEXt", "k" + std::to_string(i) + std::string("\0v", 2));
    QVERIFY(parse_png(foreign(1, 1, 8, 0, std::string("\0\1", 2), many)).text.size() < 100);
  }

  void files_and_text_only() {
    QTemporaryDir folder;
    const std::string path = folder.filePath("a.png").toStdString();
    const PngImage image = noise(20, 10, 4);
    write_png(path, image.view(), {{"k", "v"}});
    QVERIFY(read_png(path).pixels == image.pixels);
    QCOMPARE(read_png_text(path).at("k"), std::string("v"));
    write_file_atomically(path, read_file(path).substr(0, 120));  // the pixels are cut off, the text is not
    QCOMPARE(read_png_text(path).at("k"), std::string("v"));
    QVERIFY_THROWS_EXCEPTION(Error, read_png(path));
    QVERIFY_THROWS_EXCEPTION(Error, read_png(folder.filePath("none.png").toStdString()));
  }
};

QTEST_GUILESS_MAIN(TestPngText)
#include "test_png_text.moc"
