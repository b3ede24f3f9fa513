// Films and sequences of pictures along a timeline.
#include <algorithm>
#include <chrono>
#include <filesystem>

#include "engine/api/result.h"
#include "engine/export/exports.h"
#include "engine/export/film_sink.h"
#include "engine/export/png_export.h"
#include "engine/io/atomic_file.h"
#ifdef ORRERY_MEDIA
#include "engine/media/film_writer.h"
#endif

namespace orrery {
namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void wrong(const std::string& why, const std::string& what_to_do) { throw Error(ErrorCode::wrong_use, why, "Nothing was written.", what_to_do); }

std::string frame_name(std::int64_t frame) {
  char name[32];
  std::snprintf(name, sizeof name, "frame-%06lld.png", static_cast<long long>(frame));
  return name;
}

// A folder of pictures, under OUT.part until it is whole.
class Sequence : public FilmSink {
 public:
  Sequence(std::string out, std::string recipe) : out_(std::move(out)), part_(out_ + ".part"), recipe_(std::move(recipe)) {
    if (!is_free()) wrong(out_ + " exists already.", "Choose another name, or remove it.");
    std::error_code failed;
    do {
      failed.clear();
      fs::remove_all(part_, failed);
    } while (failed == std::errc::interrupted);
    if (!failed) fs::create_directories(part_, failed);
    if (failed) refuse("The folder " + part_ + " cannot be made.", failed);
  }
  void add(const FilmFrame& frame) override {
    RecipeFacts facts;
    facts.request = frame.request;
    facts.frame = frame.index;
    facts.time_s = frame.time_s;
    facts.width_px = static_cast<int>(frame.rgba.size(1));
    facts.height_px = static_cast<int>(frame.rgba.size(0));
    write_picture(part_ + "/" + frame_name(frame.index), frame.rgba, frame.alpha, facts, frame.model, frame.model_path, true);
  }
  void finish() override {
    io::write_file_atomically(part_ + "/recipe.json", recipe_);
    try {
      io::publish_file(part_, out_);
    } catch (const Error& error) {
      std::error_code gone;
      if (!fs::exists(part_, gone)) throw;
      throw Error(error.error().code, out_ + " could not be put in its place.", "The pictures are in " + part_ + ".", "Rename that folder.", error.error().details);
    }
  }
  void discard() override {
    std::error_code none;
    fs::remove_all(part_, none);
  }

 private:
  // Nothing stands there, or an empty folder.
  bool is_free() const {
    std::error_code failed;
    if (!fs::exists(out_, failed)) return true;
    bool empty = false;
    do {
      failed.clear();
      empty = fs::is_directory(out_, failed) && fs::is_empty(out_, failed);
    } while (failed == std::errc::interrupted);
    if (failed) refuse("The folder " + out_ + " cannot be looked into.", failed);
    return empty;
  }
  [[noreturn]] static void refuse(const std::string& what, std::error_code why) {
    throw Error(why == std::errc::no_space_on_device ? ErrorCode::disk_full : ErrorCode::failed, what, "Nothing was written.", "Choose another place.", why.message());
  }

  std::string out_, part_, recipe_;
};

#ifdef ORRERY_MEDIA
class Film : public FilmSink {
 public:
  explicit Film(media::FilmOptions options) : writer_(std::move(options)) {}
  void add(const FilmFrame& frame) override { writer_.add(frame.rgba.const_data_ptr<std::uint8_t>(), static_cast<std::size_t>(frame.rgba.size(1)) * 4); }
  void finish() override { writer_.finish(); }
  void discard() override { writer_.discard(); }

 private:
  media::FilmWriter writer_;
};
#endif

}  // namespace

std::unique_ptr<FilmSink> open_film_sink(const FilmExport& what, int width, int height, const std::string& recipe) {
  if (!fs::path(what.out).has_extension()) return std::make_unique<Sequence>(what.out, recipe);
#ifdef ORRERY_MEDIA
  if (media::film_format(what.out)) return std::make_unique<Film>(media::FilmOptions{what.out, width, height, what.timeline.frames_per_s, what.quality, recipe});
#else
  (void)width, (void)height;
  if (const auto extension = fs::path(what.out).extension(); extension == ".mp4" || extension == ".webm" || extension == ".gif") {
    wrong("This build cannot encode films.", "Choose a folder for a sequence of pictures, or build with ORRERY_MEDIA.");
  }
#endif
  wrong(what.out + " is no name for a film.", "Choose a name that ends in .mp4, .webm or .gif, or a folder.");
}

bool needs_even_size(const std::string& out) {
  const auto extension = fs::path(out).extension();
  return extension == ".mp4" || extension == ".webm";
}

std::int64_t render_film(const Timeline& timeline, int width_px, int height_px, FrameMaker& maker, ModelSource& source, JobContext& job, const std::function<void(const FilmFrame&)>& take) {
  const std::int64_t count = frame_count(timeline);
  const auto start = Clock::now();
  for (std::int64_t k = 0; k < count; ++k) {
    const double time_s = frame_time(timeline, k);
    const Request request = request_at(timeline, time_s);
    const at::Tensor& rgba = maker.rgba(request, width_px, height_px);
    take({k, time_s, request, rgba, maker.has_alpha(request), maker.model(), source.path_of(request)});
    const double gone_s = std::chrono::duration<double>(Clock::now() - start).count(), fraction = static_cast<double>(k + 1) / static_cast<double>(count);
    job.progress(fraction, "Frame " + std::to_string(k + 1) + " of " + std::to_string(count));
    job.number("frames_per_s", static_cast<double>(k + 1) / std::max(gone_s, 1e-9));
    job.eta(gone_s / fraction - gone_s);
  }
  return count;
}

Exported export_film(const FilmExport& what, ModelSource& source, JobContext& job) {
  if (what.out.empty()) wrong("The film needs a name.", "Choose a name that ends in .mp4, .webm or .gif, or a folder.");
  if (what.size_px < 0 || what.size_px > 16384) wrong("A film cannot have that size.", "Choose between 2 and 16384 pixels, or 0 for the model's own.");
  if (!(what.timeline.duration_s > 0.0 && what.timeline.frames_per_s > 0.0)) wrong("The film has no length.", "Choose a duration and a number of frames per second.");
  FrameMaker maker(source, job);
  const Request first = request_at(what.timeline, 0.0);
  auto [width, height] = maker.size_for(first, what.size_px);
  if (needs_even_size(what.out)) {
    width += width % 2;
    height += height % 2;
  }
  RecipeFacts facts;
  facts.what = Recipe::What::film;
  facts.timeline = what.timeline;
  facts.quality = what.quality;
  facts.width_px = width;
  facts.height_px = height;
  const bool over_snapshots = std::any_of(what.timeline.tracks.begin(), what.timeline.tracks.end(), [](const Track& track) { return track.control == "snapshot"; });
  const std::string place = over_snapshots ? source.path_of({first.model, {{"snapshot", std::int64_t{1} << 40}}}) : source.path_of(first);  // the run, not one of its snapshots
  const std::string hash = maker.model().hash;
  const auto sink = open_film_sink(what, width, height, recipe_text(recipe_json(facts, maker.model(), place)));
  try {
    Exported out;
    out.pictures = render_film(what.timeline, width, height, maker, source, job, [&](const FilmFrame& frame) { sink->add(frame); });
    if (job.cancel_requested()) give_up();
    sink->finish();
    out.files = {what.out};
    out.model_hash = hash;
    return out;
  } catch (const Error& error) {
    if (error.error().code == ErrorCode::cancelled) sink->discard();
    throw;
  }
}

}  // namespace orrery
