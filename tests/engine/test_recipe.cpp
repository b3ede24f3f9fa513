// Recipes as text: round trips, hostile text, what is refused.
#include <QtTest>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "engine/export/read_recipe.h"
#include "engine/export/recipe_text.h"
#include "engine/io/png.h"
#include "tiny_generator.h"

using namespace orrery;
using namespace orrery::tests;

namespace {

bool ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
}

std::string refused(const std::string& text) {
  try {
    parse_recipe(text);
  } catch (const Error& error) {
    return error.error().code == ErrorCode::bad_input ? error.error().what_happened : "another error";
  }
  return {};
}

// Every kind of trouble that text from a person or a file can make.
const std::vector<std::string> hostile{"quotes \" ' ` \\ \\\\", "</script><b>bold</b>", "line\nfeed\r\ttab", std::string("zero\0byte", 9), "\xE2\x80\xAE right to left \xE2\x80\xA8",
                                       "\xF0\x9F\x98\x80 emoji", "broken utf-8 \xFF\xC3", "%s %n %d", "{\"orrery\": 99}", "../../../etc/passwd", std::string(100000, 'a')};

}  // namespace

class TestRecipe : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_picture() {
    const auto model = tiny_model({}, {}, 12.5);
    RecipeFacts facts;
    facts.request = {"run:/a/b", {{"seed", std::int64_t{5}}, {"truncation.psi", 0.1 + 0.2}, {"latent.pad", std::vector<double>{1e-17, -3.25}}, {"toggle", true}}};
    facts.width_px = 64;
    facts.height_px = 48;
    facts.frame = 7;
    facts.time_s = 7.0 / 30.0;
    const std::string text = recipe_text(recipe_json(facts, *model, "/a/b/snapshot.safetensors"));
    QVERIFY(ascii(text));
    const Recipe recipe = parse_recipe(text);
    QVERIFY(recipe.what == Recipe::What::picture && recipe.timeline.base == facts.request && recipe.timeline.tracks.empty());
    QCOMPARE(recipe.model_hash, model->hash);
    QCOMPARE(recipe.model_path, std::string("/a/b/snapshot.safetensors"));
    QCOMPARE(recipe.json, text);
    // What the window copies to the clipboard is read like an export.
    Frame frame;
    frame.request = facts.request, frame.model_hash = model->hash, frame.image.width_px = 64, frame.image.height_px = 48;
    ModelInfo info;
    info.system = model->system, info.path = "/a/b/\xC3\xA4.safetensors", info.snapshots = {{12.5, {}}};
    const std::string copied = picture_recipe(frame, info, "1");
    QVERIFY(ascii(copied));
    QVERIFY(parse_recipe(copied).timeline.base == facts.request && parse_recipe(copied).model_hash == model->hash && parse_recipe(copied).model_path == info.path);
    QVERIFY(parse_facts(copied).height_px == 48);
    const RecipeFacts again = parse_facts(text);
    QVERIFY(again.frame == 7 && again.time_s == facts.time_s && again.width_px == 64 && again.height_px == 48);
    const auto json = nlohmann::json::parse(text);
    for (const char* key : {"orrery", "program", "what", "system", "model", "rng", "device", "precision", "width_px", "height_px", "request"}) QVERIFY2(json.contains(key), key);
    QVERIFY(parameters_text(facts, *model, "/a/emoji.safetensors").find("Seed: 5") != std::string::npos);
    QVERIFY(parameters_text(facts, *model, "/a/emoji.safetensors").find("Size: 64x48, Model hash: " + model->hash.substr(0, 10) + ", Model: emoji") != std::string::npos);
  }

  void a_sheet_and_a_film() {
    const auto model = tiny_model();
    RecipeFacts sheet;
    sheet.what = Recipe::What::sheet;
    sheet.request = {"m", {{"truncation.psi", 0.5}}};
    sheet.seeds = {3, 1, 2};
    sheet.columns = 2;
    sheet.width_px = sheet.height_px = 16;
    const Recipe read = parse_recipe(recipe_text(recipe_json(sheet, *model, "p")));
    QVERIFY(read.what == Recipe::What::sheet && read.timeline.base.get<std::int64_t>("seed", 0) == 3);
    QVERIFY(parse_facts(read.json).seeds == sheet.seeds && parse_facts(read.json).columns == 2);

    RecipeFacts film;
    film.what = Recipe::What::film;
    film.timeline.base = {"m", {{"seed", std::int64_t{4}}}};
    film.timeline.loop = true;
    film.timeline.tracks = {{"truncation.psi", {{0.0, 0.25, Easing::smooth}, {2.0, 1.0, Easing::ease_in}}}};
    film.quality = 23;
    film.width_px = film.height_px = 32;
    const Recipe back = parse_recipe(recipe_text(recipe_json(film, *model, "p")));
    QVERIFY(back.what == Recipe::What::film);
    QCOMPARE(timeline_to_json(back.timeline), timeline_to_json(film.timeline));
    QVERIFY(request_at(back.timeline, 1.3) == request_at(film.timeline, 1.3));
    QCOMPARE(parse_facts(back.json).quality, 23);
  }

  void hostile_text_stays_text() {
    QTemporaryDir folder;
    for (const auto& text : hostile) {
      auto model = tiny_model({.classes = 2}, {text, "b"});
      RecipeFacts facts;
      facts.request = {text, {{"class", text}, {text, std::int64_t{1}}}};
      facts.width_px = facts.height_px = 1;
      const std::string recipe = recipe_text(recipe_json(facts, *model, text));
      QVERIFY(ascii(recipe));
      const Recipe read = parse_recipe(recipe);
      const bool valid = QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size())).toUtf8().toStdString() == text;
      if (valid) QVERIFY(read.timeline.base == facts.request && read.model_path == text);
      // Through a PNG and back.
      const std::uint8_t pixel[3] = {1, 2, 3};
      const std::string path = folder.path().toStdString() + "/x.png";
      std::string parameters = parameters_text(facts, *model, "m");
      io::write_png(path, {pixel, 1, 1, 3, 0}, {{io::png_metadata, recipe}});
      QCOMPARE(read_recipe(path).json, read.json);
      QVERIFY(!parameters.empty());
    }
  }

  void what_is_refused() {
    const std::string good = recipe_text(recipe_json([] {
      RecipeFacts facts;
      facts.width_px = facts.height_px = 8;
      return facts;
    }(), *tiny_model(), "p"));
    QVERIFY(refused(good).empty());
    const auto with = [&](const char* patch) {
      auto json = nlohmann::json::parse(good);
      json.merge_patch(nlohmann::json::parse(patch));
      return json.dump();
    };
    for (const char* patch : {R"({"orrery": null})", R"({"orrery": "1"})", R"({"orrery": 0})", R"({"orrery": 99})", R"({"what": "song"})", R"({"what": 7})", R"({"request": null})", R"({"request": 5})",
                              R"({"request": {"values": {"x": {"y": 1}}}})", R"({"width_px": 0})", R"({"height_px": 99999999})", R"({"width_px": "wide"})", R"({"model": 3})", R"({"model": {"path": 7}})",
                              R"({"what": "film"})", R"({"what": "film", "timeline": {"duration_s": -1}})", R"({"what": "sheet"})", R"({"what": "sheet", "seeds": [], "columns": 2})",
                              R"({"what": "sheet", "seeds": ["a"], "columns": 2})", R"({"what": "sheet", "seeds": [1], "columns": 0})"}) {
      QVERIFY2(!refused(with(patch)).empty(), patch);
    }
    QVERIFY(refused(with(R"({"orrery": 99})")).find("later version") != std::string::npos);
    for (const char* text : {"", "null", "[]", "7", "{", "{\"orrery\": 1", "\xFF\xFE"}) QVERIFY2(!refused(text).empty(), text);
    QVERIFY(!refused(std::string(2000, '[')).empty());
  }

  void files_that_carry_none() {
    QTemporaryDir folder;
    const auto path = [&](const char* name) { return folder.path().toStdString() + "/" + name; };
    const RecipeReader reader;
    const std::uint8_t pixel[3] = {1, 2, 3};
    io::write_png(path("plain.png"), {pixel, 1, 1, 3, 0});
    io::write_png(path("others.png"), {pixel, 1, 1, 3, 0}, {{io::png_parameters, "a cat, Steps: 20"}});
    io::write_png(path("bad.png"), {pixel, 1, 1, 3, 0}, {{io::png_metadata, "not JSON"}});
    std::ofstream(path("text.txt")) << "hello";
    std::ofstream(path("empty"));
    std::ofstream(path("cut.png")) << "\x89PNG\r\n";
    std::ofstream(path("short.safetensors"), std::ios::binary) << std::string("\x40\0\0\0\0\0\0\0{", 9);
    std::filesystem::create_directory(path("folder"));
    for (const char* name : {"plain.png", "others.png", "bad.png", "text.txt", "empty", "cut.png", "short.safetensors", "folder", "nothing"}) {
      const auto read = reader.read(path(name));
      QVERIFY2(!read && read.error().code == ErrorCode::bad_input && !read.error().what_happened.empty(), name);
    }
  }
};

QTEST_GUILESS_MAIN(TestRecipe)
#include "test_recipe.moc"
