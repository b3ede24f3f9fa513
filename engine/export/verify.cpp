#include "engine/export/verify.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>

#include "engine/export/film_sink.h"
#include "engine/export/png_export.h"
#include "engine/export/read_recipe.h"
#include "engine/io/atomic_file.h"
#include "engine/io/cache_dir.h"
#ifdef ORRERY_MEDIA
#include "engine/media/film_reader.h"
#include "engine/media/film_writer.h"
#endif

namespace orrery {
namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& what_to_do) { throw Error(ErrorCode::bad_input, what, "Nothing was changed.", what_to_do); }

class Verifier {
 public:
  Verifier(const std::string& path, ModelShelf& shelf, JobContext& job, const std::string& model_path)
      : path_(path), shelf_(shelf), job_(job), text_(read_recipe_text(path)), facts_(parse_facts(text_)), recipe_(parse_recipe(text_)), json_(nlohmann::json::parse(text_)), maker_(shelf, job) {
    if (facts_.what != Recipe::What::picture && facts_.what != Recipe::What::sheet && facts_.what != Recipe::What::film) {
      refuse(path + " is no picture or film, so there is nothing to make again.", "Choose an exported picture or film.");
    }
    bind(find_model(model_path));
  }

  VerifyReport run() {
    std::error_code none;
    if (facts_.what == Recipe::What::film) fs::is_directory(path_, none) ? sequence() : film();
    else picture();
    if (report_.bit_equal) {
      report_.psnr_db = std::numeric_limits<double>::infinity();
      report_.why.clear();
    } else {
      explain();
    }
    return report_;
  }

 private:
  // The opened model whose weights the recipe means, as a request that names it.
  Request find_model(const std::string& model_path) {
    if (!model_path.empty()) return {shelf_.open_now(model_path).id, {}};
    if (auto known = shelf_.find_by_hash(recipe_.model_hash)) return *known;
    std::error_code none;
    if (!recipe_.model_path.empty() && fs::exists(recipe_.model_path, none)) {
      const ModelInfo info = shelf_.open_now(recipe_.model_path);
      if (auto known = shelf_.find_by_hash(recipe_.model_hash)) return *known;
      return {info.id, {}};
    }
    refuse("The model that made " + path_ + " (SHA-256 " + recipe_.model_hash.substr(0, 16) + "...) is not here.", "Say where it is: orrery verify FILE --model MODEL");
  }

  // Puts the found model in the place of the one that the recipe names.
  void bind(const Request& found) {
    const auto rebind = [&](Request& request) {
      request.model = found.model;
      request.values.erase("snapshot");
      if (const auto snapshot = found.values.find("snapshot"); snapshot != found.values.end()) request.values.insert(*snapshot);
    };
    rebind(facts_.request);
    const bool over_snapshots = std::any_of(facts_.timeline.tracks.begin(), facts_.timeline.tracks.end(), [](const Track& track) { return track.control == "snapshot"; });
    if (over_snapshots) facts_.timeline.base.model = found.model;
    else rebind(facts_.timeline.base);
    used_hash_ = shelf_.resolve(facts_.what == Recipe::What::film ? request_at(facts_.timeline, 0.0) : facts_.request)->hash;
  }

  void compare(const std::vector<std::uint8_t>& made, const std::uint8_t* stored, std::size_t count) {
    const bool equal = made.size() == count && std::memcmp(made.data(), stored, count) == 0;
    report_.bit_equal = report_.bit_equal && equal;
    report_.psnr_db = std::min(report_.psnr_db, equal ? std::numeric_limits<double>::infinity() : made.size() == count ? psnr_db(made.data(), stored, count) : 0.0);
  }

  void compare_png(const std::string& file, const at::Tensor& rgba, bool alpha) {
    const io::PngImage stored = io::read_png(file);
    if (stored.width_px != rgba.size(1) || stored.height_px != rgba.size(0) || stored.channels != (alpha ? 4 : 3)) {
      other_form_ = true;
      report_.bit_equal = false;
      report_.psnr_db = 0.0;
      return;
    }
    compare(png_pixels(rgba, alpha), stored.pixels.data(), stored.pixels.size());
  }

  void start(int frames) {
    report_ = {};
    report_.bit_equal = true;
    report_.psnr_db = std::numeric_limits<double>::infinity();
    report_.frames = frames;
  }

  void picture() {
    start(1);
    const bool alpha = maker_.has_alpha(facts_.request);
    if (facts_.what == Recipe::What::picture) return compare_png(path_, maker_.rgba(facts_.request, facts_.width_px, facts_.height_px), alpha);
    const auto cells = static_cast<double>(facts_.seeds.size());
    compare_png(path_, sheet_of(facts_, maker_, [&](std::size_t cell) { job_.progress(static_cast<double>(cell) / cells, "Picture " + std::to_string(cell + 1)); }), alpha);
  }

  void sequence() {
    start(static_cast<int>(frame_count(facts_.timeline)));
    render_film(facts_.timeline, facts_.width_px, facts_.height_px, maker_, shelf_, job_, [&](const FilmFrame& frame) {
      char name[32];
      std::snprintf(name, sizeof name, "/frame-%06lld.png", static_cast<long long>(frame.index));
      compare_png(path_ + name, frame.rgba, frame.alpha);
    });
  }

#ifdef ORRERY_MEDIA
  void film() {
    lossy_ = true;
    start(static_cast<int>(frame_count(facts_.timeline)));
    const auto format = media::film_format_of_file(path_);
    if (!format) refuse(path_ + " is no film of a form that Orrery writes.", "Choose an .mp4, .webm or .gif.");
    const std::string extension = media::film_extension(*format);
    const int descriptor = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) refuse(path_ + " cannot be read.", "Choose another file.");
    const std::string again = io::cache_folder("verify") + "/" + std::to_string(::getpid()) + "-" + std::to_string(reinterpret_cast<std::uintptr_t>(this)) + extension;
    try {
      media::FilmReader reader(descriptor);
      media::FilmWriter writer({again, facts_.width_px, facts_.height_px, facts_.timeline.frames_per_s, facts_.quality, text_});
      int found = 0;
      render_film(facts_.timeline, facts_.width_px, facts_.height_px, maker_, shelf_, job_, [&](const FilmFrame& frame) {
        writer.add(frame.rgba.const_data_ptr<std::uint8_t>(), static_cast<std::size_t>(frame.rgba.size(1)) * 4);
        if (const auto stored = reader.next(0.0)) {
          ++found;
          compare_frame(frame, *stored);
        }
      });
      while (reader.next(0.0)) ++found;
      missing_ = report_.frames - found;
      writer.finish();
      report_.bit_equal = io::read_file(again) == io::read_file(path_);
    } catch (...) {
      ::close(descriptor);
      remove(again);
      throw;
    }
    ::close(descriptor);
    remove(again);
  }

  void compare_frame(const FilmFrame& frame, const media::FilmReader::Frame& stored) {
    if (stored.pixels.width_px != frame.rgba.size(1) || stored.pixels.height_px != frame.rgba.size(0)) {
      other_form_ = true;
      report_.psnr_db = 0.0;
      return;
    }
    compare(png_pixels(frame.rgba, false), stored.pixels.bytes.data(), stored.pixels.bytes.size());
  }

  static void remove(const std::string& film) {
    std::error_code none;
    fs::remove(film, none);
    fs::remove(film + ".part", none);
  }
#else
  void film() { refuse(path_ + " is a film, which this build cannot read.", "Build with ORRERY_MEDIA."); }
#endif

  void explain() {
    std::vector<std::string> reasons;
    const auto said = [&](const char* key) { return json_.contains(key) && json_[key].is_string() ? json_[key].get<std::string>() : std::string(); };
    const auto here = recipe_json(facts_, *shelf_.resolve(facts_.what == Recipe::What::film ? request_at(facts_.timeline, 0.0) : facts_.request), "");
    if (other_form_) reasons.push_back("its size or channels are not those of the recipe: it was changed after the export");
    if (missing_ != 0) reasons.push_back("it has " + std::to_string(report_.frames - missing_) + " frames where the recipe has " + std::to_string(report_.frames));
    if (used_hash_ != recipe_.model_hash) reasons.push_back("other weights (SHA-256 " + used_hash_.substr(0, 12) + "... instead of " + recipe_.model_hash.substr(0, 12) + "...)");
    if (said("rng") != rng_scheme) reasons.push_back("another random number scheme (" + said("rng") + ")");
    if (said("device") != here["device"]) reasons.push_back("another device (" + said("device") + " then, " + here["device"].get<std::string>() + " now)");
    else if (said("cpu") != here["cpu"]) reasons.push_back("another processor (" + said("cpu") + " then, " + here["cpu"].get<std::string>() + " now)");
    if (said("program") != here["program"]) reasons.push_back("another version of the program (" + said("program") + ")");
    if (reasons.empty() && lossy_) reasons.push_back("the film's codec loses detail, and this machine's encoder is not the one that made it");
    if (reasons.empty()) reasons.push_back("it was changed after the export, or a library computes differently now");
    for (const auto& reason : reasons) report_.why += (report_.why.empty() ? "" : "; ") + reason;
  }

  std::string path_;
  ModelShelf& shelf_;
  JobContext& job_;
  std::string text_;
  RecipeFacts facts_;
  Recipe recipe_;
  nlohmann::json json_;
  FrameMaker maker_;
  std::string used_hash_;
  bool other_form_ = false, lossy_ = false;
  int missing_ = 0;
  VerifyReport report_;
};

}  // namespace

double psnr_db(const std::uint8_t* a, const std::uint8_t* b, std::size_t count) {
  double squares = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    squares += difference * difference;
  }
  if (squares == 0.0) return std::numeric_limits<double>::infinity();
  return 10.0 * std::log10(255.0 * 255.0 * static_cast<double>(count) / squares);
}

VerifyReport verify_export(const std::string& path, ModelShelf& shelf, JobContext& job, const std::string& model_path) {
  return Verifier(path, shelf, job, model_path).run();
}

}  // namespace orrery
