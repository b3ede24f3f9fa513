#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/export/tape_export.h"
#include "verbs/playing.h"

namespace orrery::app {
namespace {

struct Arguments {
  std::string model, seeds = "0", request, out, strip, film, rows, steps;
  std::vector<std::string> set;
  int columns = 10, size_px = -1, quality = 18;
  double seconds = 4.0, frames_per_s = 30.0;
};

[[noreturn]] void wrong(const std::string& what, const std::string& what_to_do) { throw Error(ErrorCode::wrong_use, what, "Nothing was written.", what_to_do); }

std::vector<TapeRow> parse_rows(const std::string& text) {
  std::vector<TapeRow> out;
  std::stringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const auto row = tape_row_from_name(part);
    if (!row) wrong("There is no row \"" + part + "\".", "Choose from state, prediction, difference, noise.");
    out.push_back(*row);
  }
  return out;
}

void tape(const Arguments& given, Context& context) {
  if (given.out.empty() && given.strip.empty() && given.film.empty()) wrong("It is not said what to write.", "Give --out FILE.otape, --strip FILE.png or --film FILE.mp4.");
  const auto seeds = parse_seeds(given.seeds);
  if (seeds.size() > 1 && !(given.out.empty() && given.film.empty())) wrong("A tape file and a film hold one seed.", "Give one seed, or write a strip.");
  auto rows = parse_rows(given.rows);
  Played played(context, given.model);
  Request request;
  if (!given.request.empty()) request = played.read_request(given.request);
  request.model = played.info().id;
  played.set(request, given.set);

  ConsoleJob job(context.json);
  const auto start = std::chrono::steady_clock::now();
  TapeStore store;
  std::vector<TapeId> tapes;
  for (const auto seed : seeds) {
    request.values["seed"] = seed;
    tapes.push_back(record_tape(request, played.shelf(), store, static_cast<std::uint64_t>(tapes.size()) + 1, job));
  }
  const TapeInfo info = store.contents(tapes.front()).info;
  // What comes of itself: the state where it is a picture (tokens are none), and the prediction.
  for (const auto row : {TapeRow::state, TapeRow::prediction}) {
    if (given.rows.empty() && std::find(info.rows.begin(), info.rows.end(), row) != info.rows.end()) rows.push_back(row);
  }
  std::vector<std::string> files;
  if (!given.out.empty()) {
    store.save_now(tapes.front(), given.out);
    files.push_back(given.out);
  }
  if (!given.strip.empty()) {
    StripExport what;
    what.rows = rows;
    what.columns = given.columns;
    if (!given.steps.empty()) what.steps = parse_seeds(given.steps);
    if (given.size_px >= 0) what.size_px = given.size_px;
    what.out = given.strip;
    export_strip(what, tapes, store, played.shelf(), job);
    files.push_back(given.strip);
  }
  if (!given.film.empty()) {
    TapeFilmExport what;
    what.rows = rows;
    what.seconds = given.seconds;
    what.frames_per_s = given.frames_per_s;
    if (given.size_px >= 0) what.size_px = given.size_px;
    what.quality = given.quality;
    what.out = given.film;
    export_tape_film(what, tapes.front(), store, played.shelf(), job);
    files.push_back(given.film);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (context.json) {
    nlohmann::json steps = nlohmann::json::array();
    for (const auto& step : info.steps) steps.push_back({{"evaluations", step.evaluations}, {"level", step.level}, {"output_norm", step.output_norm}, {"elapsed_ms", step.elapsed_ms}});
    std::printf("%s\n", nlohmann::json({{"files", files}, {"steps", steps}, {"model_hash", info.model_hash}, {"seconds", seconds}}).dump(2).c_str());
  } else {
    for (const auto& file : files) std::printf("%s\n", file.c_str());
  }
}

}  // namespace

void add_tape(CLI::App& program, Context& context) {
  auto* verb = program.add_subcommand("tape", "how a picture comes about, step by step");
  auto given = std::make_shared<Arguments>();
  verb->add_option("model", given->model, "a model file, a run folder, or starter:NAME")->required();
  verb->add_option("--seeds", given->seeds, "which seed; a strip may have several: 0-3")->capture_default_str();
  verb->add_option("--set", given->set, "one control, control=value (may be repeated)")->expected(1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option("--request", given->request, "a request as JSON, or a file that carries a recipe");
  verb->add_option("--out", given->out, "FILE.otape: every step, to be opened in the window");
  verb->add_option("--strip", given->strip, "FILE.png: a film strip");
  verb->add_option("--film", given->film, "FILE.mp4, .webm or .gif");
  verb->add_option("--rows", given->rows, "of the strip and the film: state, prediction, difference, noise; state and prediction if left out");
  verb->add_option("--columns", given->columns, "how many steps the strip shows; 0 is every one")->check(CLI::Range(0, 65535))->capture_default_str();
  verb->add_option("--steps", given->steps, "or which: 0,3,9-12");
  verb->add_option("--size", given->size_px, "of the longer side of each cell in pixels; 0 is the model's own")->check(CLI::Range(0, 16384));
  verb->add_option("--seconds", given->seconds, "how long the film takes for all steps")->check(CLI::Range(0.1, 3600.0))->capture_default_str();
  verb->add_option("--fps", given->frames_per_s, "frames per second")->check(CLI::Range(1.0, 240.0))->capture_default_str();
  verb->add_option("--quality", given->quality, "0 (best) to 51 (smallest)")->check(CLI::Range(0, 51))->capture_default_str();
  verb->callback([given, &context] { tape(*given, context); });
}

}  // namespace orrery::app
