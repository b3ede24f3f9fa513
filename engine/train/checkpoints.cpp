#include "engine/train/checkpoints.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>

#include "engine/api/result.h"
#include "engine/io/atomic_file.h"
#include "engine/io/sha256.h"

namespace orrery {
namespace fs = std::filesystem;
namespace {

constexpr const char* manifest_prefix = "manifest-";
constexpr const char* manifest_suffix = ".json";
constexpr const char* state_prefix = "state-";
constexpr const char* state_suffix = ".safetensors";
constexpr const char* format_name = "orrery-checkpoint-1";

// The step in "<prefix>00000120<suffix>".
std::optional<std::int64_t> step_of(const std::string& name, const std::string& prefix, const std::string& suffix) {
  if (name.size() <= prefix.size() + suffix.size() || name.rfind(prefix, 0) != 0) return std::nullopt;
  if (name.compare(name.size() - suffix.size(), suffix.size(), suffix) != 0) return std::nullopt;
  std::int64_t step = 0;
  const char* end = name.data() + name.size() - suffix.size();
  const auto [rest, bad] = std::from_chars(name.data() + prefix.size(), end, step);
  if (bad != std::errc() || rest != end || step < 0) return std::nullopt;
  return step;
}

std::string megabytes(double bytes) {
  char text[32];
  const auto written = std::to_chars(text, text + sizeof text, bytes / 1e6, std::chars_format::fixed, 1);
  return std::string(text, written.ptr) + " MB";
}

void check_room(const std::string& folder, const io::TensorFile& file) {
  double needed = 65536;
  for (const auto& [name, tensor] : file.tensors) needed += static_cast<double>(tensor.nbytes()) + 200;
  struct statvfs disk{};
  if (statvfs(folder.c_str(), &disk) != 0) return;  // the write itself will say what is wrong
  const double free_bytes = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize);
  if (free_bytes >= needed) return;
  throw Error(ErrorCode::disk_full, "Disk full: " + megabytes(needed) + " needed, " + megabytes(free_bytes) + " free in " + folder + ".",
              "The last checkpoint is kept.", "Free some space, then resume.");
}

// Empty when the files are what the manifest says, else what is wrong.
std::string problem_of(const std::string& folder, const std::string& manifest_path, CheckpointInfo& info) {
  try {
    const auto manifest = nlohmann::json::parse(io::read_file(manifest_path, std::size_t{1} << 20));
    if (manifest.at("format") != format_name) return "it is of another format";
    if (manifest.at("step").get<std::int64_t>() != info.step) return "it is of another step";
    info.kimg = manifest.at("kimg").get<double>();
    for (const auto& file : manifest.at("files")) {
      const auto name = file.at("name").get<std::string>();
      if (name.find('/') != std::string::npos) return "it names a file elsewhere";
      const fs::path path = fs::path(folder) / name;
      std::error_code missing;
      const auto bytes = fs::file_size(path, missing);
      if (missing) return name + " is missing";
      if (bytes != file.at("bytes").get<std::uintmax_t>()) return name + " has another size";
      if (io::sha256_of_file(path) != file.at("sha256").get<std::string>()) return name + " is damaged";
    }
    return {};
  } catch (const nlohmann::json::exception&) {
    return "its manifest cannot be read";
  } catch (const Error& error) {
    return error.error().what_happened;
  }
}

}  // namespace

CheckpointWriter CheckpointWriter::real() {
  return {[](const std::string& path, const io::TensorFile& file) { io::write_safetensors(path, file); },
          [](const std::string& path, const std::string& text) { io::write_file_atomically(path, text); },
          [](const std::string& path) {
            std::error_code ignored;
            fs::remove(path, ignored);
          }};
}

Checkpoints::Checkpoints(std::string folder, int keep, CheckpointWriter writer)
    : folder_(std::move(folder)), keep_(keep), writer_(std::move(writer)) {}

std::string Checkpoints::path(const char* prefix, std::int64_t step, const char* suffix) const {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%08lld", static_cast<long long>(step));
  return folder_ + "/" + prefix + digits + suffix;
}

std::vector<std::int64_t> Checkpoints::steps() const {
  std::vector<std::int64_t> found;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder_, missing)) {
    if (const auto step = step_of(entry.path().filename().string(), manifest_prefix, manifest_suffix)) found.push_back(*step);
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

void Checkpoints::save(std::int64_t step, double kimg, const io::TensorFile& file, const nlohmann::json& what) {
  check_room(folder_, file);
  const std::string state = path(state_prefix, step, state_suffix);
  const std::string manifest = path(manifest_prefix, step, manifest_suffix);
  // A manifest of the same step describes the old state file: it must not outlive it.
  if (fs::exists(manifest)) writer_.remove(manifest);
  writer_.write_tensors(state, file);
  nlohmann::json text = what;
  text["format"] = format_name;
  text["step"] = step;
  text["kimg"] = kimg;
  // Read back from the disk: what counts is what lies there.
  text["files"] = {{{"name", fs::path(state).filename().string()}, {"bytes", fs::file_size(state)}, {"sha256", io::sha256_of_file(state)}}};
  writer_.write_text(manifest, text.dump(2) + "\n");

  const auto all = steps();
  for (std::size_t i = static_cast<std::size_t>(keep_); i < all.size(); ++i) {
    writer_.remove(path(manifest_prefix, all[i], manifest_suffix));  // first: a manifest never points at nothing
    writer_.remove(path(state_prefix, all[i], state_suffix));
  }
}

std::optional<CheckpointInfo> Checkpoints::newest(std::vector<std::string>* skipped) const {
  const auto all = steps();
  std::string problems;
  for (const std::int64_t step : all) {
    CheckpointInfo info{step, 0.0, path(state_prefix, step, state_suffix)};
    const std::string problem = problem_of(folder_, path(manifest_prefix, step, manifest_suffix), info);
    if (problem.empty()) return info;
    const std::string line = "the checkpoint of step " + std::to_string(step) + ": " + problem;
    if (skipped != nullptr) skipped->push_back(line);
    problems += (problems.empty() ? "" : "; ") + line;
  }
  if (all.empty()) return std::nullopt;
  throw Error(ErrorCode::bad_input, "None of the checkpoints in " + folder_ + " is whole.", "Snapshots and statistics of the run are untouched.",
              "Start a new run, or bring back the files.", problems);
}

std::optional<std::int64_t> Checkpoints::newest_step() const {
  const auto all = steps();
  if (all.empty()) return std::nullopt;
  return all.front();
}

void Checkpoints::sweep() const {
  io::sweep_temporaries(folder_);
  const auto whole = steps();
  std::error_code missing;
  std::vector<std::string> orphans;
  for (const auto& entry : fs::directory_iterator(folder_, missing)) {
    const auto step = step_of(entry.path().filename().string(), state_prefix, state_suffix);
    if (step && std::find(whole.begin(), whole.end(), *step) == whole.end()) orphans.push_back(entry.path().string());
  }
  for (const auto& orphan : orphans) writer_.remove(orphan);
}

}  // namespace orrery
