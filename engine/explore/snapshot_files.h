// Model files as they lie on disk, looked at without reading their weights.
#pragma once

#include <string>
#include <vector>

namespace orrery {

struct SnapshotFile {
  std::string path;
  double kimg = 0.0;
  std::string hash;    // SHA-256 of the weights, as the header says
  std::string system;
};

// What a model file's header says. Throws Error(bad_input).
SnapshotFile look_at_model_file(const std::string& path);
// The snapshots of a run folder (<run>/snapshots/snapshot-*.safetensors), oldest first. Damaged files are left out.
std::vector<SnapshotFile> snapshot_files(const std::string& run_folder);

}  // namespace orrery
