// Single pictures, contact sheets, a picture per seed.
#include <algorithm>
#include <cstring>
#include <filesystem>

#include "engine/api/result.h"
#include "engine/export/exports.h"
#include "engine/export/frame_maker.h"
#include "engine/export/png_export.h"
#include "engine/export/recipe_text.h"

namespace orrery {
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kMostSheetPixels = std::int64_t{1} << 28;

[[noreturn]] void wrong(const std::string& why, const std::string& what_to_do) { throw Error(ErrorCode::wrong_use, why, "Nothing was written.", what_to_do); }

Request with_seed(const Request& request, std::int64_t seed) {
  Request out = request;
  out.values["seed"] = seed;
  return out;
}

std::string seed_name(std::int64_t seed) {
  char name[48];
  std::snprintf(name, sizeof name, "seed-%05lld.png", static_cast<long long>(seed));
  return name;
}

void make_folder(const std::string& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) throw Error(ErrorCode::failed, "The folder " + folder + " cannot be made.", "Nothing was written.", "Choose another place.", failed.message());
}

class Pictures {
 public:
  Pictures(const PictureExport& what, ModelSource& source, JobContext& job) : what_(what), source_(source), job_(job), maker_(source, job) {}

  void one(const Request& request, const std::string& path) {
    const auto [width, height] = maker_.size_for(request, what_.size_px);
    const at::Tensor rgba = maker_.rgba(request, width, height);
    RecipeFacts facts;
    facts.request = request;
    facts.width_px = width;
    facts.height_px = height;
    write_picture(path, rgba, maker_.has_alpha(request), facts, maker_.model(), source_.path_of(request), what_.with_recipe);
    done(path);
  }

  void sheet(const std::vector<std::int64_t>& seeds, int columns) {
    const auto [width, height] = maker_.size_for(what_.request, what_.size_px);
    RecipeFacts facts;
    facts.what = Recipe::What::sheet;
    facts.request = what_.request;
    facts.request.values.erase("seed");
    facts.seeds = seeds;
    facts.columns = columns;
    facts.width_px = width;
    facts.height_px = height;
    const at::Tensor picture = sheet_of(facts, maker_, [&](std::size_t cell) { job_.progress(static_cast<double>(cell) / static_cast<double>(seeds.size()), "Picture " + std::to_string(cell + 1) + " of " + std::to_string(seeds.size())); });
    write_picture(what_.out, picture, maker_.has_alpha(what_.request), facts, maker_.model(), source_.path_of(what_.request), what_.with_recipe);
    out_.pictures += static_cast<std::int64_t>(seeds.size());
    out_.files.push_back(what_.out);
  }

  Exported result() {
    out_.model_hash = maker_.model().hash;
    job_.progress(1.0, "Done");
    return out_;
  }

 private:
  void done(const std::string& path) {
    out_.files.push_back(path);
    ++out_.pictures;
    const auto all = std::max<std::size_t>(1, what_.seeds.size());
    job_.progress(static_cast<double>(out_.pictures) / static_cast<double>(all), "Picture " + std::to_string(out_.pictures) + " of " + std::to_string(all));
  }

  const PictureExport& what_;
  ModelSource& source_;
  JobContext& job_;
  FrameMaker maker_;
  Exported out_;
};

}  // namespace

at::Tensor sheet_of(const RecipeFacts& facts, FrameMaker& maker, const std::function<void(std::size_t)>& before_cell) {
  const auto count = static_cast<std::int64_t>(facts.seeds.size());
  const std::int64_t columns = std::min<std::int64_t>(facts.columns, count), rows = (count + columns - 1) / columns;
  const std::int64_t width = facts.width_px, height = facts.height_px;
  if (columns * width > 65535 || rows * height > 65535 || columns * width * rows * height > kMostSheetPixels) {
    wrong("A sheet of " + std::to_string(columns * width) + " x " + std::to_string(rows * height) + " pixels is too large.", "Choose fewer seeds or a smaller size.");
  }
  at::Tensor sheet = at::full({rows * height, columns * width, 4}, 255, at::kByte);
  for (std::int64_t i = 0; i < count; ++i) {
    before_cell(static_cast<std::size_t>(i));
    const at::Tensor& cell = maker.rgba(with_seed(facts.request, facts.seeds[static_cast<std::size_t>(i)]), facts.width_px, facts.height_px);
    sheet.narrow(0, i / columns * height, height).narrow(1, i % columns * width, width).copy_(cell);
  }
  return sheet;
}

std::vector<std::uint8_t> png_pixels(const at::Tensor& rgba, bool alpha) {
  const at::Tensor pixels = (alpha ? rgba : rgba.narrow(2, 0, 3)).contiguous();
  const auto* bytes = pixels.const_data_ptr<std::uint8_t>();
  return {bytes, bytes + pixels.numel()};
}

void write_picture(const std::string& path, const at::Tensor& rgba, bool alpha, const RecipeFacts& facts, const Model& model, const std::string& model_path, bool with_recipe) {
  std::map<std::string, std::string> text;
  if (with_recipe) {
    text[io::png_parameters] = parameters_text(facts, model, model_path);
    text[io::png_metadata] = recipe_text(recipe_json(facts, model, model_path));
  }
  const auto pixels = png_pixels(rgba, alpha);
  io::write_png(path, {pixels.data(), static_cast<int>(rgba.size(1)), static_cast<int>(rgba.size(0)), alpha ? 4 : 3, 0}, text);
}

Exported export_pictures(const PictureExport& what, ModelSource& source, JobContext& job) {
  const bool one_file = fs::path(what.out).extension() == ".png";
  if (what.out.empty()) wrong("The picture needs a name.", "Choose a name that ends in .png, or a folder.");
  if (!one_file && fs::path(what.out).has_extension() && !fs::is_directory(what.out)) wrong(what.out + " is no name for a picture.", "Choose a name that ends in .png, or a folder.");
  if (what.size_px < 0 || what.size_px > 16384) wrong("A picture cannot have that size.", "Choose between 1 and 16384 pixels, or 0 for the model's own.");
  Pictures pictures(what, source, job);
  if (what.columns > 0) {
    if (!one_file) wrong("A contact sheet is one picture.", "Choose a name that ends in .png.");
    std::vector<std::int64_t> seeds = what.seeds;
    if (seeds.empty()) seeds.push_back(what.request.get<std::int64_t>("seed", 0));
    pictures.sheet(seeds, what.columns);
    return pictures.result();
  }
  if (what.seeds.size() > 1 && one_file) wrong("Several pictures do not fit into one file.", "Choose a folder, or a contact sheet with columns.");
  if (one_file) {
    pictures.one(what.seeds.empty() ? what.request : with_seed(what.request, what.seeds.front()), what.out);
    return pictures.result();
  }
  make_folder(what.out);
  std::vector<std::int64_t> seeds = what.seeds;
  if (seeds.empty()) seeds.push_back(what.request.get<std::int64_t>("seed", 0));
  for (const auto seed : seeds) pictures.one(with_seed(what.request, seed), (fs::path(what.out) / seed_name(seed)).string());
  return pictures.result();
}

Exported export_model(const ModelExport& what, ModelSource& source, JobContext& job) {
  if (fs::path(what.out).extension() != ".safetensors") wrong(what.out + " is no name for a model.", "Choose a name that ends in .safetensors.");
  const Request request{what.model, {}};
  const auto model = source.resolve(request);
  Model copy = *model;
  RecipeFacts facts;
  facts.what = Recipe::What::model;
  copy.meta[io::png_metadata] = recipe_text(recipe_json(facts, *model, source.path_of(request)));
  job.progress(0.0, "Writing the model");
  save_model(copy, what.out);
  job.progress(1.0, "Done");
  return {{what.out}, model->hash, 0};
}

}  // namespace orrery
