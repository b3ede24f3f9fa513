#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/export/exports.h"
#include "verbs/playing.h"

namespace orrery::app {
namespace {

struct Arguments {
  std::string model, seeds, request, out, grid;
  std::vector<std::string> set;
  int size_px = 0;
  bool bare = false;
};

void sample(const Arguments& given, Context& context) {
  Played played(context, given.model);
  PictureExport what;
  what.out = given.out;
  what.size_px = given.size_px;
  what.with_recipe = !given.bare;
  if (!given.request.empty()) what.request = played.read_request(given.request);
  what.request.model = played.info().id;
  played.set(what.request, given.set);
  if (!given.seeds.empty()) what.seeds = parse_seeds(given.seeds);
  const bool one_file = given.out.ends_with(".png");
  if (!given.grid.empty()) {
    const auto [columns, rows] = parse_grid(given.grid);
    what.columns = columns;
    const std::int64_t first = what.seeds.empty() ? what.request.get<std::int64_t>("seed", 0) : what.seeds.front(), cells = std::int64_t{columns} * rows;
    if (what.seeds.size() <= 1) {
      what.seeds.clear();
      for (std::int64_t i = 0; i < cells; ++i) what.seeds.push_back(first + i);
    }
    if (static_cast<std::int64_t>(what.seeds.size()) > cells) {
      throw Error(ErrorCode::wrong_use, std::to_string(what.seeds.size()) + " seeds do not fit into a grid of " + given.grid + ".", "Nothing was written.", "Choose a larger grid, or fewer seeds.");
    }
  } else if (one_file && what.seeds.size() > 1) {
    what.columns = static_cast<int>(std::ceil(std::sqrt(static_cast<double>(what.seeds.size()))));
  }
  ConsoleJob job(context.json);
  const auto start = std::chrono::steady_clock::now();
  const Exported made = export_pictures(what, played.shelf(), job);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (context.json) {
    std::printf("%s\n", nlohmann::json({{"files", made.files}, {"pictures", made.pictures}, {"model_hash", made.model_hash}, {"seconds", seconds}}).dump(2).c_str());
  } else {
    for (const auto& file : made.files) std::printf("%s\n", file.c_str());
  }
}

}  // namespace

void add_sample(CLI::App& program, Context& context) {
  auto* verb = program.add_subcommand("sample", "pictures of a model");
  auto given = std::make_shared<Arguments>();
  verb->add_option("model", given->model, "a model file, a run folder, or starter:NAME")->required();
  verb->add_option("--seeds", given->seeds, "which seeds: 0-15,20");
  verb->add_option("--set", given->set, "one control, control=value (may be repeated)")->expected(1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option("--request", given->request, "a request as JSON, or a file that carries a recipe");
  verb->add_option("--out", given->out, "FILE.png, or a folder for a picture per seed")->required();
  verb->add_option("--grid", given->grid, "a contact sheet of so many columns and rows: 4x4");
  verb->add_option("--size", given->size_px, "of the longer side of each picture in pixels; 0 is the model's own")->check(CLI::Range(0, 16384));
  verb->add_flag("--no-recipe", given->bare, "write the pictures without saying how they were made");
  verb->callback([given, &context] { sample(*given, context); });
}

}  // namespace orrery::app
