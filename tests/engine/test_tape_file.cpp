// .otape files: back as they went, hostile ones refused with one sentence, whole or not there at all; strips and films of tapes.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ATen/ops/equal.h>

#include <QTemporaryDir>
#include <QtTest>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "engine/export/read_recipe.h"
#include "engine/export/tape_export.h"
#include "engine/explore/tape_file.h"
#include "engine/io/atomic_file.h"
#include "engine/io/png.h"
#include "engine/io/safetensors.h"
#include "tiny_denoiser.h"

using namespace orrery;
using namespace orrery::tests;

namespace {

using Json = nlohmann::json;

constexpr const char* kKey = "orrery.tape";

TapeOptions in_folder(const QTemporaryDir& folder) {
  TapeOptions options;
  options.spill_folder = folder.path().toStdString();
  return options;
}

std::string sentence_of(const std::function<void()>& work, ErrorCode expected = ErrorCode::bad_input) {
  try {
    work();
  } catch (const Error& error) {
    const JobError& said = error.error();
    return said.code == expected && !said.what_is_safe.empty() && !said.what_to_do.empty() ? said.what_happened : "WRONG CODE: " + said.what_happened;
  } catch (const std::exception& error) {
    return std::string("NOT AN ERROR OF OURS: ") + error.what();
  }
  return {};
}

bool same_steps(const TapeContents& a, const TapeContents& b) {
  if (a.steps.size() != b.steps.size()) return false;
  for (std::size_t i = 0; i < a.steps.size(); ++i) {
    const auto x = a.steps[i]->tensors(), y = b.steps[i]->tensors();
    const TapeStep &m = a.steps[i]->facts(), &n = b.steps[i]->facts();
    if (x.state.scalar_type() != y.state.scalar_type() || !at::equal(x.state, y.state) || x.prediction.defined() != y.prediction.defined()) return false;
    if (x.prediction.defined() && (x.prediction.scalar_type() != y.prediction.scalar_type() || !at::equal(x.prediction, y.prediction))) return false;
    if (m.evaluations != n.evaluations || m.level != n.level || m.output_norm != n.output_norm || m.elapsed_ms != n.elapsed_ms || a.steps[i]->state_scale() != b.steps[i]->state_scale()) return false;
  }
  return true;
}

}  // namespace

class TestTapeFile : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  TinyBehaviour behaviour_;
  TinySource source_{behaviour_};
  TapeStore store_{in_folder(folder_)};
  QuietJob job_;
  TapeId tape_ = 0;
  std::string path_;

  std::string at(const char* name) const { return folder_.filePath(name).toStdString(); }
  // The good file with its description changed, or its tensors.
  std::string spoiled(const std::function<void(io::TensorFile&, Json&)>& change) const {
    io::TensorFile file = io::read_safetensors(path_);
    Json json = Json::parse(file.metadata.at(kKey));
    change(file, json);
    if (file.metadata.count(kKey)) file.metadata[kKey] = json.dump();
    const std::string path = at("spoiled.otape");
    io::write_safetensors(path, file);
    return sentence_of([&] { TapeStore(in_folder(folder_)).open_now(path); });
  }

 private Q_SLOTS:
  void initTestCase() {
    tape_ = record_tape({"m", {{"seed", std::int64_t{4}}}, {{3, {{"mean", 0.5}}}}}, source_, store_, 1, job_);
    store_.rename(tape_, "a branch");
    path_ = at("good.otape");
    store_.save_now(tape_, path_);
  }

  void comes_back_as_it_went() {
    TapeStore other(in_folder(folder_));
    const TapeInfo info = other.open_now(path_);
    const TapeInfo was = store_.contents(tape_).info;
    QVERIFY(info.name == "a branch" && info.request == was.request && info.model_hash == was.model_hash && info.model_name == "gauss");
    QVERIFY(info.complete && info.kept && info.rows == was.rows && info.branch_step == was.branch_step);
    QVERIFY(same_steps(other.contents(info.id), store_.contents(tape_)));
    // It goes on like the original.
    Request changed = was.request;
    changed.values["mean"] = -0.2;
    const Request branch = other.branch(info.id, 6, changed).value();
    QCOMPARE(other.record(1, branch, "gauss", info.model_hash)->recorded(), std::int64_t{6});
    // What the header promises other readers.
    const io::TensorFile file = io::read_safetensors(path_);
    QVERIFY(file.tensors.at("state.5").scalar_type() == at::kDouble && file.tensors.at("state.10").scalar_type() == at::kFloat && file.tensors.at("prediction.1").scalar_type() == at::kFloat && !file.tensors.count("prediction.0"));
    const Json json = Json::parse(file.metadata.at(kKey));
    QVERIFY(json["version"] == 1 && json["steps"].size() == 11 && json["model"]["sha256"] == was.model_hash && json["rows"].size() == 4);
  }

  void saves_and_opens_in_the_background() {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> said;
    const auto note = [&](const std::string& text) {
      const std::lock_guard lock(mutex);
      said.push_back(text);
      changed.notify_all();
    };
    TapeStore store(in_folder(folder_));
    store_.save(tape_, at("later.otape"), [&](Result<bool> done) { note(done ? "saved" : done.error().what_happened); });
    store_.save(999, at("never.otape"), [&](Result<bool> done) { note(done ? "saved" : "refused"); });
    store_.save(tape_, at("later.tape"), [&](Result<bool> done) { note(done ? "saved" : "refused"); });
    store.open(path_, [&](Result<TapeInfo> done) { note(done ? done.value().name : done.error().what_happened); });
    store.open(at("not there.otape"), [&](Result<TapeInfo> done) { note(done ? "opened" : "refused"); });
    std::unique_lock lock(mutex);
    QVERIFY(changed.wait_for(lock, std::chrono::seconds(20), [&] { return said.size() == 5; }));
    std::sort(said.begin(), said.end());
    QVERIFY(said == (std::vector<std::string>{"a branch", "refused", "refused", "refused", "saved"}));
    QVERIFY(!QFile::exists(folder_.filePath("never.otape")));
  }

  void belongs_to_its_model() {
    TapeOptions options = in_folder(folder_);
    options.find_model = [](const std::string& hash) -> std::optional<Request> {
      if (hash == std::string(64, 'a')) return Request{"file:moved", {{"snapshot", std::int64_t{2}}}};
      return std::nullopt;
    };
    TapeStore store(options);
    const TapeInfo info = store.open_now(path_);
    QVERIFY(info.request.model == "file:moved" && info.request.get<std::int64_t>("snapshot", 0) == 2 && info.request.get<std::int64_t>("seed", 0) == 4);
    io::TensorFile file = io::read_safetensors(path_);
    Json json = Json::parse(file.metadata.at(kKey));
    json["model"]["sha256"] = std::string(64, 'b');
    file.metadata[kKey] = json.dump();
    io::write_safetensors(at("foreign.otape"), file);
    const std::string said = sentence_of([&] { store.open_now(at("foreign.otape")); });
    QVERIFY2(said.find("not open") != std::string::npos && said.find("gauss") != std::string::npos, said.c_str());
    QCOMPARE(store.tapes().size(), std::size_t{1});
  }

  void hostile_files_are_refused() {
    const std::pair<const char*, std::function<void(io::TensorFile&, Json&)>> cases[] = {
        {"something else", [](auto& file, auto&) { file.metadata.clear(); }},
        {"not JSON", [](auto& file, auto& json) { json = Json::array(); (void)file; }},
        {"later version", [](auto&, auto& json) { json["version"] = 2; }},
        {"no version", [](auto&, auto& json) { json["version"] = 0; }},
        {"which version", [](auto&, auto& json) { json.erase("version"); }},
        {"which version", [](auto&, auto& json) { json["version"] = "1"; }},
        {"wrong form", [](auto&, auto& json) { json.erase("name"); }},
        {"wrong form", [](auto&, auto& json) { json["complete"] = 1; }},
        {"wrong form", [](auto&, auto& json) { json["steps"][2][0] = "x"; }},
        {"far too long", [](auto&, auto& json) { json["name"] = std::string(5000, 'x'); }},
        {"which model", [](auto&, auto& json) { json["model"]["sha256"] = "../../x"; }},
        {"request is damaged", [](auto&, auto& json) { json["request"] = {{"values", 3}}; }},
        {"unknown type", [](auto&, auto& json) { json["state_dtype"] = "F128"; }},
        {"unknown type", [](auto&, auto& json) { json["prediction_dtype"] = "I64"; }},
        {"no steps", [](auto&, auto& json) { json["steps"] = Json::array(); }},
        {"table of steps is damaged", [](auto&, auto& json) { json["steps"][0].push_back(1); }},
        {"impossible numbers", [](auto&, auto& json) { json["steps"][5][0] = 0; }},
        {"impossible numbers", [](auto&, auto& json) { json["steps"][5][1] = -1.0; }},
        {"branches off", [](auto&, auto& json) { json["branch_step"] = 11; }},
        {"branches off", [](auto&, auto& json) { json["branch_step"] = -1; }},
        {"steps are missing", [](auto& file, auto&) { file.tensors.erase("state.4"); }},
        {"belongs to no step", [](auto& file, auto&) { file.tensors["state.11"] = file.tensors["state.1"]; }},
        {"belongs to no step", [](auto& file, auto&) { file.tensors["state.01"] = file.tensors["state.1"]; }},
        {"belongs to no step", [](auto& file, auto&) { file.tensors["weights"] = file.tensors["state.1"]; }},
        {"belongs to no step", [](auto& file, auto&) { file.tensors["state.-1"] = file.tensors["state.1"]; }},
        {"shapes of its steps differ", [](auto& file, auto&) { file.tensors["state.4"] = file.tensors["state.4"].narrow(3, 0, 4); }},
        {"shapes of its steps differ", [](auto& file, auto&) { file.tensors["prediction.4"] = file.tensors["prediction.4"].narrow(1, 0, 1); }},
        {"no shape", [](auto& file, auto&) { for (auto& [name, tensor] : file.tensors) tensor = tensor.flatten(); }},
        {"no shape", [](auto& file, auto&) { for (auto& [name, tensor] : file.tensors) tensor = tensor.narrow(0, 0, 0); }},
        {"another type", [](auto& file, auto&) { file.tensors["state.4"] = file.tensors["state.4"].to(at::kLong); }},
        {"another type", [](auto&, auto& json) { json["state_dtype"] = "F32"; }},
    };
    for (const auto& [expected, change] : cases) {
      const std::string said = spoiled(change);
      QVERIFY2(said.find(expected) != std::string::npos, (std::string(expected) + ": " + said).c_str());
    }
    // Cut off at any place; and one changed byte of the header at a time never does worse than an error.
    const std::string whole = io::read_file(path_), path = at("cut.otape");
    for (const std::size_t length : {std::size_t{0}, std::size_t{4}, std::size_t{200}, whole.size() / 2, whole.size() - 1}) {
      io::write_file_atomically(path, whole.substr(0, length));
      const std::string said = sentence_of([&] { TapeStore(in_folder(folder_)).open_now(path); });
      QVERIFY2(!said.empty() && said.find("OURS") == std::string::npos && said.find("WRONG") == std::string::npos, said.c_str());
    }
    for (std::size_t i = 0; i < 1500; i += 7) {
      std::string changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 7)));
      io::write_file_atomically(path, changed);
      const std::string said = sentence_of([&] { TapeFile file(path); });
      QVERIFY2(said.find("OURS") == std::string::npos && said.find("WRONG") == std::string::npos, said.c_str());
    }
  }

  // Killed at any moment, a writer leaves the old file or the new one.
  void survives_a_killed_writer() {
    const std::string path = at("killed.otape");
    store_.save_now(tape_, path);
    const std::string before = io::read_file(path);
    const TapeId longer = record_tape({"m", {{"steps", std::int64_t{30}}}}, source_, store_, 2, job_);
    store_.save_now(longer, at("new.otape"));
    const std::string after = io::read_file(at("new.otape"));
    QVERIFY(before != after);
    int old_ones = 0, new_ones = 0;
    static int calls_left = 0;
    for (int kill_at = 1; kill_at <= 75; kill_at += kill_at < 60 ? 6 : 1) {
      io::write_file_atomically(path, before);
      const pid_t child = ::fork();
      if (child == 0) {
        calls_left = kill_at;
        auto& calls = io::file_calls();
        static const io::FileCalls real = calls;
        const auto count = [] { if (--calls_left == 0) ::kill(::getpid(), SIGKILL); };
        static const auto counted = count;
        calls.pwrite = [](int descriptor, const void* bytes, std::size_t size, off_t offset) { return counted(), real.pwrite(descriptor, bytes, size, offset); };
        calls.fsync = [](int descriptor) { return counted(), real.fsync(descriptor); };
        calls.link_descriptor = [](int descriptor, const char* name) { return counted(), real.link_descriptor(descriptor, name); };
        calls.rename = [](const char* from, const char* to) { return counted(), real.rename(from, to); };
        calls.close = [](int descriptor) { return counted(), real.close(descriptor); };
        try {
          store_.save_now(longer, path);
        } catch (...) {
          ::_exit(1);
        }
        ::_exit(0);
      }
      int status = 0;
      ::waitpid(child, &status, 0);
      QVERIFY(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
      const std::string now = io::read_file(path);
      QVERIFY(now == before || now == after);
      (now == before ? old_ones : new_ones) += 1;
    }
    QVERIFY2(old_ones >= 5 && new_ones >= 1, (std::to_string(old_ones) + " " + std::to_string(new_ones)).c_str());
  }

  void a_strip_shows_the_steps_and_says_how_it_was_made() {
    StripExport what;
    what.columns = 5;
    what.size_px = 16;
    what.out = at("strip.png");
    const Exported made = export_strip(what, {tape_}, store_, source_, job_);
    QCOMPARE(made.pictures, std::int64_t{10});
    const io::PngImage png = io::read_png(what.out);
    QVERIFY(png.width_px == 80 && png.height_px == 32);
    const Recipe recipe = read_recipe(what.out);
    QVERIFY(recipe.what == Recipe::What::tape && recipe.timeline.base == store_.contents(tape_).info.request && recipe.model_hash == std::string(64, 'a'));
    const Json json = Json::parse(recipe.json);
    QVERIFY(json["rows"] == (Json{"state", "prediction"}) && json["steps"] == (Json{0, 3, 5, 8, 10}));
    // At its own size the last cell is the last state, pixel by pixel.
    what.size_px = 0;
    what.rows = {TapeRow::state};
    what.steps = {10};
    export_strip(what, {tape_}, store_, source_, job_);
    const io::PngImage one = io::read_png(what.out);
    const auto image = store_.picture(tape_, 10, TapeRow::state).value();
    QVERIFY(one.width_px == 8 && one.channels == 4 && std::memcmp(one.pixels.data(), image.data, 256) == 0);
    what.steps = {11};
    QVERIFY(!sentence_of([&] { export_strip(what, {tape_}, store_, source_, job_); }, ErrorCode::wrong_use).empty());
    what.steps.clear();
    what.out = at("strip.jpg");
    QVERIFY(!sentence_of([&] { export_strip(what, {tape_}, store_, source_, job_); }, ErrorCode::wrong_use).empty());
  }

#ifdef ORRERY_MEDIA
  void a_film_runs_through_the_steps() {
    TapeFilmExport what;
    what.seconds = 0.5;
    what.hold_s = 0.2;
    what.size_px = 32;
    what.out = at("film.gif");
    const Exported made = export_tape_film(what, tape_, store_, source_, job_);
    QCOMPARE(made.pictures, std::int64_t{21});
    QVERIFY(QFileInfo(folder_.filePath("film.gif")).size() > 500);
    const Recipe recipe = read_recipe(what.out);
    QVERIFY(recipe.what == Recipe::What::tape && recipe.timeline.base == store_.contents(tape_).info.request);
    what.out = at("film.xyz");
    QVERIFY(!sentence_of([&] { export_tape_film(what, tape_, store_, source_, job_); }, ErrorCode::wrong_use).empty());
  }
#endif
};

QTEST_GUILESS_MAIN(TestTapeFile)
#include "test_tape_file.moc"
