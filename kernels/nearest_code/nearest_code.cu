#include "kernels/nearest_code/nearest_code_launch.h"

#include "kernels/cuda/launch.h"

namespace orrery::kernels {
namespace {

// One thread: one row against one slice of the codes, four at a time. A slice's codes are the same for neighbours, which read them together.
template <class T>
__global__ void nearest_of_slices(const NearestCodeCuda<T> w) {
  each<std::int64_t>(w.rows * w.slices, [&](std::int64_t i) {
    const std::int64_t slice = i / w.rows, row = i - slice * w.rows;
    const std::int64_t first = w.count * slice / w.slices, end = w.count * (slice + 1) / w.slices;
    T least = static_cast<T>(INFINITY);
    std::int64_t code = -1;
    for (std::int64_t k = first; k < end; k += 4) {
      T dot[4] = {0, 0, 0, 0};
      const T* e[4];
      ORRERY_UNROLL
      for (int j = 0; j < 4; ++j) e[j] = w.codes + (k + j < end ? k + j : end - 1) * w.dim;  // beyond the slice: its last once more
      for (std::int64_t d = 0; d < w.dim; ++d) {
        const T value = w.x[d * w.rows + row];
        ORRERY_UNROLL
        for (int j = 0; j < 4; ++j) dot[j] += value * e[j][d];
      }
      ORRERY_UNROLL
      for (int j = 0; j < 4; ++j) {
        const std::int64_t at = k + j < end ? k + j : end - 1;
        const T score = w.half_norms[at] - dot[j];
        if (score < least) least = score, code = at;
      }
    }
    w.scores[i] = least;
    w.found[i] = code;
  });
}

template <class T>
__global__ void nearest_of_rows(const NearestCodeCuda<T> w) {
  each<std::int64_t>(w.rows, [&](std::int64_t row) {
    T least = static_cast<T>(INFINITY);
    std::int64_t code = -1;
    for (std::int64_t slice = 0; slice < w.slices; ++slice) {
      const std::int64_t at = slice * w.rows + row;
      if (w.found[at] >= 0 && w.scores[at] < least) least = w.scores[at], code = w.found[at];
    }
    w.out[row] = code < 0 ? 0 : code;
  });
}

template <class T>
void nearest_code_start(const NearestCodeCuda<T>& w, CudaStream stream) {
  ORRERY_LAUNCH(nearest_of_slices<T>, w.rows * w.slices, stream, w);
  ORRERY_LAUNCH(nearest_of_rows<T>, w.rows, stream, w);
}

}  // namespace

void nearest_code_launch(const NearestCodeCuda<float>& w, CudaStream stream) { nearest_code_start(w, stream); }
void nearest_code_launch(const NearestCodeCuda<double>& w, CudaStream stream) { nearest_code_start(w, stream); }

}  // namespace orrery::kernels
