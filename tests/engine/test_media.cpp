// Pictures, films and fonts from outside, one by one.
#include <QTest>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <tuple>

#include "engine/api/result.h"
#include "engine/data/png_codec.h"
#include "engine/data/store.h"
#include "engine/io/atomic_file.h"
#include "engine/media/emoji.h"
#include "engine/media/file_type.h"
#include "engine/media/film_reader.h"
#include "engine/media/font.h"
#include "engine/media/glyphs.h"
#include "engine/media/photo_set.h"
#include "engine/media/picture.h"
#include "engine/media/plain_formats.h"
#include "engine/media/qt_resource.h"
#include "engine/media/resample.h"

using namespace orrery;
using namespace orrery::media;
using orrery::data::Pixels;

namespace {

std::string sample(const std::string& name) { return io::read_file(ORRERY_TEST_DIR "/data/media/" + std::string(name)); }

std::string refused(const std::string& bytes, const std::string& name, int size_px = 32) {
  try {
    decode_picture(bytes, name, size_px, Fit::crop);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

struct Colour { int r, g, b; };
bool near(const Pixels& pixels, double x, double y, Colour colour, int tolerance) {
  const auto* p = pixels.row(static_cast<int>(y * pixels.height_px)) + 3 * static_cast<int>(x * pixels.width_px);
  return std::abs(p[0] - colour.r) <= tolerance && std::abs(p[1] - colour.g) <= tolerance && std::abs(p[2] - colour.b) <= tolerance;
}

// The samples show red, green, blue and nearly white quarters, 48 x 32.
constexpr Colour red{220, 40, 40}, green{40, 180, 40}, blue{40, 40, 220}, white{240, 240, 240};
bool shows_quarters(const Pixels& pixels, int tolerance) {
  return near(pixels, 0.2, 0.2, red, tolerance) && near(pixels, 0.8, 0.2, green, tolerance) && near(pixels, 0.2, 0.8, blue, tolerance) && near(pixels, 0.8, 0.8, white, tolerance);
}

// PNG with a header that claims any size (its CRC is right, its data is not).
std::string png_claiming(std::uint32_t width, std::uint32_t height) {
  std::string png = data::encode_png_uncompressed(Pixels(4, 4, 3));
  const auto put = [&](std::size_t at, std::uint32_t v) { for (int i = 0; i < 4; ++i) png[at + static_cast<std::size_t>(i)] = static_cast<char>(v >> (24 - 8 * i)); };
  put(16, width);
  put(20, height);
  std::uint32_t crc = 0xFFFFFFFF;
  for (std::size_t i = 12; i < 29; ++i) {
    crc ^= static_cast<std::uint8_t>(png[i]);
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
  }
  put(29, ~crc);
  return png;
}

}  // namespace

class TestMedia : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void initTestCase() { qputenv("LC_ALL", "de_DE.UTF-8"); }  // reasons must not depend on the desktop's language

  void every_format_looks_right_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<int>("tolerance");
    for (const char* lossless : {"deep.png", "palette.png", "interlaced.png", "lossless.webp", "lzw.tiff", "deep.tiff", "gif87.gif", "one.bmp", "one.tga", "rle.tga", "one.ppm", "deep.ppm", "animated.gif"})
      QTest::newRow(lossless) << lossless << 2;
    for (const char* lossy : {"exif1.jpg", "exif2.jpg", "exif3.jpg", "exif4.jpg", "exif5.jpg", "exif6.jpg", "exif7.jpg", "exif8.jpg", "progressive.jpg", "lossy.webp", "animated.webp", "one.heic", "one.avif", "one.jxl"})
      QTest::newRow(lossy) << lossy << 8;
  }
  void every_format_looks_right() {
    QFETCH(QString, name);
    QFETCH(int, tolerance);
    const std::string bytes = sample(name.toStdString());
    for (const int size_px : {24, 32}) {
      const Picture picture = decode_picture(bytes, name.toStdString(), size_px, Fit::stretch);
      QCOMPARE(picture.pixels.width_px, size_px);
      QCOMPARE(picture.pixels.channels, 3);
      QVERIFY(shows_quarters(picture.pixels, tolerance));
    }
    QVERIFY(shows_quarters(decode_picture(bytes, name.toStdString(), 16, Fit::crop).pixels, tolerance));
    const PictureSize size = picture_size(bytes, name.toStdString());
    QCOMPARE(size.width_px, 48);
    QCOMPARE(size.height_px, 32);
    const Pixels whole = decode_whole(bytes, name.toStdString());
    QCOMPARE(whole.width_px, 48);
    QVERIFY(shows_quarters(whole, tolerance));
  }

  void profiles_cmyk_grey_and_alpha() {
    // The profile exchanges red and green.
    const Pixels swapped = decode_picture(sample("profile.png"), "profile.png", 32, Fit::stretch).pixels;
    QVERIFY(near(swapped, 0.2, 0.2, {40, 220, 40}, 12) && near(swapped, 0.8, 0.2, {180, 40, 40}, 12) && near(swapped, 0.2, 0.8, blue, 12));

    const Picture print = decode_picture(sample("cmyk.jpg"), "cmyk.jpg", 32, Fit::stretch);
    QCOMPARE(print.notes.size(), std::size_t{1});
    const auto* corner = print.pixels.row(6) + 3 * 6;
    QVERIFY(corner[0] > 150 && corner[1] < 100 && corner[2] < 100);  // still red, as far as print goes
    QVERIFY(near(print.pixels, 0.8, 0.8, white, 16));

    for (const char* name : {"grey.png", "grey.jpg"}) {
      const Pixels grey = decode_picture(sample(name), name, 32, Fit::stretch).pixels;
      QVERIFY(near(grey, 0.5, 0.0, {0, 0, 0}, 12) && near(grey, 0.5, 0.99, {255, 255, 255}, 12) && near(grey, 0.5, 0.5, {131, 131, 131}, 12));
    }
    const Picture clear = decode_picture(sample("alpha.png"), "alpha.png", 32, Fit::stretch);
    QVERIFY(near(clear.pixels, 0.2, 0.5, blue, 2) && near(clear.pixels, 0.9, 0.5, {255, 255, 255}, 0));
    QCOMPARE(clear.notes.size(), std::size_t{1});
    QCOMPARE(clear.notes.at(0).c_str(), "transparency put on white");
    QVERIFY(near(decode_picture(sample("grey_alpha.png"), "x.png", 32, Fit::stretch).pixels, 0.9, 0.5, {255, 255, 255}, 0));
    QVERIFY(decode_picture(sample("animated.gif"), "x.gif", 32, Fit::stretch).notes.at(0).find("animation of 2 frames") != std::string::npos);
  }

  void fits() {
    const std::string bytes = sample("lzw.tiff");
    const Pixels padded = decode_picture(bytes, "x.tiff", 48, Fit::pad).pixels;
    QVERIFY(near(padded, 0.5, 0.02, {255, 255, 255}, 0) && near(padded, 0.5, 0.98, {255, 255, 255}, 0));
    QVERIFY(near(padded, 0.1, 0.3, red, 2) && near(padded, 0.9, 0.7, white, 2));
    const Pixels cropped = decode_picture(bytes, "x.tiff", 32, Fit::crop).pixels;
    QVERIFY(near(cropped, 0.1, 0.1, red, 2) && near(cropped, 0.9, 0.1, green, 2));
    // As sharp as the original where nothing is scaled: the border between the quarters stays one pixel wide.
    QVERIFY(near(cropped, 15.5 / 32, 0.2, red, 2) && near(cropped, 16.5 / 32, 0.2, green, 2));
    // Nothing shifts, whichever way it is scaled: the middle stays in the middle, a ramp stays a ramp.
    Pixels ramp(256, 1, 1);
    for (int i = 0; i < 256; ++i) ramp.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(i);
    for (const int size_px : {16, 64, 100, 512}) {
      const Pixels scaled = fit_pixels(ramp, size_px, Fit::stretch);
      for (int x = size_px / 8; x < size_px * 7 / 8; ++x) QVERIFY(std::abs(scaled.row(0)[3 * x] - ((x + 0.5) * 256 / size_px - 0.5)) < 1.5);
    }
    Pixels grey(3, 1, 1);
    grey.bytes = {0, 128, 255};
    const Pixels fitted = fit_pixels(grey, 9, Fit::pad);
    QVERIFY(near(fitted, 0.5, 0.0, {255, 255, 255}, 0) && near(fitted, 0.5, 0.5, {128, 128, 128}, 4));
  }

  void odd_shapes() {
    for (const auto& [width, height] : std::vector<std::pair<int, int>>{{1, 1}, {30000, 1}, {1, 30000}, {2, 3}}) {
      Pixels flat(width, height, 3);
      for (std::size_t i = 0; i < flat.bytes.size(); i += 3) flat.bytes[i] = 200, flat.bytes[i + 1] = 100, flat.bytes[i + 2] = 50;
      const std::string png = data::encode_png_uncompressed(flat);
      for (const Fit fit : {Fit::crop, Fit::pad, Fit::stretch}) {
        const Picture picture = decode_picture(png, "odd.png", 64, fit);
        QCOMPARE(picture.pixels.bytes.size(), std::size_t{64 * 64 * 3});
        QVERIFY(near(picture.pixels, 31.0 / 64, 31.0 / 64, {200, 100, 50}, 2));
      }
    }
  }

  void no_prefix_gives_half_a_picture_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"exif1.jpg", "progressive.jpg", "cmyk.jpg", "grey.jpg", "deep.png", "palette.png", "interlaced.png", "profile.png", "alpha.png", "lossy.webp", "lossless.webp", "animated.webp", "lzw.tiff",
                             "deep.tiff", "gif87.gif", "animated.gif", "one.heic", "one.avif", "one.jxl", "one.bmp", "one.tga", "rle.tga", "one.ppm", "deep.ppm"})
      QTest::newRow(name) << name;
  }
  void no_prefix_gives_half_a_picture() {
    QFETCH(QString, name);
    const std::string file = name.toStdString(), bytes = sample(file);
    const Pixels whole = decode_picture(bytes, file, 16, Fit::stretch).pixels;
    // Up to 200 lengths, among them the last 24; fewer for the slow decoders.
    const bool slow = name.endsWith("heic") || name.endsWith("avif") || name.endsWith("jxl");
    const std::size_t step = std::max<std::size_t>(1, bytes.size() / (slow ? 24 : 176));
    for (std::size_t length = 0; length < bytes.size(); length += bytes.size() - length <= 24 ? 1 : step) {
      try {
        const Picture part = decode_picture(std::string_view(bytes).substr(0, length), file, 16, Fit::stretch);
        // What follows the pixels may be missing; a part of the pixels may not.
        QVERIFY2(part.pixels.bytes == whole.bytes, qPrintable(QString("a picture from %1 of %2 bytes").arg(length).arg(bytes.size())));
      } catch (const Error& error) {
        QVERIFY(!std::string(error.what()).empty());
      }
    }
  }

  void flipped_bytes_never_crash() {
    std::uint64_t random = 88172645463325252u;
    const auto next = [&] { random ^= random << 13, random ^= random >> 7, random ^= random << 17; return random; };
    int taken = 0, refusals = 0;
    for (const char* name : {"exif6.jpg", "progressive.jpg", "palette.png", "profile.png", "lossy.webp", "lzw.tiff", "animated.gif", "one.heic", "one.avif", "one.jxl", "one.bmp", "rle.tga", "one.ppm"}) {
      const std::string bytes = sample(name);
      for (int round = 0; round < 40; ++round) {
        std::string bad = bytes;
        for (int flips = 0; flips < 4; ++flips) bad[next() % bad.size()] = static_cast<char>(next());
        (refused(bad, name, 16).empty() ? taken : refusals) += 1;
      }
    }
    QCOMPARE(taken + refusals, 13 * 40);
    QVERIFY(refusals > 60);
  }

  void slightly_damaged_is_marked() {
    const std::string whole = sample("progressive.jpg");
    const auto second_scan = whole.find("\xFF\xDA", whole.find("\xFF\xDA") + 2);
    QVERIFY(second_scan != std::string::npos);
    std::string bytes = whole;
    bytes.insert(second_scan, "\x12\x34\x56");  // bytes that belong to nothing, between two scans
    const Picture picture = decode_picture(bytes, "x.jpg", 32, Fit::stretch);
    QVERIFY(shows_quarters(picture.pixels, 8));
    QVERIFY(!picture.notes.empty() && picture.notes[0].starts_with("slightly damaged"));
    QVERIFY(decode_picture(whole, "x.jpg", 32, Fit::stretch).notes.empty());  // the next one is not blamed
    // An end mark in the middle of the pixels leaves half of them grey.
    bytes = sample("noise.jpg");
    bytes.replace(bytes.size() / 2, 2, "\xFF\xD9");
    QVERIFY(refused(bytes, "x.jpg").find("premature end") != std::string::npos);
  }

  void refusals_are_sentences() {
    QVERIFY(refused("", "a.png") == "it is empty");
    QVERIFY(refused("hello", "a.png") == "it is damaged or not PNG");
    QVERIFY(refused("hello", "a") == "it is not a picture");
    QVERIFY(refused(sample("deep.png"), "a.jpg").find("its name says JPEG, its content is PNG") == 0);
    QVERIFY(refused(sample("film.mp4"), "a.jpg").find("its content is a film") != std::string::npos);
    QVERIFY(refused("%PDF-1.4 x", "a") == "it is not a picture");
    QVERIFY(refused(std::string("<svg xmlns='http://www.w3.org/2000/svg'/>"), "a") == "it is not a picture");
    QVERIFY(refused(sample("lossless.webp"), "no_extension").empty());
    QVERIFY(refused(png_claiming(30000, 30000), "bomb.png").find("900.0 megapixels; the limit is 200.0") != std::string::npos);
    QVERIFY(!refused(png_claiming(0x80000000u, 0x80000000u), "bomb.png").empty());
    QVERIFY(!refused(png_claiming(0x7FFFFFFF, 1), "bomb.png").empty());
    QVERIFY(!refused(png_claiming(0, 5), "bomb.png").empty());
    QVERIFY(!refused("P6 100000 100000 255\n", "bomb.ppm").empty());
    QVERIFY(!refused("P6 4 4 99999\n", "bomb.ppm").empty());
    std::string tga(18, '\0');
    tga[2] = 2, tga[12] = tga[13] = tga[14] = tga[15] = '\xFF', tga[16] = 24;
    QVERIFY(!refused(tga, "bomb.tga").empty());
    PictureLimits small;
    small.pixels = 1000;
    QVERIFY_EXCEPTION_THROWN(decode_picture(sample("deep.png"), "x.png", 8, Fit::crop, small), Error);
    small = {};
    small.memory_bytes = 1000;
    QVERIFY_EXCEPTION_THROWN(decode_picture(sample("interlaced.png"), "x.png", 8, Fit::crop, small), Error);
  }

  void file_types() {
    for (const auto& [name, type] : std::vector<std::pair<const char*, FileType>>{{"exif1.jpg", FileType::jpeg}, {"one.heic", FileType::heic}, {"one.avif", FileType::avif}, {"one.jxl", FileType::jxl},
             {"film.mp4", FileType::film}, {"film.webm", FileType::film}, {"hostile.zip", FileType::zip}, {"some.tar", FileType::archive}, {"bomb.tar.bz2", FileType::archive}, {"blocks.ttf", FileType::font}, {"one.bmp", FileType::bmp}, {"one.ppm", FileType::pnm}}) {
      QCOMPARE(type_of_content(sample(name)), type);
    }
    QCOMPARE(type_of_extension("jpeg"), FileType::jpeg);
    QCOMPARE(type_of_extension("nef"), FileType::other);
    QCOMPARE(type_of_extension("xyz"), FileType::unknown);
  }

  void films() {
    const auto frames_of = [](const char* name, double step_s, int* width = nullptr, int* height = nullptr) {
      const std::string path = ORRERY_TEST_DIR "/data/media/" + std::string(name);
      const int descriptor = ::open(path.c_str(), O_RDONLY);
      struct Closer { int it; ~Closer() { ::close(it); } } closer{descriptor};
      FilmReader reader(descriptor);
      std::vector<double> times;
      while (auto frame = reader.next(step_s)) {
        times.push_back(frame->time_s);
        if (width) *width = frame->pixels.width_px, *height = frame->pixels.height_px;
      }
      return times;
    };
    int width = 0, height = 0;
    QCOMPARE(frames_of("film.mp4", 0, &width, &height).size(), std::size_t{30});
    QCOMPARE(width, 64);
    const auto halves = frames_of("film.mp4", 0.5);
    QCOMPARE(halves.size(), std::size_t{6});
    for (std::size_t i = 0; i < halves.size(); ++i) QVERIFY(std::abs(halves[i] - 0.5 * static_cast<double>(i)) < 0.06);
    QCOMPARE(frames_of("film.webm", 0).size(), std::size_t{10});
    frames_of("turned.mp4", 1.0, &width, &height);
    QCOMPARE(width, 48);
    QCOMPARE(height, 64);
    QCOMPARE(frames_of("animated.gif", 0).size(), std::size_t{2});
    for (const char* hostile : {"playlist.m3u8", "concat.mp4", "exif1.jpg", "hostile.zip"}) QVERIFY_EXCEPTION_THROWN(frames_of(hostile, 0), Error);
    // Cut off anywhere: an error or fewer frames, never a crash.
    const std::string whole = sample("film.webm");
    for (std::size_t length = 0; length < whole.size(); length += 199) {
      char path[] = "/tmp/orrery-film-XXXXXX";
      const int descriptor = ::mkstemp(path);
      struct Closer { int it; ~Closer() { ::close(it); } } closer{descriptor};
      ::unlink(path);
      QCOMPARE(::write(descriptor, whole.data(), length), static_cast<ssize_t>(length));
      try {
        FilmReader reader(descriptor);
        int frames = 0;
        while (reader.next(0)) ++frames;
        QVERIFY(frames <= 10);
      } catch (const Error& error) {
        QVERIFY(!std::string(error.what()).empty());
      }
    }
  }

  void fonts() {
    const Font font(sample("blocks.ttf"));
    QCOMPARE(font.family(), std::string("Blocks"));
    QVERIFY(!font.has_colour_pictures());
    QVERIFY(font.shape({'A'}).has_value() && !font.shape({0x4E00}).has_value());
    QCOMPARE(describe_face(font).blank, 1);  // q
    int inked = 0, blank = 0;
    bool inside = true;
    draw_glyphs(font, 40, [&](char c, Pixels pixels) {
      if (pixels.bytes.empty()) return ++blank, c == 'q';
      ++inked;
      // Nothing touches the margin, and there is ink.
      int darkest = 255;
      for (int y = 0; y < 40; ++y) {
        for (int x = 0; x < 40; ++x) {
          const int value = pixels.row(y)[3 * x];
          darkest = std::min(darkest, value);
          if (x < 2 || y < 2 || x > 37 || y > 37) inside = inside && value == 255;
        }
      }
      return darkest < 60;
    });
    QCOMPARE(inked, 61);
    QCOMPARE(blank, 1);
    QVERIFY(inside);
    std::string bad = sample("blocks.ttf");
    QVERIFY_EXCEPTION_THROWN(Font("hello"), Error);
    for (std::size_t length = 0; length < bad.size(); length += 61) {
      try {
        const Font cut(bad.substr(0, length));
        draw_glyphs(cut, 16, [](char, Pixels) { return true; });
      } catch (const Error&) {
      }
    }
  }

  void resampling() {
    Pixels pixels(4, 2, 1);
    pixels.bytes = {0, 40, 80, 120, 40, 80, 120, 160};
    QCOMPARE(resample(pixels, 2, 1).bytes, (std::vector<std::uint8_t>{40, 120}));  // means of 2 x 2
    QCOMPARE(resample(pixels, 4, 2).bytes, pixels.bytes);
    Pixels three(3, 1, 1);
    three.bytes = {0, 90, 240};
    QCOMPARE(resample(three, 2, 1).bytes, (std::vector<std::uint8_t>{30, 190}));  // (0 + 90/2) / 1.5, (90/2 + 240) / 1.5
    QCOMPARE(resample(three, 6, 1).bytes, (std::vector<std::uint8_t>{0, 23, 68, 128, 203, 240}));
  }

  void emoji_list() {
    const auto list = parse_emoji_test("# group: Flags\n# subgroup: flag\n1F3C1 ; fully-qualified # \xF0\x9F\x8F\x81 E0.6 chequered flag\n1F44B 1F3FB ; fully-qualified # x E1.0 waving hand: light\n"
                                       "1F3C2 ; unqualified # x E0.6 snowboarder\nnonsense ; fully-qualified # x E1 y\n; fully-qualified\n#;\n");
    QCOMPARE(list.size(), std::size_t{2});
    QCOMPARE(list[0].name, std::string("chequered flag"));
    QCOMPARE(list[0].code_points, (std::vector<std::uint32_t>{0x1F3C1}));
    QVERIFY(list[1].skin_tone && !list[0].skin_tone);
  }

  void qt_resources() {
    // qres, version 1: a root with one folder "ab" holding "c.webp" (plain) and "d" (compressed).
    std::string rcc = "qres";
    const auto u32 = [](std::uint32_t v) { std::string s; for (int i = 3; i >= 0; --i) s += static_cast<char>(v >> 8 * i); return s; };
    const auto u16 = [](unsigned v) { std::string s; s += static_cast<char>(v >> 8), s += static_cast<char>(v); return s; };
    std::string names, payloads = u32(5) + "hello" + u32(3) + "zzz";
    std::vector<std::uint32_t> at;
    for (const std::string name : {"ab", "c.webp", "d"}) {
      at.push_back(static_cast<std::uint32_t>(names.size()));
      names += u16(static_cast<unsigned>(name.size())) + u32(0);
      for (const char c : name) names += u16(static_cast<unsigned char>(c));
    }
    std::string tree = u32(0) + u16(2) + u32(1) + u32(1);
    tree += u32(at[0]) + u16(2) + u32(2) + u32(2);
    tree += u32(at[1]) + u16(0) + u16(0) + u16(1) + u32(0);
    tree += u32(at[2]) + u16(1) + u16(0) + u16(1) + u32(9);
    const std::uint32_t start = 20;
    rcc += u32(1) + u32(start) + u32(start + static_cast<std::uint32_t>(tree.size())) + u32(start + static_cast<std::uint32_t>(tree.size() + payloads.size())) + tree + payloads + names;
    const auto files = read_qt_resource(rcc);
    QCOMPARE(files.size(), std::size_t{1});
    QCOMPARE(files[0].path, std::string("ab/c.webp"));
    QCOMPARE(std::string(files[0].bytes), std::string("hello"));
    for (std::size_t length = 0; length + 2 < rcc.size(); ++length) QVERIFY_EXCEPTION_THROWN(read_qt_resource(std::string_view(rcc).substr(0, length)), Error);
    std::string loop = rcc;
    loop.replace(start + 14 + 10, 4, u32(1));  // the folder holds itself
    QVERIFY_EXCEPTION_THROWN(read_qt_resource(loop), Error);
  }

  void photographs() {
    QCOMPARE(title_of("EgeskovSlotSpejling_background.webp"), std::string("Egeskov Slot Spejling"));
    QCOMPARE(title_of("life_by_Aitzol_Berasategi.jpg"), std::string("life"));
    Pixels flat(8, 8, 3), stripes(8, 8, 3);
    for (int i = 0; i < 64 * 3; ++i) stripes.bytes[static_cast<std::size_t>(i)] = i / 3 % 2 ? 200 : 0;
    QCOMPARE(detail_of(flat), 0.0);
    QVERIFY(std::abs(detail_of(stripes) - 100.0) < 1e-9);
  }

  void builtin_emoji() {
    const auto store = data::Store::open("builtin:emoji", 32);
    const DatasetInfo info = store->info();
    QCOMPARE(info.seen, 1870);
    QCOMPARE(info.seen, info.taken + info.skipped);
    QCOMPARE(info.class_names.size(), std::size_t{9});
    QCOMPARE(info.class_names[0], std::string("Smileys & Emotion"));
    QCOMPARE(info.class_counts[0], 166);
    QCOMPARE(store->caption(0), std::string("grinning face"));
    // A yellow face on white: the corners are white, the middle of a face is yellow.
    const at::Tensor face = store->picture(0);
    QCOMPARE(face.sizes().vec(), (std::vector<std::int64_t>{3, 32, 32}));
    for (int c = 0; c < 3; ++c) QCOMPARE(face[c][0][0].item<int>(), 255);
    QVERIFY(face[0][6][16].item<int>() > 200 && face[1][6][16].item<int>() > 150 && face[2][6][16].item<int>() < 130);
  }

  void builtin_sets_need_their_packages() {
    const QByteArray before = qgetenv("XDG_DATA_DIRS");
    qputenv("XDG_DATA_DIRS", "/nonexistent");
    for (const char* name : {"emoji", "glyphs", "photos"}) {
      try {
        data::Store::open("builtin:" + std::string(name), 20);  // a size that nothing else makes
        QFAIL("made from nothing");
      } catch (const Error& error) {
        QVERIFY(error.error().what_to_do.find("apt-get install") != std::string::npos);
        QCOMPARE(error.error().code, ErrorCode::bad_input);
      }
    }
    if (before.isNull()) qunsetenv("XDG_DATA_DIRS");
    else qputenv("XDG_DATA_DIRS", before);
    QVERIFY_EXCEPTION_THROWN(data::Store::open("builtin:emoji", 2), Error);
  }

  // Made where the packages are, refused with their names where they are not.
  void builtin_glyphs_and_photos() {
    for (const auto& [name, least, most] : std::vector<std::tuple<std::string, std::int64_t, std::int64_t>>{{"glyphs", 12000, 12834}, {"photos", 300, 900}}) {
      const int size_px = name == "photos" ? 384 : 16;
      try {
        const auto store = data::Store::open("builtin:" + name, size_px);
        const DatasetInfo info = store->info();
        QCOMPARE(info.seen, info.taken + info.skipped);
        QVERIFY2(info.taken >= least && info.taken <= most, qPrintable(QString::number(info.taken)));
        QCOMPARE(store->width_px(), size_px);
        QCOMPARE(info.class_names.size(), std::size_t{name == "glyphs" ? 62u : 0u});
        QVERIFY(!store->caption(0).empty());
      } catch (const Error& error) {
        QVERIFY(error.error().what_to_do.find(name == "glyphs" ? "fonts-lato" : "gcompris-qt-data") != std::string::npos);
      }
    }
  }
};

QTEST_GUILESS_MAIN(TestMedia)
#include "test_media.moc"
