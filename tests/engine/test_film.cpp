// The film writer: what comes back from each container, colours, timing, comments, and what is left when writing breaks off.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QtTest>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "engine/api/result.h"
#include "engine/media/film_reader.h"
#include "engine/media/film_writer.h"
#include "engine/media/gif_palette.h"

using namespace orrery;
using namespace orrery::media;
namespace fs = std::filesystem;

namespace {

constexpr int kWidth = 64, kHeight = 48;

// A moving picture with flat and smooth parts, one frame.
std::vector<std::uint8_t> picture(int frame) {
  std::vector<std::uint8_t> out(kWidth * kHeight * 4);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      std::uint8_t* p = &out[static_cast<std::size_t>((y * kWidth + x) * 4)];
      p[0] = static_cast<std::uint8_t>(40 + x * 3);
      p[1] = static_cast<std::uint8_t>(200 - y * 3);
      p[2] = static_cast<std::uint8_t>(128 + 100 * std::sin(frame * 0.1));
      p[3] = 255;
    }
  }
  return out;
}

FilmOptions options(const std::string& out) {
  FilmOptions o;
  o.out = out;
  o.width_px = kWidth;
  o.height_px = kHeight;
  o.frames_per_s = 30.0;
  return o;
}

void write(const FilmOptions& o, int frames) {
  FilmWriter writer(o);
  for (int k = 0; k < frames; ++k) writer.add(picture(k).data(), kWidth * 4);
  writer.finish();
}

struct Film {
  std::vector<FilmReader::Frame> frames;
};
Film read(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY);
  Film film;
  {
    FilmReader reader(descriptor);
    while (auto frame = reader.next(0.0)) film.frames.push_back(std::move(*frame));
  }
  ::close(descriptor);
  return film;
}

double psnr(const data::Pixels& a, const std::vector<std::uint8_t>& rgba) {
  double squares = 0.0;
  for (std::size_t i = 0; i < a.bytes.size(); ++i) {
    const double difference = static_cast<double>(a.bytes[i]) - rgba[i / 3 * 4 + i % 3];
    squares += difference * difference;
  }
  return 10.0 * std::log10(255.0 * 255.0 * static_cast<double>(a.bytes.size()) / std::max(squares, 1e-9));
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

class TestFilm : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { folder_ = std::make_unique<QTemporaryDir>(); }

  void every_format_comes_back_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<double>("least_db");
    QTest::newRow("mp4") << "film.mp4" << 36.0;
    QTest::newRow("webm") << "film.webm" << 34.0;
    QTest::newRow("gif") << "film.gif" << 28.0;
    QTest::newRow("capitals") << "FILM.MP4" << 36.0;
  }
  void every_format_comes_back() {
    QFETCH(QString, name);
    QFETCH(double, least_db);
    auto o = options(path(name.toStdString()));
    o.comment = hostile_;
    write(o, 45);
    QVERIFY(!fs::exists(o.out + ".part"));
    const Film film = read(o.out);
    QCOMPARE(film.frames.size(), std::size_t{45});
    double worst = 100.0;
    for (std::size_t k = 0; k < film.frames.size(); ++k) {
      QCOMPARE(film.frames[k].pixels.width_px, kWidth);
      QVERIFY(std::abs(film.frames[k].time_s - film.frames[0].time_s - static_cast<double>(k) / 30.0) < 0.011);  // GIF's clock has hundredths
      worst = std::min(worst, psnr(film.frames[k].pixels, picture(static_cast<int>(k))));
    }
    QVERIFY2(worst > least_db, qPrintable(QString::number(worst)));
    QCOMPARE(QString::fromStdString(read_film_comment(o.out)), QString::fromStdString(hostile_));
  }

  void colours_are_right_on_average() {
    // A wrong matrix or range shifts whole areas by several steps.
    for (const char* name : {"flat.mp4", "flat.webm"}) {
      const std::uint8_t colours[][3] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}, {0, 0, 0}, {90, 140, 200}, {230, 180, 30}};
      FilmWriter writer(options(path(name)));
      for (const auto& colour : colours) {
        std::vector<std::uint8_t> flat(kWidth * kHeight * 4, 255);
        for (std::size_t i = 0; i < flat.size(); ++i) {
          if (i % 4 < 3) flat[i] = colour[i % 4];
        }
        writer.add(flat.data(), kWidth * 4);
      }
      writer.finish();
      const Film film = read(path(name));
      QCOMPARE(film.frames.size(), std::size(colours));
      for (std::size_t k = 0; k < std::size(colours); ++k) {
        const std::uint8_t* middle = film.frames[k].pixels.row(kHeight / 2) + kWidth / 2 * 3;
        for (int c = 0; c < 3; ++c) QVERIFY2(std::abs(middle[c] - colours[k][c]) <= 4, qPrintable(QString("%1 frame %2 channel %3: %4").arg(name).arg(k).arg(c).arg(middle[c])));
      }
    }
  }

  void the_same_frames_make_the_same_file() {
    for (const char* name : {"a.mp4", "a.webm", "a.gif"}) {
      auto o = options(path(name));
      o.comment = "{}";
      write(o, 30);
      const std::string first = bytes_of(o.out);
      write(o, 30);
      QVERIFY2(bytes_of(o.out) == first, name);
    }
  }

  void the_index_stands_in_front() {
    write(options(path("a.mp4")), 30);
    const std::string bytes = bytes_of(path("a.mp4"));
    QVERIFY(bytes.find("moov") < bytes.find("mdat"));
    QVERIFY(bytes.find("moof") == std::string::npos);
  }

  void transparency_lies_on_white() {
    std::vector<std::uint8_t> clear(kWidth * kHeight * 4, 0);
    FilmWriter writer(options(path("clear.gif")));
    writer.add(clear.data(), kWidth * 4);
    writer.finish();
    QCOMPARE(int(read(path("clear.gif")).frames.at(0).pixels.bytes.at(0)), 255);
  }

  void odd_rates() {
    auto o = options(path("ntsc.mp4"));
    o.frames_per_s = 29.97;
    write(o, 300);
    const Film film = read(o.out);
    QCOMPARE(film.frames.size(), std::size_t{300});
    QVERIFY2(std::abs(film.frames.back().time_s - 299.0 / 29.97) < 1e-3, qPrintable(QString("%1 %2").arg(film.frames.front().time_s).arg(film.frames.back().time_s, 0, 'g', 10)));
  }

  void wrong_uses_begin_nothing() {
    const auto refused = [&](const std::string& name, auto change) {
      auto o = options(path(name));
      change(o);
      try {
        FilmWriter writer(o);
      } catch (const Error& error) {
        return error.error().code == ErrorCode::wrong_use && fs::is_empty(folder_->path().toStdString());
      }
      return false;
    };
    QVERIFY(refused("film.avi", [](FilmOptions&) {}));
    QVERIFY(refused("film", [](FilmOptions&) {}));
    QVERIFY(refused("film.mp4", [](FilmOptions& o) { o.width_px = 63; }));
    QVERIFY(refused("film.mp4", [](FilmOptions& o) { o.height_px = 0; }));
    QVERIFY(refused("film.mp4", [](FilmOptions& o) { o.width_px = 1 << 20; }));
    QVERIFY(refused("film.mp4", [](FilmOptions& o) { o.frames_per_s = 0.0; }));
    QVERIFY(refused("film.gif", [](FilmOptions& o) { o.frames_per_s = 60.0; }));
    QVERIFY(refused("film.mp4", [](FilmOptions& o) { o.quality = 52; }));
    try {
      FilmWriter writer(options(path("no/such/folder.mp4")));
      QFAIL("opened");
    } catch (const Error& error) {
      QVERIFY(error.error().what_happened.find("folder.mp4") != std::string::npos);
    }
  }

  void giving_up_leaves_nothing() {
    for (const char* name : {"a.mp4", "a.webm", "a.gif"}) {
      FilmWriter writer(options(path(name)));
      for (int k = 0; k < 20; ++k) writer.add(picture(k).data(), kWidth * 4);
      writer.discard();
    }
    QVERIFY(fs::is_empty(folder_->path().toStdString()));
  }

  void the_old_film_stays_until_the_new_one_is_whole() {
    std::ofstream(path("a.mp4")) << "old";
    FilmWriter writer(options(path("a.mp4")));
    for (int k = 0; k < 40; ++k) writer.add(picture(k).data(), kWidth * 4);
    QCOMPARE(bytes_of(path("a.mp4")), std::string("old"));
    writer.finish();
    QCOMPARE(read(path("a.mp4")).frames.size(), std::size_t{40});
  }

  // kill -9 in the middle: nothing under the final name, and at least 95 % of the frames come back.
  void killed_data() {
    QTest::addColumn<QString>("name");
    QTest::newRow("mp4") << "a.mp4";
    QTest::newRow("webm") << "a.webm";
    QTest::newRow("gif") << "a.gif";
  }
  void killed() {
    QFETCH(QString, name);
    auto o = options(path(name.toStdString()));
    o.comment = "{\"orrery\": 1}";
    constexpr int kFrames = 1200;
    const pid_t child = fork();
    if (child == 0) {
      FilmWriter writer(o);
      for (int k = 0; k < kFrames; ++k) writer.add(picture(k).data(), kWidth * 4);
      raise(SIGKILL);
    }
    int status = 0;
    QCOMPARE(waitpid(child, &status, 0), child);
    QVERIFY(WIFSIGNALED(status));
    QVERIFY(!fs::exists(o.out) && fs::exists(o.out + ".part"));
    recover_film(o.out + ".part", o.out);
    QVERIFY(!fs::exists(o.out + ".part"));
    const auto frames = read(o.out).frames.size();
    QVERIFY2(frames >= kFrames * 95 / 100, qPrintable(QString::number(frames)));
    if (name != "a.gif") QCOMPARE(read_film_comment(o.out), o.comment);
  }

  // A disk that takes no more: one sentence, the part stays, nothing under the final name.
  void a_full_disk() {
    for (const char* name : {"a.mp4", "a.webm", "a.gif"}) {
      const pid_t child = fork();
      if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{60000, 60000};
        setrlimit(RLIMIT_FSIZE, &limit);
        int code = 1;
        try {
          auto o = options(path(name));
          o.quality = 0;
          write(o, 3000);
        } catch (const Error& error) {
          code = error.error().code == ErrorCode::disk_full && error.error().what_is_safe.find(".part") != std::string::npos ? 42 : 2;
        }
        _exit(code);
      }
      int status = 0;
      waitpid(child, &status, 0);
      QVERIFY(WIFEXITED(status));
      QCOMPARE(WEXITSTATUS(status), 42);
      QVERIFY(!fs::exists(path(name)));
      QVERIFY(fs::exists(path(std::string(name) + ".part")));
      recover_film(path(std::string(name) + ".part"), path(name));
      QVERIFY(read(path(name)).frames.size() > 2);
    }
  }

  void damaged_files_are_refused() {
    write(options(path("a.gif")), 5);
    write(options(path("a.mp4")), 5);
    write(options(path("a.webm")), 5);
    const auto refused = [&](const std::string& bytes) {
      std::ofstream(path("x"), std::ios::binary) << bytes;
      try {
        read_film_comment(path("x"));
      } catch (const Error& error) {
        return error.error().code == ErrorCode::bad_input;
      }
      return false;
    };
    QVERIFY(refused(""));
    QVERIFY(refused("hello"));
    QVERIFY(refused(bytes_of(path("a.gif")).substr(0, 12)));
    QVERIFY(refused(bytes_of(path("a.gif")).substr(0, 900)));
    QVERIFY(refused(bytes_of(path("a.mp4")).substr(0, 20)));
    QVERIFY(refused("\x1A\x45\xDF\xA3"));
    for (const char* name : {"a.gif", "a.mp4", "a.webm"}) {  // none of these may crash
      const std::string whole = bytes_of(path(name));
      for (std::size_t cut = 0; cut < whole.size(); cut += std::max<std::size_t>(1, whole.size() / 40)) refused(whole.substr(0, cut));
      for (std::size_t at = 8; at < std::min<std::size_t>(whole.size(), 600); at += 7) {
        std::string poked = whole;
        poked[at] = static_cast<char>(~poked[at]);
        refused(poked);
      }
      QVERIFY(read_film_comment(path(name)).empty());
    }
    try {
      recover_film(path("x"), path("y.mp4"));
      QFAIL("recovered");
    } catch (const Error&) {
      QVERIFY(!fs::exists(path("y.mp4")) && fs::exists(path("x")));
    }
  }

  void a_palette_fits_its_frame_and_stays() {
    std::vector<std::uint8_t> rgb;
    for (int i = 0; i < 64 * 64; ++i) {
      const std::uint8_t shade = static_cast<std::uint8_t>(i / 16);
      rgb.insert(rgb.end(), {shade, static_cast<std::uint8_t>(255 - shade), 128});
    }
    GifPalette palette;
    std::vector<std::uint8_t> indices(64 * 64);
    palette.adapt(rgb.data(), 64, 64);
    const auto colours = palette.colours();
    palette.draw(rgb.data(), 64, 64, indices.data(), 64);
    double squares = 0.0;
    for (std::size_t i = 0; i < indices.size(); ++i) {
      const double red = static_cast<double>(colours[indices[i]] >> 16 & 0xFF) - rgb[i * 3];
      squares += red * red;
    }
    QVERIFY(std::sqrt(squares / static_cast<double>(indices.size())) < 6.0);
    rgb[0] ^= 1;  // hardly another frame: no other palette
    palette.adapt(rgb.data(), 64, 64);
    QVERIFY(palette.colours() == colours);
    std::fill(rgb.begin(), rgb.end(), std::uint8_t{77});
    palette.adapt(rgb.data(), 64, 64);
    palette.draw(rgb.data(), 64, 64, indices.data(), 64);
    QVERIFY(palette.colours()[indices[5]] == 0xFF4D4D4Du);
  }

 private:
  std::string path(const std::string& name) const { return (folder_->path() + "/").toStdString() + name; }

  std::unique_ptr<QTemporaryDir> folder_;
  const std::string hostile_ = "{\"text\": \"quotes ' \\\" ; = # [x]\\n\\u0000 <b>\\ud83d\\ude00\", \"long\": \"" + std::string(70000, 'x') + "\"}";
};

QTEST_GUILESS_MAIN(TestFilm)
#include "test_film.moc"
