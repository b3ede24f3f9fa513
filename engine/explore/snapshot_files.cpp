#include "engine/explore/snapshot_files.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "engine/api/result.h"
#include "engine/io/safetensors.h"

namespace orrery {

SnapshotFile look_at_model_file(const std::string& path) {
  const auto header = io::read_safetensors_header(path);
  const auto text = [&](const char* key) {
    const auto found = header.metadata.find(key);
    return found == header.metadata.end() ? std::string() : found->second;
  };
  SnapshotFile out{path, 0.0, text("orrery.sha256"), text("orrery.system")};
  const std::string kimg = text("orrery.kimg");
  std::from_chars(kimg.data(), kimg.data() + kimg.size(), out.kimg);
  return out;
}

std::vector<SnapshotFile> snapshot_files(const std::string& run_folder) {
  namespace fs = std::filesystem;
  std::vector<SnapshotFile> out;
  std::error_code none;
  for (const auto& item : fs::directory_iterator(fs::path(run_folder) / "snapshots", none)) {
    const std::string name = item.path().filename();
    if (!name.starts_with("snapshot-") || item.path().extension() != ".safetensors") continue;
    try {
      out.push_back(look_at_model_file(item.path()));
    } catch (const Error&) {
    }
  }
  std::sort(out.begin(), out.end(), [](const SnapshotFile& a, const SnapshotFile& b) { return a.kimg != b.kimg ? a.kimg < b.kimg : a.path < b.path; });
  return out;
}

}  // namespace orrery
