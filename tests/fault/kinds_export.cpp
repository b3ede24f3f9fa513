// Files that leave the program or come from outside: stores, pictures, sequences, films, tapes.
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "engine/data/store.h"
#include "engine/data/store_writer.h"
#include "engine/export/exports.h"
#include "engine/export/film_sink.h"
#include "engine/export/png_export.h"
#include "engine/export/read_recipe.h"
#include "engine/export/tape_export.h"
#include "engine/explore/tape_file.h"
#include "engine/explore/tape_store.h"
#include "engine/io/png.h"
#ifdef ORRERY_MEDIA
#include "engine/media/film_reader.h"
#include "engine/media/film_writer.h"
#endif
#include "field.h"
#include "kinds.h"
#include "tiny_denoiser.h"

namespace orrery::fault {
namespace fs = std::filesystem;
namespace {

std::function<bool(const std::string&)> only(const std::string& name) {
  return [name](const std::string& found) { return found == name || found.starts_with(name + "/"); };
}
void nothing(const std::string&) {}

Model model() {
  Model model;
  model.system = "edm";
  model.hash = std::string(64, 'a');
  return model;
}
Request request(std::int64_t seed) { return {"m", {{"seed", seed}}}; }
at::Tensor picture_of(std::int64_t shade, std::int64_t width = 16, std::int64_t height = 12) {
  at::Tensor rgba = at::full({height, width, 4}, shade, at::kByte);
  rgba.select(2, 3).fill_(255);
  return rgba;
}

FileKind store() {
  const auto write = [](const std::string& folder, std::uint8_t shade, int count) {
    data::StoreWriter writer(folder + "/set.zip");
    for (int i = 0; i < count; ++i) {
      data::Pixels pixels(8, 8, 3);
      std::fill(pixels.bytes.begin(), pixels.bytes.end(), static_cast<std::uint8_t>(shade + i));
      writer.add(pixels, {"picture " + std::to_string(i), i % 2, "", {}});
    }
    writer.finish({.name = "set", .class_names = {"even", "odd"}, .seen = count});
  };
  return {"store (zip)", true, only("set.zip"), [=](const std::string& folder) { write(folder, 10, 2); }, [=](const std::string& folder) { write(folder, 100, 5); }, nothing,
          [](const std::string& folder) {
            return looked_at([&]() -> std::string {
              const auto set = data::Store::open(folder + "/set.zip");
              const bool fresh = set->size() == 5;
              if (set->size() != 5 && set->size() != 2) return std::to_string(set->size()) + " pictures";
              for (std::int64_t i = 0; i < set->size(); ++i)
                if (!at::equal(set->picture(i), at::full({3, 8, 8}, (fresh ? 100 : 10) + i, at::kByte)) || set->label(i) != i % 2) return "another picture " + std::to_string(i);
              return fresh ? "new" : "old";
            });
          }};
}

FileKind picture() {
  const auto write = [](const std::string& folder, std::int64_t seed) {
    RecipeFacts facts;
    facts.request = request(seed);
    facts.width_px = 16, facts.height_px = 12;
    write_picture(folder + "/picture.png", picture_of(seed), false, facts, model(), "/models/m.safetensors", true);
  };
  return {"picture with recipe (PNG)", true, only("picture.png"), [=](const std::string& folder) { write(folder, 1); }, [=](const std::string& folder) { write(folder, 2); }, nothing,
          [](const std::string& folder) {
            return looked_at([&]() -> std::string {
              const auto seed = read_recipe(folder + "/picture.png").timeline.base.get<std::int64_t>("seed", 0);
              const auto image = io::read_png(folder + "/picture.png");
              if (image.pixels != std::vector<std::uint8_t>(16 * 12 * 3, static_cast<std::uint8_t>(seed))) return "other pixels";
              return seed == 1 ? "old" : seed == 2 ? "new" : "another recipe";
            });
          }};
}

Timeline timeline() {
  Timeline t;
  t.duration_s = 0.5;
  t.frames_per_s = 10.0;
  t.base = request(3);
  return t;
}
std::string film_recipe(int width, int height) {
  RecipeFacts facts;
  facts.what = Recipe::What::film;
  facts.timeline = timeline();
  facts.width_px = width, facts.height_px = height;
  return recipe_text(recipe_json(facts, model(), "/models/m.safetensors"));
}
// As the export does it: frames into the sink, then the end.
void write_frames(const std::string& out, int frames, int width, int height) {
  FilmExport what;
  what.timeline = timeline();
  what.out = out;
  const auto sink = open_film_sink(what, width, height, film_recipe(width, height));
  const Model maker = model();
  const Request asked = request(3);
  for (int i = 0; i < frames; ++i) sink->add({i, i * 0.1, asked, picture_of(40 * (i + 1), width, height), false, maker, "/models/m.safetensors"});
  sink->finish();
}

FileKind sequence() {
  return {"sequence of pictures", true, only("frames"), [](const std::string& folder) { fs::create_directories(folder + "/frames"); },
          [](const std::string& folder) { write_frames(folder + "/frames", 3, 16, 12); }, nothing,
          [](const std::string& folder) {
            return looked_at([&]() -> std::string {
              const std::string out = folder + "/frames";
              // An empty folder that was chosen may be gone when its place could not be taken; there was nothing in it.
              if (!fs::exists(out) || fs::is_empty(out)) return "old";
              if (read_recipe(out).what != Recipe::What::film) return "another recipe";
              std::size_t files = 0;
              for ([[maybe_unused]] const auto& entry : fs::directory_iterator(out)) ++files;
              if (files != 4) return std::to_string(files) + " files";
              for (int i = 0; i < 3; ++i) {
                const std::string path = out + "/frame-00000" + std::to_string(i) + ".png";
                if (io::read_png(path).pixels != std::vector<std::uint8_t>(16 * 12 * 3, static_cast<std::uint8_t>(40 * (i + 1)))) return "another frame " + std::to_string(i);
                if (read_recipe(path).timeline.base.get<std::int64_t>("seed", 0) != 3) return "another recipe of frame " + std::to_string(i);
              }
              return "new";
            });
          }};
}

#ifdef ORRERY_MEDIA
// The number of frames, or what is wrong with the film.
std::string frames_of(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return "no film";
  std::string said;
  try {
    media::FilmReader reader(descriptor);
    int frames = 0;
    while (auto frame = reader.next(0.0)) {
      const int shade = frame->pixels.row(6)[8 * 3], wanted = 40 * (frames + 1);
      if (std::abs(shade - wanted) > 6) said = "frame " + std::to_string(frames) + " is of another shade: " + std::to_string(shade);
      ++frames;
    }
    if (reader.damaged() > 0) said = "damaged frames";
    if (said.empty()) said = std::to_string(frames);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  ::close(descriptor);
  return said;
}

FileKind film(const std::string& extension) {
  const std::string name = "film." + extension;
  return {"film (" + extension + ")", true, only(name), [=](const std::string& folder) { write_frames(folder + "/" + name, 2, 16, 12); },
          [=](const std::string& folder) { write_frames(folder + "/" + name, 5, 16, 12); },
          // What is left of an export that broke off can be asked for: a film, or a sentence.
          [=](const std::string& folder) {
            const std::string part = folder + "/" + name + ".part", out = folder + "/recovered." + extension;
            if (!fs::exists(part)) return;
            try {
              media::recover_film(part, out);
            } catch (const Error&) {
              if (fs::exists(out)) throw std::runtime_error("a film that could not be recovered stands there");
              fs::remove(part);
              return;
            }
            const std::string frames = frames_of(out);
            if (frames.size() != 1 || frames < "1" || frames > "5") throw std::runtime_error("recovered: " + frames);
            fs::remove(out);
          },
          [=](const std::string& folder) {
            return looked_at([&]() -> std::string {
              if (read_recipe(folder + "/" + name).what != Recipe::What::film) return "another recipe";
              const std::string frames = frames_of(folder + "/" + name);
              return frames == "2" ? "old" : frames == "5" ? "new" : frames;
            });
          }};
}
#endif

// A process without a network, recorded once.
std::shared_ptr<const TapeContents> recorded(std::int64_t seed, std::int64_t steps) {
  tests::TinyBehaviour behaviour;
  tests::TinySource source{behaviour};
  const Scratch spill;
  TapeOptions options;
  options.spill_folder = spill.path();
  TapeStore tapes(options);
  QuietJob job;
  const TapeId id = record_tape({"m", {{"seed", seed}, {"steps", steps}}, {}}, source, tapes, 1, job);
  return std::make_shared<TapeContents>(tapes.contents(id));
}

FileKind tape() {
  const auto before = recorded(1, 4), after = recorded(2, 6);
  return {"tape (.otape)", true, only("process.otape"), [=](const std::string& folder) { write_tape(folder + "/process.otape", *before); },
          [=](const std::string& folder) { write_tape(folder + "/process.otape", *after); }, nothing,
          [=](const std::string& folder) {
            return looked_at([&]() -> std::string {
              const TapeFile file(folder + "/process.otape");
              const bool fresh = file.info().request.get<std::int64_t>("seed", 0) == 2;
              const auto& wanted = fresh ? after->steps : before->steps;
              if (file.steps() != static_cast<std::int64_t>(wanted.size())) return std::to_string(file.steps()) + " steps";
              for (std::int64_t i = 0; i < file.steps(); ++i) {
                double elapsed_ms = 0.0;
                if (!at::equal(file.step(i, elapsed_ms).state, wanted[static_cast<std::size_t>(i)]->tensors().state)) return "another step " + std::to_string(i);
              }
              return fresh ? "new" : "old";
            });
          }};
}

}  // namespace

std::vector<FileKind> export_kinds() {
  std::vector<FileKind> kinds{store(), picture(), sequence(), tape()};
#ifdef ORRERY_MEDIA
  kinds.push_back(film("mp4"));
  kinds.push_back(film("gif"));
  kinds.push_back(film("webm"));
#endif
  return kinds;
}

}  // namespace orrery::fault
