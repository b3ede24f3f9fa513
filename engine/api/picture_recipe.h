// The recipe of one picture as the window knows it, in the words every export uses (engine/export/recipe_text.h): for pictures that leave by the
// clipboard, where no export job runs.
#pragma once

#include <string>

#include "engine/api/frame.h"
#include "engine/api/model.h"

namespace orrery {

inline constexpr int recipe_version = 1;
inline constexpr const char* rng_scheme = "philox4x32-10 box-muller";
// The keyword of the recipe in a PNG's tEXt and a film's metadata.
inline constexpr const char* recipe_keyword = "orrery_metadata";

// ASCII JSON. `version`: of the program.
std::string picture_recipe(const Frame& frame, const ModelInfo& model, const std::string& version);

}  // namespace orrery
