// What an exported file says about itself.
#pragma once

#include <string>

#include "engine/api/studio.h"

namespace orrery {

// A picture, sheet, film, sequence folder or model that Orrery exported; a recipe as a .json file works too. By content, whatever the name.
// Untrusted files are fine. Throws Error(bad_input): not readable, damaged, without a recipe.
Recipe read_recipe(const std::string& path);
// Its JSON text alone, as it stands in the file.
std::string read_recipe_text(const std::string& path);

class RecipeReader : public Recipes {
 public:
  Result<Recipe> read(const std::string& path) const override;
};

}  // namespace orrery
