#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/explore/check_request.h"
#include "engine/export/exports.h"
#include "verbs/playing.h"
#ifdef ORRERY_MEDIA
#include "engine/media/film_writer.h"
#endif

namespace orrery::app {
namespace {

struct Arguments {
  std::string model, path, out, seeds, recover;
  std::vector<std::string> set;
  double frames_per_s = 0.0, seconds = 8.0;
  int size_px = 512, quality = 18;
  bool open_end = false;
};

[[noreturn]] void wrong(const std::string& what, const std::string& what_to_do) { throw Error(ErrorCode::wrong_use, what, "Nothing was written.", what_to_do); }

// The path file's timeline, every key checked against the model's controls.
Timeline timeline_of(const Arguments& given, Played& played) {
  Timeline timeline;
  if (!given.path.empty()) {
    auto read = timeline_from_json(read_text(given.path));
    if (!read) throw Error(read.error());
    timeline = std::move(read.value());
    for (auto& track : timeline.tracks) {
      const ControlSpec& spec = played.control(track.control);
      for (auto& key : track.keys) key.value = checked_value(spec, key.value);
    }
    timeline.base = played.checked(timeline.base);
  } else {
    std::vector<Request> stops;
    for (const auto seed : parse_seeds(given.seeds)) stops.push_back({played.info().id, {{"seed", seed}}});
    timeline = timeline_through(stops, played.info().controls, given.seconds, 30.0, !given.open_end);
  }
  if (given.frames_per_s > 0.0) timeline.frames_per_s = given.frames_per_s;
  timeline.base.model = played.info().id;
  played.set(timeline.base, given.set);
  return timeline;
}

void recover([[maybe_unused]] const Arguments& given, [[maybe_unused]] Context& context) {
#ifdef ORRERY_MEDIA
  media::recover_film(given.recover, given.out);
  if (context.json) std::printf("%s\n", nlohmann::json({{"file", given.out}}).dump(2).c_str());
  else std::printf("%s\n", given.out.c_str());
#else
  wrong("This build cannot encode films.", "Build with ORRERY_MEDIA.");
#endif
}

void film(const Arguments& given, Context& context) {
  if (!given.recover.empty()) return recover(given, context);
  if (given.model.empty()) wrong("It is not said of which model.", "Name a model file, a run folder, or starter:NAME.");
  if (given.path.empty() == given.seeds.empty()) wrong("A film needs either a path or seeds.", "Give --path PATH.json, or --seeds 0-5 --seconds 8");
  Played played(context, given.model);
  FilmExport what;
  what.timeline = timeline_of(given, played);
  what.size_px = given.size_px;
  what.quality = given.quality;
  what.out = given.out;
  ConsoleJob job(context.json);
  const auto start = std::chrono::steady_clock::now();
  const Exported made = export_film(what, played.shelf(), job);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (context.json) {
    std::printf("%s\n", nlohmann::json({{"file", given.out}, {"frames", made.pictures}, {"frames_per_s_rendered", static_cast<double>(made.pictures) / seconds}, {"model_hash", made.model_hash}, {"seconds", seconds}}).dump(2).c_str());
  } else {
    std::printf("%s\n", given.out.c_str());
  }
}

}  // namespace

void add_film(CLI::App& program, Context& context) {
  auto* verb = program.add_subcommand("film", "a film along a path through a model");
  auto given = std::make_shared<Arguments>();
  verb->add_option("model", given->model, "a model file, a run folder, or starter:NAME");
  verb->add_option("--path", given->path, "a timeline as JSON (the window saves them)");
  verb->add_option("--seeds", given->seeds, "instead of a path: a walk from seed to seed, 0-5");
  verb->add_option("--seconds", given->seconds, "how long that walk takes")->check(CLI::Range(0.1, 86400.0))->capture_default_str();
  verb->add_flag("--open", given->open_end, "the walk ends at the last seed instead of going back to the first");
  verb->add_option("--set", given->set, "one control, control=value (may be repeated)")->expected(1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option("--out", given->out, "FILE.mp4, .webm, .gif, or a folder for a sequence of pictures")->required();
  verb->add_option("--fps", given->frames_per_s, "frames per second; the path's own if left out")->check(CLI::Range(1.0, 240.0));
  verb->add_option("--size", given->size_px, "of the longer side in pixels; 0 is the model's own")->check(CLI::Range(0, 16384))->capture_default_str();
  verb->add_option("--quality", given->quality, "0 (best) to 51 (smallest)")->check(CLI::Range(0, 51))->capture_default_str();
  verb->add_option("--recover", given->recover, "instead of all this: make a film of a FILE.part that was left behind");
  verb->callback([given, &context] { film(*given, context); });
}

}  // namespace orrery::app
