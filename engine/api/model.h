// Models and their published snapshots, as the window sees them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/api/catalogue.h"
#include "engine/api/control.h"

namespace orrery {

// Immutable published state of a model while (or after) it trains; the weights stay on the engine's side.
struct SnapshotInfo {
  double kimg = 0.0;
  std::map<std::string, double> metrics;
};

struct ModelInfo {
  std::string id;         // how requests name it: "starter:emoji", "run:<folder>", "file:<path>"
  std::string name;
  std::string system;     // SystemInfo::id
  Kind kind = Kind::generator;
  std::string path;       // file or run folder; empty for none
  int width_px = 0;
  int height_px = 0;
  bool in_the_plane = false;  // of points with two coordinates, not of pictures (engine/api/space.h)
  std::int64_t size_bytes = 0;
  std::string hash;       // SHA-256 of the newest weights
  std::vector<std::string> class_names;  // empty: unconditional
  std::vector<ControlSpec> controls;
  std::vector<SnapshotInfo> snapshots;   // oldest first; the last is what plays by default
};

}  // namespace orrery
