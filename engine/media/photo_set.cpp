#include "engine/media/photo_set.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "engine/api/result.h"
#include "engine/data/names.h"
#include "engine/data/store_writer.h"
#include "engine/io/atomic_file.h"
#include "engine/media/packages.h"
#include "engine/media/picture.h"
#include "engine/media/qt_resource.h"
#include "engine/media/resample.h"

namespace orrery::media {

const char* const photo_packages = "gcompris-qt-data lomiri-wallpapers-16.04";

namespace {

// The resource files of GCompris that hold photographs.
constexpr const char* resources[] = {"clickgame", "details", "erase", "explore_farm_animals", "explore_monuments", "explore_world_animals", "explore_world_music"};
constexpr const char* wallpapers[] = {"Bridge_by_Sander_Klootwijk", "Dragonfly_by_Bolly", "Picture_0B_by_freespace", "Picture_1A_by_freespace", "Wine_by_Jakkub_Mede", "aitzgorri_by_Aitzol_Berasategi",
                                      "free_by_Peter_Nerlich", "friends_by_Aitzol_Berasategi", "greentock_by_Peter_Nerlich", "life_by_Aitzol_Berasategi", "picosdeeuropa_by_Aitzol_Berasategi",
                                      "seeding_by_Clements_Engelhardt", "sunset_by_Aitzol_Berasategi", "umang_by_Abhishek_Mudgal"};
constexpr int least_side_px = 250;  // below this they are pieces and icons
constexpr int least_crop_px = 64;
constexpr double least_detail = 1.8;

// A WebP whose extended header says that it has transparency is a drawing.
bool is_opaque_webp(std::string_view bytes) {
  if (bytes.size() < 30 || !bytes.starts_with("RIFF") || bytes.substr(8, 4) != "WEBP") return false;
  if (bytes.substr(12, 4) == "VP8 ") return true;
  return bytes.substr(12, 4) == "VP8X" && (static_cast<std::uint8_t>(bytes[20]) & 0x10) == 0;
}

using TakePhotograph = std::function<void(const std::string& file_name, std::string_view bytes)>;

void for_each_photograph(const TakePhotograph& take) {
  for (const char* resource : resources) {
    const std::string path = find_shared(std::string("gcompris-qt/rcc/") + resource + ".rcc");
    if (path.empty()) refuse_missing_packages("builtin:photos", photo_packages);
    const std::string rcc = io::read_file(path, std::size_t{256} << 20);
    auto files = read_qt_resource(rcc);
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    for (const auto& file : files) {
      if (!is_opaque_webp(file.bytes)) continue;
      const std::string name(data::file_name_of(file.path));
      const PictureSize size = picture_size(file.bytes, name);
      if (std::min(size.width_px, size.height_px) >= least_side_px) take(name, file.bytes);
    }
  }
  for (const char* wallpaper : wallpapers) {
    const std::string name = std::string(wallpaper) + ".jpg";
    const std::string path = find_shared("backgrounds/" + name);
    if (path.empty()) refuse_missing_packages("builtin:photos", photo_packages);
    take(name, io::read_file(path, std::size_t{64} << 20));
  }
}

data::Pixels cut(const data::Pixels& from, int x, int y, int side) {
  data::Pixels out(side, side, 3);
  for (int row = 0; row < side; ++row) std::copy_n(from.row(y + row) + x * 3, side * 3, out.row(row));
  return out;
}

}  // namespace

double detail_of(const data::Pixels& rgb) {
  const auto brightness = [](const std::uint8_t* p) { return 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]; };
  double sum = 0.0;
  for (int y = 0; y + 1 < rgb.height_px; ++y) {
    for (int x = 0; x + 1 < rgb.width_px; ++x) {
      const auto* here = rgb.row(y) + x * 3;
      const double value = brightness(here);
      sum += std::abs(brightness(here + 3) - value) + std::abs(brightness(rgb.row(y + 1) + x * 3) - value);
    }
  }
  return sum / (2.0 * std::max(1, rgb.width_px - 1) * std::max(1, rgb.height_px - 1));
}

std::string title_of(const std::string& file_name) {
  std::string name(data::without_extension(file_name));
  if (name.ends_with("_background")) name.resize(name.size() - std::string_view("_background").size());
  if (const auto by = name.find("_by_"); by != std::string::npos) name.resize(by);
  std::string out;
  for (const char c : name) {
    const bool capital = c >= 'A' && c <= 'Z';
    if (capital && !out.empty() && out.back() >= 'a' && out.back() <= 'z') out += ' ';
    out += c == '_' ? ' ' : c;
  }
  return out;
}

void write_photo_store(const std::string& path, int size_px) {
  data::StoreWriter writer(path);
  data::StoreExtras extras{.name = "photos"};
  const int crop_px = std::max(size_px, least_crop_px);
  for_each_photograph([&](const std::string& file_name, std::string_view bytes) {
    const data::Pixels photograph = decode_whole(bytes, file_name);
    const int columns = photograph.width_px / crop_px, rows = photograph.height_px / crop_px;
    if (columns * rows == 0) {
      ++extras.seen;
      extras.problems.push_back({file_name, "smaller than a crop", false});
      return;
    }
    // The grid is centred.
    const int left = (photograph.width_px - columns * crop_px) / 2, top = (photograph.height_px - rows * crop_px) / 2;
    std::int64_t plain = 0;
    for (int i = 0; i < columns * rows; ++i) {
      ++extras.seen;
      const int x = left + i % columns * crop_px, y = top + i / columns * crop_px;
      const data::Pixels crop = cut(photograph, x, y, crop_px);
      if (detail_of(crop) < least_detail) {
        ++plain;
        extras.problems.push_back({file_name + " at " + std::to_string(x) + ", " + std::to_string(y), "hardly any detail", false});
        continue;
      }
      const std::string title = title_of(file_name);
      writer.add(resample(crop, size_px, size_px), {.source = file_name + " at " + std::to_string(x) + ", " + std::to_string(y), .caption = title, .tags = {{"photograph", file_name}}});
    }
  });
  extras.skipped = static_cast<std::int64_t>(extras.problems.size());
  if (writer.size() == 0) refuse_missing_packages("builtin:photos", photo_packages);
  writer.finish(std::move(extras));
}

}  // namespace orrery::media
