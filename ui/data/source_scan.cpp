#include "ui/data/source_scan.h"

#include <QFile>
#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <string_view>

namespace orrery::ui {
namespace {

namespace fs = std::filesystem;

template <std::size_t N>
bool among(std::string_view extension, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), extension) != list.end();
}

constexpr std::array<std::string_view, 19> kPictures{"png",  "jpg",  "jpeg", "webp", "tif", "tiff", "bmp", "ppm", "pgm", "pnm",
                                                     "avif", "heic", "heif", "jxl",  "tga", "gif",  "jp2", "svg", "ico"};
constexpr std::array<std::string_view, 9> kFilms{"mp4", "mov", "webm", "mkv", "avi", "m4v", "mpg", "mpeg", "ogv"};
constexpr std::array<std::string_view, 8> kArchives{"zip", "tar", "tgz", "tbz2", "txz", "7z", "gz", "zst"};
constexpr std::array<std::string_view, 4> kFonts{"ttf", "otf", "ttc", "otc"};

class Walk {
 public:
  Walk(const std::atomic<bool>& stop, const std::function<void(const SourceCount&)>& progress) : stop_(stop), progress_(progress) {}

  void source(const fs::path& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      file(path, fs::file_size(path, error), std::string());
      return;
    }
    fs::recursive_directory_iterator at(path, fs::directory_options::none, error);
    if (error) {
      ++count_.unreadable;
      return;
    }
    std::array<std::string, 1> group;  // the first-level folder we are in
    while (at != fs::recursive_directory_iterator() && !stop_) {
      const fs::directory_entry& entry = *at;
      std::error_code quiet;
      if (at.depth() == 0) group[0] = entry.path().filename().native();
      if (entry.is_regular_file(quiet)) file(entry.path(), entry.file_size(quiet), at.depth() == 0 ? std::string() : group[0]);
      at.increment(error);
      if (error) {
        ++count_.unreadable;
        error.clear();
      }
    }
  }

  void finish() {
    count_.done = !stop_;
    progress_(count_);
  }

 private:
  void file(const fs::path& path, std::uintmax_t size, const std::string& group) {
    const std::string name = path.filename().native();
    if (name == "dataset.json" || name == "metadata.csv" || name == "metadata.jsonl") {
      count_.has_label_file = true;
      return;
    }
    const SourceKind kind = kindOfName(name);
    switch (kind) {
      case SourceKind::picture:
        ++count_.pictures;
        if (!group.empty()) ++count_.folders[group];
        if (count_.first_picture.empty()) count_.first_picture = path.native();
        break;
      case SourceKind::film: ++count_.films; break;
      case SourceKind::archive: ++count_.archives; break;
      case SourceKind::font: ++count_.fonts; break;
      case SourceKind::other: ++count_.others; break;
    }
    if (kind != SourceKind::other && size != static_cast<std::uintmax_t>(-1)) count_.bytes += static_cast<std::int64_t>(size);
    // The clock costs more than a file: ask it now and then.
    if ((++since_ & 63) == 0 && std::chrono::steady_clock::now() - told_ > std::chrono::milliseconds(40)) {
      told_ = std::chrono::steady_clock::now();
      progress_(count_);
    }
  }

  const std::atomic<bool>& stop_;
  const std::function<void(const SourceCount&)>& progress_;
  SourceCount count_;
  unsigned since_ = 0;
  std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

}  // namespace

SourceKind kindOfName(const std::string& name) {
  // Files like "._photo.jpg" are macOS's notes about photo.jpg, not pictures.
  if (name.starts_with("._")) return SourceKind::other;
  const auto dot = name.rfind('.');
  if (dot == std::string::npos) return SourceKind::other;
  std::string extension = name.substr(dot + 1);
  std::transform(extension.begin(), extension.end(), extension.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (among(extension, kPictures)) return SourceKind::picture;
  if (among(extension, kFilms)) return SourceKind::film;
  if (among(extension, kArchives)) return SourceKind::archive;
  if (among(extension, kFonts)) return SourceKind::font;
  return SourceKind::other;
}

void scanSources(const QStringList& sources, const std::atomic<bool>& stop, const std::function<void(const SourceCount&)>& progress) {
  Walk walk(stop, progress);
  for (const auto& source : sources) {
    if (stop) break;
    walk.source(fs::path(QFile::encodeName(source).toStdString()));
  }
  walk.finish();
}

}  // namespace orrery::ui
