#include "engine/train/run_folder.h"

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "engine/api/result.h"
#include "engine/io/atomic_file.h"

namespace orrery {
namespace fs = std::filesystem;
namespace {

constexpr const char* format_name = "orrery-run-1";

// In thousands of pictures to the last picture: two of one kimg do not overwrite each other.
std::string numbered(const std::string& stem, std::int64_t pictures, const char* suffix) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%06lld.%03lld", static_cast<long long>(pictures / 1000), static_cast<long long>(pictures % 1000));
  return stem + digits + suffix;
}

void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error && fs::is_directory(path)) return;
  throw Error(error == std::errc::no_space_on_device ? ErrorCode::disk_full : ErrorCode::bad_input,
              "The folder " + path + " cannot be made: " + error.message() + ".", "Nothing was started.", "Choose another folder.");
}

}  // namespace

std::string RunFolder::snapshot(std::int64_t pictures) const { return numbered(path + "/snapshots/snapshot-", pictures, ".safetensors"); }
std::string RunFolder::probe(std::int64_t pictures) const { return numbered(path + "/probes/probe-", pictures, ".png"); }

bool RunFolder::has_run() const {
  std::error_code ignored;
  return fs::exists(config(), ignored);
}

void RunFolder::create() const { make_folder(path); }

void RunFolder::must_be_free() const {
  if (has_run()) {
    throw Error(ErrorCode::wrong_use, "There is a run in " + path + " already.", "It was not touched.", "Go on with it by --resume, or choose another folder.");
  }
  std::error_code missing;
  if (fs::exists(path, missing) && !fs::is_directory(path, missing)) {
    throw Error(ErrorCode::wrong_use, path + " is a file, not a folder.", "It was not touched.", "Choose an empty or a new folder for the run.");
  }
  for (const auto& entry : fs::directory_iterator(path, missing)) {
    // A trainer that was killed before it wrote its record leaves a lock and nothing else.
    const std::string name = entry.path().filename().string();
    if (name == "lock" || name == "control.sock") continue;
    throw Error(ErrorCode::wrong_use, "The folder " + path + " is not empty.", "It was not touched.", "Choose an empty or a new folder for the run.");
  }
}

void RunFolder::create_parts() const {
  for (const char* part : {"/snapshots", "/probes", "/checkpoints"}) make_folder(path + part);
}

void RunFolder::write_record(const RunRecord& r) const {
  const nlohmann::ordered_json json = {
      {"format", format_name}, {"system", r.system},       {"preset", r.preset},   {"set", r.set},
      {"data", r.data},        {"data_name", r.data_name}, {"seed", r.seed},       {"device", r.device},
      {"threads", r.threads},  {"until", r.until},         {"version", r.version}, {"command", r.command},
      {"shape", {{"resolution_px", r.shape.resolution_px}, {"channels", r.shape.channels}, {"classes", r.shape.classes}, {"pictures", r.shape.pictures}, {"point_dim", r.shape.point_dim}}},
      {"classes", r.class_names}, {"config", r.config}};
  io::write_file_atomically(config(), json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

RunRecord RunFolder::read_record() const {
  if (!has_run()) {
    throw Error(ErrorCode::bad_input, "There is no run in " + path + ".", "Nothing was started.", "Start one without --resume.");
  }
  try {
    const auto json = nlohmann::json::parse(io::read_file(config(), std::size_t{64} << 20));
    if (json.at("format") != format_name) throw nlohmann::json::other_error::create(501, "another format", nullptr);
    RunRecord r;
    json.at("system").get_to(r.system);
    json.at("preset").get_to(r.preset);
    json.at("set").get_to(r.set);
    json.at("data").get_to(r.data);
    json.at("data_name").get_to(r.data_name);
    json.at("seed").get_to(r.seed);
    json.at("device").get_to(r.device);
    json.at("threads").get_to(r.threads);
    json.at("until").get_to(r.until);
    json.at("version").get_to(r.version);
    json.at("command").get_to(r.command);
    const auto& shape = json.at("shape");
    shape.at("resolution_px").get_to(r.shape.resolution_px);
    shape.at("channels").get_to(r.shape.channels);
    shape.at("classes").get_to(r.shape.classes);
    shape.at("pictures").get_to(r.shape.pictures);
    r.shape.point_dim = shape.value("point_dim", std::int64_t{0});
    json.at("classes").get_to(r.class_names);
    r.config = json.at("config");
    return r;
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorCode::bad_input, config() + " is damaged: the run cannot be read.", "Checkpoints and snapshots were not touched.",
                "Bring back the file, or start a new run.", error.what());
  }
}

void RunFolder::log(const std::string& line) const {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char when[32];
  std::strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &parts);
  std::ofstream(path + "/log.txt", std::ios::app) << when << "  " << line << std::endl;
}

std::string first_difference(const nlohmann::json& a, const nlohmann::json& b) {
  for (const auto& step : nlohmann::json::diff(a, b)) {
    std::string path = step.at("path").get<std::string>();
    if (!path.empty()) path.erase(0, 1);
    for (auto& c : path) c = c == '/' ? '.' : c;
    return path;
  }
  return {};
}

}  // namespace orrery
