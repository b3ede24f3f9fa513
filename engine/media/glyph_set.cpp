#include "engine/media/glyph_set.h"

#include <algorithm>
#include <filesystem>
#include <unordered_set>
#include <vector>

#include "engine/api/result.h"
#include "engine/data/content_hash.h"
#include "engine/data/names.h"
#include "engine/data/store_writer.h"
#include "engine/io/atomic_file.h"
#include "engine/media/file_type.h"
#include "engine/media/glyphs.h"
#include "engine/media/packages.h"

namespace orrery::media {

const char* const glyph_packages =
    "fonts-adf-accanthis fonts-adf-baskervald fonts-adf-berenis fonts-adf-gillius fonts-adf-ikarius fonts-adf-irianis fonts-adf-libris fonts-adf-mekanus fonts-adf-oldania fonts-adf-romande "
    "fonts-adf-solothurn fonts-adf-switzera fonts-adf-tribun fonts-adf-universalis fonts-adf-verana fonts-lato fonts-liberation2 fonts-dejavu-core fonts-go fonts-cabin fonts-dosis";

namespace {

struct FontFolder {
  const char* path;     // where the packages put their fonts, under /usr/share
  std::size_t files;    // how many there are when all are installed
};
constexpr FontFolder folders[] = {{"fonts/truetype/adf", 144}, {"fonts/truetype/lato", 18}, {"fonts/truetype/liberation2", 12}, {"fonts/truetype/dejavu", 6},
                                  {"fonts/fonts-go", 12},      {"fonts/opentype/cabin", 8}, {"fonts/opentype/dosis", 7}};

// fonts-dejavu-extra puts more into the same folder.
bool is_wanted(const std::string& folder, const std::string& name) {
  static const std::vector<std::string> dejavu_core{"DejaVuSans-Bold.ttf", "DejaVuSans.ttf", "DejaVuSansMono-Bold.ttf", "DejaVuSansMono.ttf", "DejaVuSerif-Bold.ttf", "DejaVuSerif.ttf"};
  if (type_of_extension(data::extension_of(name)) != FileType::font) return false;
  return !folder.ends_with("/dejavu") || std::find(dejavu_core.begin(), dejavu_core.end(), name) != dejavu_core.end();
}

std::vector<std::string> font_files() {
  std::vector<std::string> out;
  for (const auto& folder : folders) {
    std::vector<std::string> files;
    const std::string path = find_shared(folder.path);
    std::error_code error;
    for (std::filesystem::directory_iterator entry(path, error), end; !path.empty() && !error && entry != end; entry.increment(error)) {
      if (is_wanted(path, entry->path().filename().string())) files.push_back(entry->path().string());
    }
    if (files.size() < folder.files) refuse_missing_packages("builtin:glyphs", glyph_packages);
    std::sort(files.begin(), files.end());
    out.insert(out.end(), files.begin(), files.end());
  }
  return out;
}

}  // namespace

void write_glyph_store(const std::string& path, int size_px) {
  const auto files = font_files();
  data::StoreWriter writer(path);
  data::StoreExtras extras{.name = "glyphs"};
  for (const char c : glyph_characters()) extras.class_names.emplace_back(1, c);
  std::unordered_set<data::ContentHash, data::ContentHasher> drawn;
  const auto skip = [&](const std::string& what, const std::string& reason) { extras.problems.push_back({what, reason, false}); };
  for (const auto& file : files) {
    const std::string name(data::file_name_of(file));
    try {
      const Font font(io::read_file(file, std::size_t{64} << 20));
      const GlyphFace face = describe_face(font);
      draw_glyphs(font, size_px, [&](char c, data::Pixels pixels) {
        ++extras.seen;
        const std::string what = std::string(1, c) + ", " + face.name;
        const auto label = static_cast<std::int64_t>(glyph_characters().find(c));
        if (!face.has_two_cases) skip(what, "the small and capital letters of this face look alike");
        else if (pixels.bytes.empty()) skip(what, "the font has no ink for it");
        else if (!drawn.insert(data::content_hash({reinterpret_cast<const char*>(pixels.bytes.data()), pixels.bytes.size()}, static_cast<std::uint64_t>(label))).second) skip(what, "the same picture as in another face");
        else writer.add(pixels, {.source = name + ": " + c, .label = label, .caption = what, .tags = {{"face", face.name}}});
        return true;
      });
    } catch (const Error& error) {
      ++extras.seen;
      skip(name, error.what());
    }
  }
  extras.skipped = static_cast<std::int64_t>(extras.problems.size());
  if (writer.size() == 0) refuse_missing_packages("builtin:glyphs", glyph_packages);
  writer.finish(std::move(extras));
}

}  // namespace orrery::media
