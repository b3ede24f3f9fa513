// The CPU loops of upfirdn2d: polyphase filtering, a row at a time: the rows under the filter are combined into a row buffer (vertical
// pass), and the buffer is filtered into the output row (horizontal pass).
#pragma once

#include <cstdint>

#include "kernels/cpu/isa.h"

namespace orrery::kernels {

// One axis. Output o sums taps f[k] of inputs (o * down + k - pad) / up where that is whole: with base = o * down - pad, the taps
// k0, k0 + up, ... of inputs first, first + 1, ... where k0 = -base mod up and first = (base + k0) / up.
// Outputs with equal o % period share k0; `advance` inputs lie between two of them.
struct UpFirDnAxis {
  std::int64_t in = 0, out = 0, up = 1, down = 1, pad = 0;
  std::int64_t taps = 1;                 // of the whole filter
  std::int64_t period = 1, advance = 1;  // up / gcd, down / gcd
  std::int64_t phase_taps = 1;           // ceil(taps / up)
};

// What the vertical pass needs to know of an output row: the inputs first ... first + count - 1 meet the taps tap, tap + up, ...
struct UpFirDnRow {
  std::int64_t first = 0, tap = 0;
  int count = 0;
};

template <class T>
struct UpFirDnWork {
  const T* x = nullptr;  // [planes, in_h, in_w, step]
  T* y = nullptr;        // [planes, out_h, out_w, step]
  UpFirDnAxis horizontal, vertical;
  const UpFirDnRow* rows = nullptr;  // [out_h]
  std::int64_t step = 1;             // channels when they are innermost in memory
  bool separable = true;
  const T* taps_x = nullptr;         // separable: [period][phase_taps], 0 where the filter ends sooner
  const T* taps_y = nullptr;         // separable: [vertical.taps], times the gain
  const T* taps_xy = nullptr;        // otherwise: [vertical.taps][period][phase_taps], times the gain
  const std::int64_t* first_x = nullptr;  // [period]: the input of the first tap of output r, relative to buffer_low
  std::int64_t buffer_low = 0, buffer_size = 1;  // the row buffer holds inputs buffer_low ... + buffer_size - 1, zero outside the picture
  std::int64_t buffers = 1;                      // row buffers of a thread
};

struct UpFirDnLoops {
  template <class T>
  struct Of {
    // Output rows [begin, end) of planes * out_h. buffers: buffers * buffer_size * step zeros, and one more.
    void (*rows)(const UpFirDnWork<T>&, T* buffers, std::int64_t begin, std::int64_t end);
  };
  Of<float> f32;
  Of<double> f64;
};
ORRERY_LOOPS(UpFirDnLoops, upfirdn2d_loops)

}  // namespace orrery::kernels
