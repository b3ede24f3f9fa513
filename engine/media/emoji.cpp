#include "engine/media/emoji.h"

#include <map>
#include <unordered_map>

#include "engine/api/result.h"
#include "engine/data/store_writer.h"
#include "engine/io/atomic_file.h"
#include "engine/media/font.h"
#include "engine/media/packages.h"
#include "engine/media/resample.h"

namespace orrery::media {
namespace {

constexpr int strike_px = 136;  // NotoColorEmoji's one strike is 136 x 128

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t' || s.back() == '\r')) s.remove_suffix(1);
  return s;
}

// "1F468 200D 1F9B0" -> code points; empty when it is anything else.
std::vector<std::uint32_t> parse_code_points(std::string_view text) {
  std::vector<std::uint32_t> out;
  std::uint32_t value = 0;
  int digits = 0;
  for (const char c : std::string(text) + " ") {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit >= 0 && digits < 6) {
      value = value * 16 + static_cast<std::uint32_t>(digit);
      ++digits;
    } else if (c == ' ') {
      if (digits > 0) out.push_back(value);
      value = 0;
      digits = 0;
    } else {
      return {};
    }
  }
  return out;
}

std::string pixel_key(const data::Pixels& picture) { return {picture.bytes.begin(), picture.bytes.end()}; }

}  // namespace

std::vector<Emoji> parse_emoji_test(std::string_view text) {
  constexpr std::string_view group_mark = "# group:", subgroup_mark = "# subgroup:";
  std::vector<Emoji> out;
  std::string group, subgroup;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with(group_mark)) group = trim(line.substr(group_mark.size()));
    if (line.starts_with(subgroup_mark)) subgroup = trim(line.substr(subgroup_mark.size()));
    const auto semicolon = line.find(';'), hash = line.find('#');
    if (semicolon == std::string_view::npos || hash == std::string_view::npos || hash < semicolon) continue;
    if (trim(line.substr(semicolon + 1, hash - semicolon - 1)) != "fully-qualified") continue;
    // After '#': the emoji itself, "E15.0", the name.
    std::string_view rest = trim(line.substr(hash + 1));
    for (int word = 0; word < 2; ++word) rest = trim(rest.substr(std::min(rest.find(' '), rest.size())));
    Emoji emoji{parse_code_points(trim(line.substr(0, semicolon))), group, subgroup, std::string(rest)};
    if (emoji.code_points.empty() || emoji.name.empty()) continue;
    for (const auto c : emoji.code_points) emoji.skin_tone = emoji.skin_tone || (c >= 0x1F3FB && c <= 0x1F3FF);
    out.push_back(std::move(emoji));
  }
  return out;
}

void write_emoji_store(const std::string& path, int size_px) {
  const std::string font_path = find_shared("fonts/truetype/noto/NotoColorEmoji.ttf"), list_path = find_shared("unicode/emoji/emoji-test.txt");
  if (font_path.empty() || list_path.empty()) refuse_missing_packages("builtin:emoji", "fonts-noto-color-emoji unicode-data");
  const Font font(io::read_file(font_path, std::size_t{64} << 20));
  const auto all = parse_emoji_test(io::read_file(list_path, std::size_t{16} << 20));

  struct Drawn {
    const Emoji* emoji;
    data::Pixels picture;
  };
  std::vector<Drawn> drawn;
  data::StoreExtras extras{.name = "emoji"};
  std::unordered_map<std::string, const Emoji*> kept;  // by pixels: of those drawn alike the one with the shortest name, France before its islands
  for (const Emoji& emoji : all) {
    if (emoji.skin_tone) continue;
    ++extras.seen;
    const auto glyph = font.shape(emoji.code_points);
    if (!glyph) {
      extras.problems.push_back({emoji.name, "the installed font has no picture of it", false});
      continue;
    }
    drawn.push_back({&emoji, font.colour_picture(*glyph, strike_px)});
    const Emoji*& best = kept[pixel_key(drawn.back().picture)];
    if (!best || emoji.name.size() < best->name.size()) best = &emoji;
  }

  data::StoreWriter writer(path);
  std::map<std::string, std::int64_t> classes;
  for (const auto& [emoji, picture] : drawn) {
    if (const Emoji* best = kept[pixel_key(picture)]; best != emoji) {
      extras.problems.push_back({emoji->name, "the same picture as " + best->name, false});
      continue;
    }
    const auto [label, is_first] = classes.try_emplace(emoji->group, static_cast<std::int64_t>(extras.class_names.size()));
    if (is_first) extras.class_names.push_back(emoji->group);
    writer.add(resample(picture, size_px, size_px), {.source = emoji->name, .label = label->second, .caption = emoji->name, .tags = {{"subgroup", emoji->subgroup}}});
  }
  extras.skipped = static_cast<std::int64_t>(extras.problems.size());
  if (writer.size() == 0) throw Error(ErrorCode::bad_input, "The installed emoji font could not be used.", "Nothing was changed.", "Install fonts-noto-color-emoji again.");
  writer.finish(std::move(extras));
}

}  // namespace orrery::media
