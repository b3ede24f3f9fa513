// Recipes as text: what an export says about itself, so that it can be made again.
//   {"orrery": 1, "program", "what", "system", "model": {"sha256", "path", "kimg"}, "rng", "device", "precision", "width_px", "height_px",
//    "request" | "timeline", ...}
// ASCII only (\u escapes), so that it survives every container and reader.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/api/export.h"
#include "engine/api/picture_recipe.h"
#include "engine/systems/model.h"

namespace orrery {

// Everything about one export that must be known to make it again.
struct RecipeFacts {
  Recipe::What what = Recipe::What::picture;
  Request request;                 // picture, tape, sheet (seed aside)
  std::vector<std::int64_t> seeds; // sheet
  int columns = 0;                 // sheet
  std::vector<std::string> rows;   // tape: how its steps are looked at, and
  std::vector<std::int64_t> steps; // which of them a strip shows; a film shows all
  Timeline timeline;               // film
  int quality = 18;                // film
  std::int64_t frame = -1;         // a picture that is one of a film: its number, and
  double time_s = 0.0;             // its time
  int width_px = 0;
  int height_px = 0;
};

nlohmann::json recipe_json(const RecipeFacts& facts, const Model& model, const std::string& model_path);
std::string recipe_text(const nlohmann::json& recipe);
// One paragraph for people, as other programs show it: "seed: 5, truncation.psi: 0.7, Size: 64x64, Model hash: ...".
std::string parameters_text(const RecipeFacts& facts, const Model& model, const std::string& model_path);

// Reads recipe text back. Throws Error(bad_input): not JSON, not ours, of a later version, of a form that no version has.
Recipe parse_recipe(const std::string& text);
RecipeFacts parse_facts(const std::string& text);

}  // namespace orrery
