#include "engine/export/read_recipe.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "engine/export/recipe_text.h"
#include "engine/io/atomic_file.h"
#include "engine/io/png.h"
#include "engine/io/safetensors.h"
#ifdef ORRERY_MEDIA
#include "engine/media/film_writer.h"
#endif

namespace orrery {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostJson = std::size_t{64} << 20;

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw Error(ErrorCode::bad_input, path + " " + why + ".", "Nothing was changed.", "Choose a file that Orrery exported.");
}

std::string head_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse(path, "cannot be read");
  std::array<char, 16> head{};
  file.read(head.data(), head.size());
  return {head.data(), static_cast<std::size_t>(file.gcount())};
}

bool is_film(std::string_view head) {
  return head.starts_with("GIF8") || head.starts_with("\x1A\x45\xDF\xA3") || (head.size() >= 8 && head.substr(4, 4) == "ftyp");
}

std::string film_comment([[maybe_unused]] const std::string& path) {
#ifdef ORRERY_MEDIA
  return media::read_film_comment(path);
#else
  refuse(path, "is a film, which this build cannot read");
#endif
}

std::string text_of(const std::map<std::string, std::string>& text) {
  const auto found = text.find(io::png_metadata);
  return found == text.end() ? std::string() : found->second;
}

// A model carries a recipe where it was exported; a snapshot of a run says the same in its own words.
std::string model_recipe(const std::string& path) {
  const auto header = io::read_safetensors_header(path);
  if (const std::string text = text_of(header.metadata); !text.empty()) return text;
  const auto word = [&](const char* key) {
    const auto found = header.metadata.find(key);
    return found == header.metadata.end() ? std::string() : found->second;
  };
  if (word("orrery.system").empty()) return {};
  Model model;
  model.system = word("orrery.system");
  model.hash = word("orrery.sha256");
  RecipeFacts facts;
  facts.what = Recipe::What::model;
  return recipe_text(recipe_json(facts, model, path));
}

}  // namespace

std::string read_recipe_text(const std::string& path) {
  std::error_code none;
  std::string text;
  if (fs::is_directory(path, none)) {
    const std::string inside = (fs::path(path) / "recipe.json").string();
    if (!fs::exists(inside, none)) refuse(path, "holds no recipe");
    return io::read_file(inside, kMostJson);
  }
  const std::string head = head_of(path);
  if (head.starts_with("\x89PNG")) text = text_of(io::read_png_text(path));
  else if (is_film(head)) text = film_comment(path);
  else if (head.starts_with("{") || fs::path(path).extension() == ".json") text = io::read_file(path, kMostJson);
  else if (head.size() > 8 && head[8] == '{') text = model_recipe(path);
  else refuse(path, "is neither a picture nor a film nor a model of Orrery's");
  if (text.empty()) refuse(path, "carries no recipe");
  return text;
}

Recipe read_recipe(const std::string& path) {
  Recipe recipe = parse_recipe(read_recipe_text(path));
  std::error_code none;
  if (recipe.what == Recipe::What::model && !fs::is_directory(path, none)) recipe.model_path = fs::absolute(path, none);  // the file itself is the model
  return recipe;
}

Result<Recipe> RecipeReader::read(const std::string& path) const {
  try {
    return read_recipe(path);
  } catch (const Error& error) {
    return error.error();
  } catch (const std::exception& error) {
    return JobError{ErrorCode::bad_input, path + " could not be read.", "Nothing was changed.", "Choose another file.", error.what()};
  }
}

}  // namespace orrery
