// The checkpoints of a run: RUN/checkpoints/state-{step:08d}.safetensors and, written last, manifest-{step:08d}.json with the size and
// SHA-256 of every file. A checkpoint without a manifest that verifies does not exist.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/io/safetensors.h"

namespace orrery {

// How files are written and removed; a test lets the k-th call fail.
struct CheckpointWriter {
  std::function<void(const std::string& path, const io::TensorFile& file)> write_tensors;
  std::function<void(const std::string& path, const std::string& text)> write_text;
  std::function<void(const std::string& path)> remove;  // never throws for a file that is not there
  static CheckpointWriter real();
};

struct CheckpointInfo {
  std::int64_t step = 0;
  double kimg = 0.0;
  std::string state_path;
};

class Checkpoints {
 public:
  explicit Checkpoints(std::string folder, int keep = 2, CheckpointWriter writer = CheckpointWriter::real());

  // Writes, reads back, then publishes by the manifest; older ones beyond `keep` go afterwards. Throws Error(disk_full, failed); the
  // older checkpoints are then untouched. `what` adds to the manifest (system, configuration hash).
  void save(std::int64_t step, double kimg, const io::TensorFile& file, const nlohmann::json& what);
  // The newest checkpoint whose files are what its manifest says. nullopt when there never was one. Throws Error(bad_input) when there are
  // manifests but none verifies. `skipped` receives what is wrong with newer ones.
  std::optional<CheckpointInfo> newest(std::vector<std::string>* skipped = nullptr) const;
  // Of the manifests, without reading the states: cheap.
  std::optional<std::int64_t> newest_step() const;
  // Removes states without manifest and temporary files that a killed trainer left. Call it with the run's lock held.
  void sweep() const;

 private:
  std::vector<std::int64_t> steps() const;  // that have a manifest, newest first
  std::string path(const char* prefix, std::int64_t step, const char* suffix) const;

  std::string folder_;
  int keep_;
  CheckpointWriter writer_;
};

}  // namespace orrery
