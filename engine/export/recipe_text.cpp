#include "engine/export/recipe_text.h"

#include <ATen/Version.h>

#include <filesystem>

#include "engine/api/value_json.h"
#include "orrery_version.h"

namespace orrery {
namespace {

using Json = nlohmann::json;

constexpr const char* kWhat[] = {"picture", "sheet", "film", "model", "training", "tape"};
constexpr std::size_t kMostBytes = std::size_t{64} << 20;

[[noreturn]] void refuse(const std::string& why, const std::string& details = {}) {
  throw Error(ErrorCode::bad_input, "The recipe cannot be used: " + why + ".", "Nothing was changed.", "Choose a file that Orrery exported.", details);
}

Json checked(const std::string& text) {
  if (text.size() > kMostBytes) refuse("it is far too long");
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) refuse("it is not JSON of Orrery's form");
  if (!json.contains("orrery") || !json["orrery"].is_number_integer()) refuse("it does not say which version it has");
  const auto version = json["orrery"].get<std::int64_t>();
  if (version < 1) refuse("no version of Orrery wrote it");
  if (version > recipe_version) refuse("a later version of Orrery wrote it (recipe version " + std::to_string(version) + ")");
  return json;
}

Recipe::What what_of(const Json& json) {
  const std::string name = json.value("what", "");
  for (int i = 0; i < 6; ++i) {
    if (name == kWhat[i]) return static_cast<Recipe::What>(i);
  }
  refuse("it describes nothing that this version knows");
}

template <class T>
T taken(Result<T> result) {
  if (!result) refuse("its request is damaged", result.error().what_happened);
  return std::move(result.value());
}

std::string device_of(const Model& model) {
  const auto parameters = model.network ? model.network->parameters() : std::vector<at::Tensor>{};
  return parameters.empty() || parameters.front().device().is_cpu() ? "cpu" : "cuda";
}

}  // namespace

nlohmann::json recipe_json(const RecipeFacts& facts, const Model& model, const std::string& model_path) {
  Json out = {{"orrery", recipe_version},
              {"program", ORRERY_ENGINE_VERSION},
              {"what", kWhat[static_cast<int>(facts.what)]},
              {"system", model.system},
              {"model", {{"sha256", model.hash}, {"path", model_path}, {"kimg", model.kimg}}},
              {"rng", rng_scheme},
              {"device", device_of(model)},
              {"cpu", at::get_cpu_capability()},
              {"precision", "float32"}};
  if (facts.what == Recipe::What::model) return out;
  out["width_px"] = facts.width_px;
  out["height_px"] = facts.height_px;
  if (facts.what == Recipe::What::film) {
    out["timeline"] = timeline_json(facts.timeline);
    out["frames"] = frame_count(facts.timeline);
    out["quality"] = facts.quality;
    return out;
  }
  out["request"] = request_json(facts.request);
  if (facts.what == Recipe::What::sheet) {
    out["seeds"] = facts.seeds;
    out["columns"] = facts.columns;
  }
  if (facts.what == Recipe::What::tape) {
    out["rows"] = facts.rows;
    if (!facts.steps.empty()) out["steps"] = facts.steps;
    if (!facts.seeds.empty()) out["seeds"] = facts.seeds;
  }
  if (facts.frame >= 0) {
    out["frame"] = facts.frame;
    out["time_s"] = facts.time_s;
  }
  return out;
}

std::string recipe_text(const nlohmann::json& recipe) { return recipe.dump(-1, ' ', true, Json::error_handler_t::replace); }

std::string parameters_text(const RecipeFacts& facts, const Model& model, const std::string& model_path) {
  std::string out;
  const auto add = [&](const std::string& name, const std::string& value) { out += (out.empty() ? "" : ", ") + name + ": " + value; };
  if (facts.what == Recipe::What::sheet) {
    add("Seeds", std::to_string(facts.seeds.size()));
  } else if (!facts.request.values.count("seed")) {
    add("Seed", "0");
  }
  for (const auto& [id, value] : facts.request.values) {
    if (facts.what == Recipe::What::sheet && id == "seed") continue;
    const Json json = value_json(value);
    add(id == "seed" ? "Seed" : id, json.is_string() ? json.get<std::string>() : json.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  add("Size", std::to_string(facts.width_px) + "x" + std::to_string(facts.height_px));
  add("Model hash", model.hash.substr(0, 10));
  add("Model", std::filesystem::path(model_path).stem());
  add("Version", std::string("Orrery ") + ORRERY_ENGINE_VERSION);
  return out;
}

RecipeFacts parse_facts(const std::string& text) {
  const Json json = checked(text);
  try {
    RecipeFacts out;
    out.what = what_of(json);
    if (json.contains("request")) out.request = taken(request_from(json["request"]));
    if (json.contains("timeline")) out.timeline = taken(timeline_from(json["timeline"]));
    out.seeds = json.value("seeds", std::vector<std::int64_t>{});
    out.columns = json.value("columns", 0);
    out.rows = json.value("rows", std::vector<std::string>{});
    out.steps = json.value("steps", std::vector<std::int64_t>{});
    out.quality = json.value("quality", 18);
    out.frame = json.value("frame", std::int64_t{-1});
    out.time_s = json.value("time_s", 0.0);
    out.width_px = json.value("width_px", 0);
    out.height_px = json.value("height_px", 0);
    const bool pictures = out.what == Recipe::What::picture || out.what == Recipe::What::sheet || out.what == Recipe::What::tape;
    if (pictures && !json.contains("request")) refuse("it has no request");
    if (out.what == Recipe::What::film && !json.contains("timeline")) refuse("it has no timeline");
    if (out.what == Recipe::What::sheet && (out.seeds.empty() || out.columns < 1 || out.seeds.size() > 1000000)) refuse("its sheet has no seeds or no columns");
    const bool sized = pictures || out.what == Recipe::What::film;
    if (sized && (out.width_px < 1 || out.height_px < 1 || out.width_px > 1 << 20 || out.height_px > 1 << 20)) refuse("its size is impossible");
    return out;
  } catch (const Json::exception& error) {
    refuse("a part of it has the wrong form", error.what());
  }
}

Recipe parse_recipe(const std::string& text) {
  const RecipeFacts facts = parse_facts(text);
  const Json json = checked(text);
  Recipe out;
  out.what = facts.what;
  out.json = recipe_text(json);
  out.timeline = facts.timeline;
  if (facts.what != Recipe::What::film) out.timeline.base = facts.request;
  if (facts.what == Recipe::What::sheet && !facts.seeds.empty()) out.timeline.base.values["seed"] = facts.seeds.front();
  try {
    const Json model = json.value("model", Json::object());
    out.model_hash = model.value("sha256", "");
    out.model_path = model.value("path", "");
  } catch (const Json::exception& error) {
    refuse("what it says about its model has the wrong form", error.what());
  }
  return out;
}

}  // namespace orrery
