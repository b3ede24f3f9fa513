// .otape: a saved tape. A safetensors file (engine/io/safetensors.h) whose tensors are
//   state.0, state.1, ...   [N, ...] the state after each step, 0 being the start; all of one shape. Floating point or whole numbers
//   prediction.K            [N, ...] of the finished picture at step K, where the step has one; all of one shape. Floating point
// each in the smallest of F64, F32, F16 that holds its values exactly, and whose metadata has under "orrery.tape" the JSON object
//   {"version": 1, "name": text, "model": {"name": text, "sha256": hex}, "request": a request's recipe, "complete": bool, "branch_step": int,
//    "rows": [names of what a step can be looked at as], "state_dtype": "F64", "prediction_dtype": "F64",
//    "steps": [[evaluations, level, output_norm, elapsed_ms, state_scale], ...]}
// The dtypes are those of the process: a tensor converted to it is what the process had, bit for bit.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/api/tape.h"
#include "engine/explore/player.h"

namespace orrery::io {
class TensorReader;
}

namespace orrery {

struct TapeContents;

inline constexpr int tape_version = 1;

// Atomic: the old file or the new one, whatever happens. One step in memory at a time. Throws Error(wrong_use) for a name that does not end in
// .otape or a tape without steps, (disk_full, failed) otherwise.
void write_tape(const std::string& path, const TapeContents& tape);

// A file from anywhere; everything but the tensors' values is checked when it is opened. Throws Error(bad_input) with one sentence.
class TapeFile {
 public:
  explicit TapeFile(const std::string& path);
  ~TapeFile();
  // Without rows, steps and sizes.
  const TapeInfo& info() const { return info_; }
  std::int64_t steps() const { return static_cast<std::int64_t>(facts_.size()); }
  // Throws Error(bad_input) when the file became unreadable.
  RenderStep step(std::int64_t step, double& elapsed_ms) const;

 private:
  struct Facts {
    TapeStep step;
    double state_scale = 1.0;
    std::size_t state = 0;        // entries of the header
    std::size_t prediction = 0;   // 0: none, else one more
  };
  void read_description(const std::string& text);
  void read_entries();

  std::string path_;
  std::unique_ptr<io::TensorReader> reader_;
  TapeInfo info_;
  std::vector<Facts> facts_;
  at::ScalarType state_dtype_ = at::kFloat, prediction_dtype_ = at::kFloat;
};

}  // namespace orrery
