#include "engine/train/stats_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/api/result.h"
#include "engine/io/atomic_file.h"
#include "engine/io/patiently.h"

namespace orrery {
namespace {

std::string number(double value) {
  if (!std::isfinite(value)) return "null";
  char text[32];
  const auto written = std::to_chars(text, text + sizeof text, value);
  return std::string(text, written.ptr);
}

std::optional<StatsPoint> parse_line(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  StatsPoint point;
  bool has_step = false;
  for (const auto& [key, value] : json.items()) {
    if (!value.is_number()) continue;
    if (key == "step") point.step = value.get<std::int64_t>(), has_step = true;
    else if (key == "kimg") point.kimg = value.get<double>();
    else if (key == "wall_s") point.wall_s = value.get<double>();
    else point.values[key] = value.get<double>();
  }
  return has_step ? std::optional(point) : std::nullopt;
}

// Calls take(line, end offset) for each line that ends with a newline.
template <class Take>
void each_line(const std::string& text, Take take) {
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    take(std::string_view(text).substr(begin, end - begin), end + 1);
  }
}

bool cut(int descriptor, std::size_t size) {
  return io::patiently([&] { return ::ftruncate(descriptor, static_cast<off_t>(size)); }) == 0;
}

[[noreturn]] void fail(const std::string& path, int code) {
  throw Error(code == ENOSPC || code == EDQUOT ? ErrorCode::disk_full : ErrorCode::failed,
              path + " could not be written: " + std::strerror(code) + ".", "The last checkpoint is kept.", "Free some space, then resume.");
}

}  // namespace

std::string stats_line(const StatsPoint& point) {
  std::string out = "{\"step\":" + std::to_string(point.step) + ",\"kimg\":" + number(point.kimg) + ",\"wall_s\":" + number(point.wall_s);
  for (const auto& [name, value] : point.values) out += "," + nlohmann::json(name).dump() + ":" + number(value);
  return out + "}";
}

std::vector<StatsPoint> read_stats(const std::string& path) {
  std::vector<StatsPoint> points;
  if (!std::filesystem::exists(path)) return points;
  const std::string text = io::read_file(path, std::size_t{1} << 30);
  each_line(text, [&points](std::string_view line, std::size_t) {
    if (auto point = parse_line(line)) points.push_back(std::move(*point));
  });
  return points;
}

StatsFile::StatsFile(std::string path, std::int64_t last_step) : path_(std::move(path)) {
  descriptor_ = io::patiently([&] { return ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644); });
  if (descriptor_ < 0) fail(path_, errno);
  truncate_after(last_step);
}

StatsFile::~StatsFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void StatsFile::truncate_after(std::int64_t last_step) {
  const std::string text = io::read_file(path_, std::size_t{1} << 30);
  std::size_t keep = 0;
  bool going = true;
  each_line(text, [&](std::string_view line, std::size_t end) {
    const auto point = parse_line(line);
    going = going && (!point || point->step <= last_step);
    if (going) keep = end;
  });
  if (keep != text.size() && !cut(descriptor_, keep)) fail(path_, errno);
}

void StatsFile::append(const StatsPoint& point) {
  struct stat before{};
  if (::fstat(descriptor_, &before) != 0) fail(path_, errno);
  const std::string line = stats_line(point) + "\n";
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t count = ::write(descriptor_, line.data() + done, line.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int code = count < 0 ? errno : ENOSPC;
      if (!cut(descriptor_, static_cast<std::size_t>(before.st_size))) fail(path_, errno);
      fail(path_, code);
    }
    done += static_cast<std::size_t>(count);
  }
}

}  // namespace orrery
