// A generation recorded step by step: diffusion steps, Langevin, unmasking rounds, rows of an autoregressive picture, a photo's projection.
// One widget scrubs them all, and any step can be a branch point. What is recorded lives in the engine; this is what the window sees of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/api/frame.h"
#include "engine/api/request.h"
#include "engine/api/result.h"

namespace orrery {

// What a step can be looked at as.
enum class TapeRow {
  state,       // x_t, brought to the range of pictures
  prediction,  // the network's x_0
  difference,  // |prediction - the prediction one step before|, from black to white at 1/2
  noise,       // (state - prediction) / level, at half its size
};
// "state", "prediction", "difference", "noise".
const char* tape_row_name(TapeRow row);
std::optional<TapeRow> tape_row_from_name(const std::string& name);

// One recorded step. Step 0 is the start, before any network evaluation.
struct TapeStep {
  std::int64_t evaluations = 0;  // of the network since the start
  double level = 0.0;            // what falls while the process runs: sigma of `state`; the masked fraction for tokens
  double output_norm = 0.0;      // root mean square of the network's output
  double elapsed_ms = 0.0;       // since the start
};

// A tape, its steps so far, and where it branched off. Tapes form trees.
struct TapeInfo {
  TapeId id = 0;
  TapeId parent = 0;             // 0: a root
  std::int64_t branch_step = 0;  // the parent's step it starts from
  std::string name;              // "tape 3", or what the person called it
  Request request;               // what was asked for; reproduces the tape
  std::string model_name;
  std::string model_hash;
  std::vector<TapeRow> rows;     // those this process has
  std::vector<TapeStep> steps;
  bool complete = false;         // ran to its end
  bool kept = false;             // named or branched: not dropped when the view goes on to another request
  std::size_t memory_bytes = 0;  // held in memory now
  std::size_t disk_bytes = 0;    // spilled
};

// The engine's tapes. Calls return at once unless they say otherwise; the listener runs on engine threads. No call throws.
class Tapes {
 public:
  using Listener = std::function<void(const TapeInfo&)>;  // new, grown, complete or renamed; a tape that is gone has no steps
  virtual ~Tapes() = default;
  virtual std::vector<TapeInfo> tapes() const = 0;
  // A step as a picture: within a screen's frame when it is in memory, a disk read later when it was spilled.
  // A row that the step does not have (nothing is predicted at the start) is transparent. Points in the plane are drawn as dots.
  virtual Result<DeviceImage> picture(TapeId tape, std::int64_t step, TapeRow row) const = 0;
  // Of a process in the plane: x, y of every particle. Empty when the process is none, or the step has no such row.
  virtual Result<std::vector<float>> points(TapeId tape, std::int64_t step, TapeRow row) const = 0;
  // The request that goes on from `step` of the tape with what `changed` sets differently: show it in a view to make the branch.
  virtual Result<Request> branch(TapeId tape, std::int64_t step, const Request& changed) = 0;
  virtual void rename(TapeId tape, const std::string& name) = 0;  // also keeps it
  virtual void close(TapeId tape) = 0;
  // Writes or reads an .otape file on a thread of its own.
  virtual void save(TapeId tape, const std::string& path, std::function<void(Result<bool>)> done) = 0;
  virtual void open(const std::string& path, std::function<void(Result<TapeInfo>)> done) = 0;
  // Above `memory_bytes` the oldest steps go to a file in the user's cache; 0 turns recording off.
  virtual void set_budget(std::size_t memory_bytes) = 0;
  virtual void set_listener(Listener listener) = 0;
};

}  // namespace orrery
