// The run folder: its layout, its record (config.json) and its event log.
//   config.json  stats.jsonl  log.txt  lock  control.sock
//   live.safetensors                              while somebody watches from another process: the newest passing snapshot
//   snapshots/snapshot-{kimg:010.3f}.safetensors   the averaged network, a model file
//   probes/probe-{kimg:010.3f}.png, reals.png       always the same latents; real pictures
//   checkpoints/state-{step:08d}.safetensors, manifest-{step:08d}.json
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/systems/system.h"

namespace orrery {

// config.json: everything that made the run.
struct RunRecord {
  std::string system, preset, data, data_name, device = "cpu", until, version, command;
  std::map<std::string, std::string> set;
  std::uint64_t seed = 0;
  int threads = 1;
  DataShape shape;
  std::vector<std::string> class_names;
  nlohmann::json config;  // resolved
};

struct RunFolder {
  std::string path;

  std::string config() const { return path + "/config.json"; }
  std::string stats() const { return path + "/stats.jsonl"; }
  std::string checkpoints() const { return path + "/checkpoints"; }
  std::string snapshot(std::int64_t pictures) const;
  std::string probe(std::int64_t pictures) const;
  std::string live() const { return path + "/live.safetensors"; }
  std::string reals() const { return path + "/probes/reals.png"; }

  bool has_run() const;
  // Throws Error(wrong_use) when the folder holds anything (a run: "resume it").
  void must_be_free() const;
  // Makes the folder / its parts where they are missing. Throws Error(bad_input, disk_full).
  void create() const;
  void create_parts() const;
  void write_record(const RunRecord& record) const;
  // Throws Error(bad_input) when there is no run or its record is damaged.
  RunRecord read_record() const;
  // One dated line in log.txt. A log that cannot be written stops nothing.
  void log(const std::string& line) const;
};

// The first JSON path at which two configurations differ, "" when they are equal.
std::string first_difference(const nlohmann::json& a, const nlohmann::json& b);

}  // namespace orrery
