// The CPU loops of nearest_code.
#pragma once

#include <cstdint>

#include "kernels/cpu/isa.h"

namespace orrery::kernels {

// The codebook as the loops read it: panels of `width` codes, each [dim][width], and after all panels half the squared norm of each code,
// infinity for those that only fill the last panel up.
template <class T>
struct PackedCodes {
  const T* panels = nullptr;
  const T* half_norms = nullptr;  // [panels * width]
  std::int64_t count = 0;         // panels
  std::int64_t dim = 0;
};

struct NearestCodeLoops {
  template <class T>
  struct Of {
    std::int64_t width;  // codes of a panel
    // codes [count, dim] -> panels and half norms.
    void (*pack)(const T* codes, std::int64_t count, std::int64_t dim, T* panels, T* half_norms);
    // The nearest codes of rows [rows, dim].
    void (*nearest)(const PackedCodes<T>& codes, const T* x, std::int64_t rows, std::int64_t* out);
  };
  Of<float> f32;
  Of<double> f64;
};
ORRERY_LOOPS(NearestCodeLoops, nearest_code_loops)

}  // namespace orrery::kernels
