// Importing whole folders, archives, films and fonts: classes, captions, order, and counts that add up whatever is dropped.
#include <QTemporaryDir>
#include <QTest>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>

#include "engine/api/result.h"
#include "engine/data/import.h"
#include "engine/data/names.h"
#include "engine/data/png_codec.h"
#include "engine/data/store.h"
#include "engine/data/zip_writer.h"
#include "engine/io/atomic_file.h"
#include "engine/media/folder_classes.h"
#include "engine/media/metadata.h"

using namespace orrery;
using namespace orrery::data;
namespace fs = std::filesystem;

namespace {

std::string sample_path(const std::string& name) { return ORRERY_TEST_DIR "/data/media/" + name; }

// A PNG that is unlike that of any other number.
std::string picture(int number) {
  Pixels pixels(8, 8, 3);
  for (std::size_t i = 0; i < pixels.bytes.size(); ++i) pixels.bytes[i] = static_cast<std::uint8_t>(number * 37 + static_cast<int>(i) * (number % 5 + 1));
  return encode_png_uncompressed(pixels);
}

class Recorder : public ImportObserver {
 public:
  std::vector<ImportProgress> steps;
  std::vector<ImportProblem> problems;
  std::function<bool()> cancel = [] { return false; };
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  double first_ms = -1.0;

  void progress(const ImportProgress& now) override {
    if (first_ms < 0 && now.total > 0) first_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    steps.push_back(now);
  }
  void problem(const ImportProblem& problem) override { problems.push_back(problem); }
  bool cancelled() override { return cancel(); }
};

// A folder to fill and a store to make of it.
struct Desk {
  QTemporaryDir dir;
  Recorder seen;
  std::shared_ptr<const Store> store;

  ~Desk() {
    std::error_code ignored;  // QTemporaryDir cannot remove names that are not UTF-8, nor very long paths
    fs::remove_all(path("set"), ignored);
    fs::remove_all(path("deep"), ignored);
  }
  std::string path(const std::string& name) const { return dir.path().toStdString() + "/" + name; }
  void put(const std::string& name, const std::string& bytes) const {
    fs::create_directories(fs::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary) << bytes;
  }
  void put_sample(const std::string& name, const std::string& sample) const { put(name, io::read_file(sample_path(sample))); }
  // Imports; whatever is imported, the counts add up and the problems tell of each that was skipped.
  DatasetInfo import(std::vector<std::string> sources, ImportOptions options = {}) {
    options.sources = std::move(sources);
    options.out = path("out.zip");
    if (options.size_px == 64) options.size_px = 8;
    seen = {};
    const DatasetInfo info = import_dataset(options, seen);
    store = Store::open(options.out);
    std::int64_t skipped = 0, labelled = 0;
    for (const auto& problem : info.problems) {
      skipped += !problem.kept;
      if (problem.reason.empty() || problem.file.empty()) throw std::logic_error("a problem without a name or reason");
    }
    for (const auto count : info.class_counts) labelled += count;
    const auto& last = seen.steps.back();
    if (info.seen != info.taken + info.skipped || info.skipped != skipped || info.taken != store->size() || last.seen != info.seen || last.taken != info.taken || last.skipped != info.skipped || last.total != info.seen ||
        seen.problems.size() != info.problems.size() || (!info.class_names.empty() && labelled != info.taken)) {
      throw std::logic_error("the counts do not add up");
    }
    return info;
  }
  std::string reason(const DatasetInfo& info, const std::string& file) const {
    for (const auto& problem : info.problems) {
      if (problem.file == file) return (problem.kept ? "kept: " : "skipped: ") + problem.reason;
    }
    return {};
  }
};

JobError refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.error();
  }
  return {};
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

class TestImport : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_folder_tree_with_classes() {
    Desk desk;
    for (int i = 0; i < 12; ++i) desk.put(i % 3 == 0 ? "set/all/dogs/" + std::to_string(i) + ".png" : "set/all/cats/deep/er/" + std::to_string(i) + ".png", picture(i));
    const DatasetInfo info = desk.import({desk.path("set")});
    QCOMPARE(info.taken, 12);
    QCOMPARE(info.class_names, (std::vector<std::string>{"cats", "dogs"}));
    QCOMPARE(info.class_counts, (std::vector<std::int64_t>{8, 4}));
    QCOMPARE(desk.store->label(0), 0);  // cats come first, as their folder does
    QCOMPARE(desk.store->label(11), 1);
    // The pictures themselves are untouched where the size is right: 8 px to 8 px.
    const Pixels expected = decode_png(picture(1), {8, 8, 3});
    const at::Tensor first = desk.store->picture(0).permute({1, 2, 0}).contiguous();
    QVERIFY(std::equal(expected.bytes.begin(), expected.bytes.end(), first.data_ptr<std::uint8_t>()));

    desk.put("set/all/loose.png", picture(20));
    QCOMPARE(desk.import({desk.path("set")}).class_names, (std::vector<std::string>{"(none)", "cats", "dogs"}));
    QVERIFY(desk.import({desk.path("set")}, {.classes = ClassSource::none}).class_names.empty());
    QVERIFY(desk.import({desk.path("set/all/dogs")}).class_names.empty());
    // Two places without classes inside: their names.
    QCOMPARE(desk.import({desk.path("set/all/dogs"), desk.path("set/all/cats/")}).class_names, (std::vector<std::string>{"cats", "dogs"}));
    QCOMPARE(refusal([&] { desk.import({desk.path("set")}, {.classes = ClassSource::file}); }).code, ErrorCode::bad_input);
  }

  void class_rules() {
    const auto classes = [](std::vector<std::string> folders) {
      std::vector<media::ClassFolders> things{{"x", true, std::move(folders), {}}};
      media::find_classes(things);
      return things[0].classes;
    };
    using Names = std::vector<std::string>;
    QCOMPARE(classes({""}), (Names{""}));
    QCOMPARE(classes({"a/b", "a/c/d"}), (Names{"b", "c"}));
    QCOMPARE(classes({"", "a"}), (Names{"", "a"}));
    QCOMPARE(classes({"train/x", "test/y", "validation/x"}), (Names{"x", "y", "x"}));
    QCOMPARE(classes({"train", "test"}), (Names{"", ""}));
    QCOMPARE(classes({"r/train/x", "r/val/y"}), (Names{"x", "y"}));
    QCOMPARE(classes({"only/one"}), (Names{""}));
  }

  void two_runs_give_the_same_file() {
    Desk desk;
    for (int i = 0; i < 40; ++i) desk.put("set/" + std::to_string(i % 2) + "/" + std::to_string(i) + ".png", picture(i));
    desk.import({desk.path("set")});
    const std::string first = io::read_file(desk.path("out.zip"));
    desk.import({desk.path("set")});
    QVERIFY(io::read_file(desk.path("out.zip")) == first);
  }

  void bad_files_are_listed_with_a_reason() {
    Desk desk;
    desk.put("set/a/good.png", picture(1));
    desk.put("set/a/same.png", picture(1));
    desk.put("set/b/other.png", picture(2));
    desk.put("set/a/zero.png", "");
    desk.put("set/a/cut.png", picture(3).substr(0, 100));
    desk.put("set/a/garbage.jpg", std::string(500, 'x'));
    desk.put("set/a/wrong.jpg", picture(4));
    desk.put("set/a/no_extension", picture(5));
    desk.put("set/notes.txt", "hello");
    desk.put("set/README", "hello");
    desk.put("set/a/clip.mp4", "not a film");
    desk.put("set/a/face.ttf", "not a font");
    desk.put("set/a/bad.zip", "not a zip");
    desk.put("set/a/bad.tar", std::string(1024, 'x'));
    desk.put_sample("set/a/alpha.png", "alpha.png");
    const DatasetInfo info = desk.import({desk.path("set")});
    QCOMPARE(info.taken, 4);
    QCOMPARE(info.seen, 15);
    QCOMPARE(desk.reason(info, "a/same.png"), std::string("skipped: the same as a/good.png"));
    QVERIFY(has(desk.reason(info, "a/zero.png"), "empty"));
    QVERIFY(has(desk.reason(info, "a/cut.png"), "damaged"));
    QVERIFY(has(desk.reason(info, "a/garbage.jpg"), "not JPEG"));
    QVERIFY(has(desk.reason(info, "a/wrong.jpg"), "its content is PNG"));
    QVERIFY(has(desk.reason(info, "notes.txt"), "not a picture"));
    QVERIFY(has(desk.reason(info, "README"), "not a picture"));
    QVERIFY(has(desk.reason(info, "a/clip.mp4"), "not a film"));
    QVERIFY(has(desk.reason(info, "a/face.ttf"), "not a font"));
    QVERIFY(has(desk.reason(info, "a/bad.zip"), "not an archive"));
    QVERIFY(has(desk.reason(info, "a/bad.tar"), "not an archive"));
    QVERIFY(has(desk.reason(info, "a/alpha.png"), "kept: transparency"));
  }

  void links_pipes_and_odd_names() {
    Desk desk;
    desk.put("secret/private.png", picture(50));
    desk.put("set/good.png", picture(1));
    fs::create_symlink(desk.path("secret/private.png"), desk.path("set/link.png"));
    fs::create_directory_symlink(desk.path("secret"), desk.path("set/folder"));
    fs::create_directory_symlink("..", desk.path("set/loop"));
    QCOMPARE(::mkfifo(desk.path("set/pipe.png").c_str(), 0600), 0);
    const std::vector<std::string> names{"caf\xC3\xA9.png", "cafe\xCC\x81.png", "caf\xE9.png", "new\nline.png", "-dash.png", "%s%n.png", "\xE2\x80\xAEgnp.exe.png", "\xF0\x9F\x90\xB1.png", std::string(251, 'n') + ".png", "a'b\"c\\d.png"};
    int number = 2;
    for (const auto& name : names) desk.put("set/" + name, picture(number++));
    const DatasetInfo info = desk.import({desk.path("set")});
    QCOMPARE(info.taken, static_cast<std::int64_t>(1 + names.size()));
    QCOMPARE(info.skipped, 4);
    for (const char* link : {"link.png", "folder", "loop"}) QVERIFY(has(desk.reason(info, link), "link"));
    QVERIFY(has(desk.reason(info, "pipe.png"), "pipe"));
    // A link that was named itself is followed: it was chosen.
    QCOMPARE(desk.import({desk.path("set/link.png")}).taken, 1);
    QCOMPARE(desk.import({desk.path("set/folder")}).taken, 1);
    QVERIFY(has(refusal([&] { desk.import({desk.path("set/pipe.png")}); }).what_happened, "not an ordinary file"));
    QVERIFY(has(refusal([&] { desk.import({"/dev/zero"}); }).what_happened, "not an ordinary file"));

    QCOMPARE(readable_name("caf\xE9\n"), std::string("caf\\xE9\\n"));
    QCOMPARE(readable_name("\xE2\x80\xAEx"), std::string("\\xE2\\x80\\xAEx"));
    QCOMPARE(readable_name("caf\xC3\xA9"), std::string("caf\xC3\xA9"));
    QCOMPARE(readable_name("\xED\xA0\x80\xC0\xAF"), std::string("\\xED\\xA0\\x80\\xC0\\xAF"));
  }

  void deep_folders_and_long_paths() {
    Desk desk;
    desk.put("set/top.png", picture(1));
    // 30 levels of 200 letters: longer than any path the system takes at once.
    const std::string name(200, 'd');
    int folder = ::open(desk.path("set").c_str(), O_RDONLY | O_DIRECTORY);
    for (int level = 0; level < 30; ++level) {
      QCOMPARE(::mkdirat(folder, name.c_str(), 0700), 0);
      const int next = ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY);
      ::close(folder);
      folder = next;
    }
    const int file = ::openat(folder, "deep.png", O_WRONLY | O_CREAT, 0600);
    const std::string bytes = picture(2);
    QCOMPARE(::write(file, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    ::close(file);
    ::close(folder);
    QCOMPARE(desk.import({desk.path("set")}).taken, 2);
    fs::path deep = desk.path("deep");
    for (int level = 0; level < 80; ++level) deep /= "d";
    fs::create_directories(deep);
    std::ofstream(deep / "far.png") << picture(3);
    desk.put("deep/near.png", picture(4));
    const DatasetInfo info = desk.import({desk.path("deep")});
    QCOMPARE(info.taken, 1);
    QCOMPARE(info.skipped, 1);
    QVERIFY(has(info.problems[0].reason, "deeper than 64"));
  }

  void files_that_vanish_meanwhile() {
    Desk desk;
    for (int i = 0; i < 300; ++i) desk.put("set/" + std::to_string(1000 + i) + ".png", picture(i));
    Recorder recorder;
    bool removed = false;
    recorder.cancel = [&] {
      if (!recorder.steps.empty() && recorder.steps.back().taken > 0 && !std::exchange(removed, true)) {
        for (int i = 280; i < 300; ++i) fs::remove(desk.path("set/" + std::to_string(1000 + i) + ".png"));
      }
      return false;
    };
    ImportOptions options{.sources = {desk.path("set")}, .out = desk.path("out.zip"), .size_px = 512};
    const DatasetInfo info = import_dataset(options, recorder);
    QCOMPARE(info.seen, 300);
    QCOMPARE(info.seen, info.taken + info.skipped);
    QVERIFY(info.skipped <= 20);
  }

  void a_hostile_zip() {
    Desk desk;
    const DatasetInfo info = desk.import({sample_path("hostile.zip")});
    QCOMPARE(info.seen, 16);
    QCOMPARE(info.taken, 3);  // good.png, the first twice.webp, caf\xE9.jpg
    for (const char* name : {"../escape.png", "a/../../b.png"}) QVERIFY(has(desk.reason(info, name), "leads out"));
    QVERIFY(has(desk.reason(info, "/absolute.png"), "absolute"));
    QVERIFY(has(desk.reason(info, "C:\\win.png"), "backslash"));
    QVERIFY(has(desk.reason(info, std::string(300, 'x') + ".png"), "too long"));
    QVERIFY(has(desk.reason(info, "twice.webp"), "twice"));
    QVERIFY(has(desk.reason(info, "link.png"), "link"));
    QVERIFY(!desk.reason(info, "device.png").empty());
    QVERIFY(has(desk.reason(info, "lying_small.png"), "more than it declares"));
    QVERIFY(has(desk.reason(info, "lying_large.png"), "more than it can hold"));
    QVERIFY(has(desk.reason(info, "zeros.png"), "not PNG"));
    QVERIFY(has(desk.reason(info, "inner.zip"), "inside an archive"));
    QVERIFY(has(desk.reason(info, "notes.txt"), "not a picture"));
    QVERIFY(!fs::exists(desk.path("escape.png")) && !fs::exists(desk.path("../escape.png")));
  }

  void archives() {
    Desk desk;
    DatasetInfo info = desk.import({sample_path("some.tar")});
    QCOMPARE(info.seen, 7);
    QCOMPARE(info.taken, 2);
    QCOMPARE(info.class_names, (std::vector<std::string>{"cats", "dogs"}));
    QCOMPARE(desk.store->caption(0), std::string("a red cat"));
    QVERIFY(has(desk.reason(info, "../up.png"), "leads out"));
    for (const char* link : {"sym.png", "hard.png"}) QVERIFY(has(desk.reason(info, link), "link"));
    QVERIFY(has(desk.reason(info, "fifo.png"), "ordinary"));
    QVERIFY(has(desk.reason(info, "dogs/empty.png"), "empty"));

    info = desk.import({sample_path("bomb.tar.bz2")});
    QCOMPARE(info.taken, 1);
    QVERIFY(has(desk.reason(info, "huge.png"), "too large"));
    QVERIFY(has(desk.reason(info, "the archive"), "gigabytes"));

    QVERIFY(!refusal([&] { desk.import({sample_path("count.idx.gz")}); }).what_happened.empty());

    // A zip that lost its directory still gives what stands at its front.
    info = desk.import({sample_path("cut.zip")});
    QVERIFY(info.taken >= 1);
    QVERIFY(has(desk.reason(info, "the archive"), "kept: its directory is damaged"));

    // Archives inside a folder are read, those inside them are not.
    desk.put_sample("set/one/some.tar", "some.tar");
    desk.put_sample("set/two/hostile.zip", "hostile.zip");
    info = desk.import({desk.path("set")});
    QCOMPARE(info.seen, 7 + 16);
    QVERIFY(has(desk.reason(info, "one/some.tar/../up.png"), "leads out"));
    QCOMPARE(info.class_names, (std::vector<std::string>{"one", "two"}));
  }

  void many_entries() {
    Desk desk;
    {
      ZipWriter zip(desk.path("many.zip"));
      for (int i = 0; i < 20000; ++i) zip.add(std::to_string(i % 100) + "/" + std::to_string(i) + ".png", i % 100 == 0 ? picture(i / 100 % 250) + std::string(1, static_cast<char>(i / 25000)) : std::string());
      zip.commit();
    }
    const DatasetInfo info = desk.import({desk.path("many.zip")});
    QCOMPARE(info.seen, 20000);
    QVERIFY(info.taken > 100);
  }

  void a_store_is_imported_again() {
    Desk desk;
    desk.put("set/cats/1.png", picture(1));
    desk.put("set/cats/1.txt", "one cat\n");
    desk.put("set/dogs/2.png", picture(2));
    desk.put("set/dogs/2.caption", "  two\tdogs ");
    desk.put("set/dogs/3.png", picture(3));
    desk.put("set/dogs/alone.txt", "no picture of this name");
    DatasetInfo info = desk.import({desk.path("set")});
    QCOMPARE(info.seen, 4);
    QCOMPARE(desk.store->caption(0), std::string("one cat"));
    QCOMPARE(desk.store->caption(1), std::string("two dogs"));
    QCOMPARE(desk.store->caption(2), std::string());
    fs::copy(desk.path("out.zip"), desk.path("first.zip"));
    for (const ClassSource classes : {ClassSource::folders, ClassSource::file}) {
      info = desk.import({desk.path("first.zip")}, {.size_px = 16, .classes = classes});
      QCOMPARE(info.width_px, 16);
      QCOMPARE(info.class_names, (std::vector<std::string>{"cats", "dogs"}));
      QCOMPARE(info.class_counts, (std::vector<std::int64_t>{1, 2}));
      QCOMPARE(desk.store->caption(1), std::string("two dogs"));
    }
    // A data set inside its own folder does not swallow itself.
    ImportOptions inside{.sources = {desk.path("set")}, .out = desk.path("set/own.zip"), .size_px = 8};
    import_dataset(inside, desk.seen);
    const DatasetInfo again = import_dataset(inside, desk.seen);
    QCOMPARE(again.taken, 3);
    QVERIFY(has(desk.reason(again, "own.zip"), "being written"));
  }

  void metadata_files() {
    Desk desk;
    for (int i = 0; i < 6; ++i) desk.put("set/train/" + std::to_string(i) + ".png", picture(i));
    desk.put("set/train/metadata.csv", "\xEF\xBB\xBF" "file_name,label,text\r\n0.png,cat,\"a \"\"red\"\", cat\"\r\n1.png,dog,\"two\nlines\"\r\nmissing.png,cat,x\r\n2.png,cat\r\n\r\n3.png,dog,\r\n");
    DatasetInfo info = desk.import({desk.path("set")});
    QCOMPARE(info.seen, 6);
    QCOMPARE(info.taken, 6);
    QCOMPARE(info.class_names, (std::vector<std::string>{"(none)", "cat", "dog"}));
    QCOMPARE(info.class_counts, (std::vector<std::int64_t>{3, 1, 2}));
    QCOMPARE(desk.store->caption(0), std::string("a \"red\", cat"));
    QCOMPARE(desk.store->caption(1), std::string("two lines"));
    QCOMPARE(info.problems.size(), std::size_t{2});
    QVERIFY(has(info.problems[0].reason, "line 5") && has(info.problems[0].reason, "missing.png"));
    QVERIFY(has(info.problems[1].reason, "line 6 has 2 fields instead of 3"));

    fs::remove(desk.path("set/train/metadata.csv"));
    desk.put("set/train/metadata.jsonl", "{\"file_name\": \"0.png\", \"text\": \"zero\", \"label\": 10}\nnot json\n{\"file_name\": 5}\n{\"file_name\": \"1.png\", \"label\": 9}\n[1]\n" + std::string(100, '[') + "\n");
    info = desk.import({desk.path("set")}, {.classes = ClassSource::file});
    QCOMPARE(info.class_names, (std::vector<std::string>{"(none)", "10", "9"}));
    QCOMPARE(desk.store->caption(0), std::string("zero"));
    QCOMPARE(info.problems.size(), std::size_t{4});
    QVERIFY(has(info.problems[0].reason, "line 2"));

    fs::remove(desk.path("set/train/metadata.jsonl"));
    desk.put("set/dataset.json", R"({"labels": [["train/0.png", 10], ["train/1.png", 9], ["train/2.png", 9], ["train/3.png", 2], ["train/4.png", 2], ["train/5.png", 2], ["gone.png", 1], ["train/0.png"], 7]})");
    info = desk.import({desk.path("set")});
    QCOMPARE(info.class_names, (std::vector<std::string>{"2", "9", "10"}));
    QCOMPARE(info.problems.size(), std::size_t{3});
    for (const char* bad : {"", "{", "[]", "{\"labels\": null}", "{\"labels\": 7}", "\xFF\xFE", "{\"labels\": [[\"train/0.png\", [1, 2]]]}"}) {
      desk.put("set/dataset.json", bad);
      info = desk.import({desk.path("set")});
      QCOMPARE(info.taken, 6);
      QVERIFY(info.class_names.empty());
    }

    const auto rows = media::parse_csv("a,b\n\"x\"\"y\",\"\n\"\nlast");
    QCOMPARE(rows.size(), std::size_t{3});
    QCOMPARE(rows[1].fields, (std::vector<std::string>{"x\"y", "\n"}));
    QCOMPARE(rows[2].line, 4);
    QCOMPARE(media::parse_csv("\"never closed").at(0).fields.at(0), std::string("never closed"));
  }

  void films_and_fonts() {
    Desk desk;
    DatasetInfo info = desk.import({sample_path("film.mp4")}, {.size_px = 16, .film_frames_per_s = 2.0});
    QCOMPARE(info.seen, 6);
    QCOMPARE(info.taken, 6);
    QVERIFY(info.class_names.empty());
    QCOMPARE(desk.import({sample_path("film.mp4")}, {.size_px = 16, .film_frames_per_s = 100.0}).seen, 30);

    info = desk.import({sample_path("blocks.ttf")}, {.size_px = 16});
    QCOMPARE(info.seen, 62);
    QCOMPARE(info.taken, 61);
    QCOMPARE(info.class_names.size(), std::size_t{61});
    QVERIFY(has(info.problems[0].file, "q") && has(info.problems[0].reason, "no ink"));
    QCOMPARE(desk.store->caption(0), std::string("A, Blocks"));

    // All together, two frames of the same film twice.
    info = desk.import({sample_path("film.webm"), sample_path("animated.gif"), sample_path("blocks.ttf"), sample_path("exif1.jpg"), sample_path("film.webm")}, {.size_px = 16, .film_frames_per_s = 2.0});
    QCOMPARE(info.seen, 2 + 1 + 62 + 1 + 2);
    QCOMPARE(info.taken, 2 + 1 + 61 + 1);
    QVERIFY(has(info.problems.back().reason, "the same as"));
    for (const char* hostile : {"playlist.m3u8", "concat.mp4"}) QVERIFY(!refusal([&] { desk.import({sample_path(hostile)}); }).what_happened.empty());
    QCOMPARE(desk.import({sample_path("")}, {.size_px = 16}).class_names.empty(), false);  // the whole corpus at once
  }

  void cancelling_leaves_nothing() {
    Desk desk;
    for (int i = 0; i < 200; ++i) desk.put("set/" + std::to_string(i) + ".png", picture(i));
    desk.import({desk.path("set")});
    const std::string before = io::read_file(desk.path("out.zip"));
    for (const int after : {0, 1, 3, 50}) {
      int calls = 0;
      Recorder recorder;
      recorder.cancel = [&] { return calls++ >= after; };
      ImportOptions options{.sources = {desk.path("set")}, .out = desk.path("out.zip"), .size_px = 16};
      QCOMPARE(refusal([&] { import_dataset(options, recorder); }).code, ErrorCode::cancelled);
      QVERIFY(io::read_file(desk.path("out.zip")) == before);
      options.out = desk.path("new.zip");
      calls = 0;
      QCOMPARE(refusal([&] { import_dataset(options, recorder); }).code, ErrorCode::cancelled);
      QVERIFY(!fs::exists(options.out));
    }
    int files = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(desk.dir.path().toStdString())) ++files;
    QCOMPARE(files, 2);  // the set and its store, no temporaries
  }

  void wrong_use_is_refused_in_a_sentence() {
    Desk desk;
    desk.put("set/1.png", picture(1));
    desk.put("empty/none.txt", "x");
    fs::create_directory(desk.path("void"));
    desk.put("photo.zip", "not a store");
    Recorder recorder;
    const auto code = [&](ImportOptions options) { return refusal([&] { import_dataset(options, recorder); }).code; };
    const std::string set = desk.path("set"), out = desk.path("out.zip");
    QCOMPARE(code({.sources = {}, .out = out}), ErrorCode::wrong_use);
    QCOMPARE(code({.sources = {set}, .out = desk.path("out.tar")}), ErrorCode::wrong_use);
    QCOMPARE(code({.sources = {set}, .out = out, .size_px = 0}), ErrorCode::wrong_use);
    QCOMPARE(code({.sources = {set}, .out = out, .film_frames_per_s = -1.0}), ErrorCode::wrong_use);
    QCOMPARE(code({.sources = {set}, .out = desk.path("photo.zip")}), ErrorCode::wrong_use);
    QCOMPARE(io::read_file(desk.path("photo.zip")), std::string("not a store"));
    QCOMPARE(code({.sources = {desk.path("nowhere")}, .out = out}), ErrorCode::bad_input);
    QCOMPARE(code({.sources = {desk.path("empty")}, .out = out}), ErrorCode::bad_input);
    QCOMPARE(code({.sources = {desk.path("void")}, .out = out}), ErrorCode::bad_input);
    QCOMPARE(code({.sources = {"builtin:nothing"}, .out = out}), ErrorCode::wrong_use);
    QVERIFY(code({.sources = {set}, .out = desk.path("no/such/folder/out.zip")}) != ErrorCode::wrong_use);
    QVERIFY(!fs::exists(out));
  }

  void listing_is_quick_and_shows_at_once() {
    Desk desk;
    fs::create_directories(desk.path("set"));
    for (int folder = 0; folder < 20; ++folder) {
      fs::create_directories(desk.path("set/" + std::to_string(folder)));
      for (int i = 0; i < 500; ++i) ::close(::open(desk.path("set/" + std::to_string(folder) + "/" + std::to_string(i) + ".txt").c_str(), O_CREAT | O_WRONLY, 0600));
    }
    desk.put("set/0/picture.png", picture(1));
    const DatasetInfo info = desk.import({desk.path("set")});
    QCOMPARE(info.seen, 10001);
    QVERIFY2(desk.seen.first_ms >= 0 && desk.seen.first_ms < 1000.0, qPrintable(QString::number(desk.seen.first_ms)));  // 200 on a quiet machine
    QVERIFY(desk.seen.steps.front().listing);
    QVERIFY(!desk.seen.steps.back().listing);
  }
};

QTEST_GUILESS_MAIN(TestImport)
#include "test_import.moc"
