// A finished picture and where it lies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/api/request.h"

namespace orrery {

// RGBA8, rows from top to bottom, on the host or a CUDA device. Immutable while anybody holds `keep_alive`.
struct DeviceImage {
  enum class Where { host, cuda };
  Where where = Where::host;
  const void* data = nullptr;
  int width_px = 0;
  int height_px = 0;
  std::size_t stride_bytes = 0;
  void* ready_event = nullptr;       // cudaEvent_t to wait for; null on the host
  std::shared_ptr<const void> keep_alive;
};

using TapeId = std::uint64_t;  // engine/api/tape.h; 0: none

struct Frame {
  Request request;
  std::uint64_t generation = 0;  // of the request in its view: later requests have larger numbers
  DeviceImage image;
  int step = 0;         // of `steps`; a progressive preview has step < steps
  int steps = 1;
  double render_ms = 0.0;  // time spent in the networks and the conversion to RGBA8
  std::string model_hash;  // SHA-256 of the weights that made it
  TapeId tape = 0;         // that records how it came about
};

}  // namespace orrery
