#include "kernels/upfirdn2d/upfirdn2d_launch.h"

#include "kernels/cuda/launch.h"

namespace orrery::kernels {
namespace {

// One output pixel: the taps k0, k0 + up, ... meet the inputs first, first + 1, ... (kernels/upfirdn2d/upfirdn2d_loops.h).
struct Phase {
  int first, tap;
};
template <int kUp>
__device__ __forceinline__ Phase phase_of(int out, int up_any, int down, int pad) {
  const int up = kUp ? kUp : up_any, base = out * down - pad, tap = ((-base) % up + up) % up;
  return {(base + tap) / up, tap};
}

// kTaps, kUp: 0 where they are not known when compiling. Known ones unroll: [1, 3, 3, 1] at rates 1 and 2.
template <class T, class I, int kTaps, int kUp>
__global__ void filter(const UpFirDnCuda<T> w, std::int64_t numel) {
  const int fh = kTaps ? kTaps : w.fh, fw = kTaps ? kTaps : w.fw, up_x = kUp ? kUp : w.up_x, up_y = kUp ? kUp : w.up_y;
  const I step = static_cast<I>(w.step), out_w = static_cast<I>(w.out_w), out_h = static_cast<I>(w.out_h);
  each<I>(numel, [&](I i) {
    const I pixel = i / step, row = pixel / out_w, plane = row / out_h;
    const Phase px = phase_of<kUp>(static_cast<int>(pixel - row * out_w), w.up_x, w.down_x, w.pad_x), py = phase_of<kUp>(static_cast<int>(row - plane * out_h), w.up_y, w.down_y, w.pad_y);
    const T* x = w.x + static_cast<std::int64_t>(plane) * w.in_h * w.in_w * w.step + (i - pixel * step);
    T sum = T(0);
    ORRERY_UNROLL for (int ky = 0; ky < (fh + up_y - 1) / up_y; ++ky) {
      const int iy = py.first + ky;
      const int ty = py.tap + ky * up_y;
      if (iy < 0 || iy >= w.in_h || ty >= fh) continue;
      ORRERY_UNROLL for (int kx = 0; kx < (fw + up_x - 1) / up_x; ++kx) {
        const int ix = px.first + kx;
        const int tx = px.tap + kx * up_x;
        if (ix >= 0 && ix < w.in_w && tx < fw) sum += w.filter[ty * fw + tx] * x[(static_cast<std::int64_t>(iy) * w.in_w + ix) * w.step];
      }
    }
    w.y[i] = sum * w.gain;
  });
}

template <class I, class T>
void launch_as(const UpFirDnCuda<T>& w, std::int64_t numel, CudaStream stream) {
  const bool four = w.fh == 4 && w.fw == 4;
  if (four && w.up_x == 1 && w.up_y == 1) {
    ORRERY_LAUNCH((filter<T, I, 4, 1>), numel, stream, w, numel);
  } else if (four && w.up_x == 2 && w.up_y == 2) {
    ORRERY_LAUNCH((filter<T, I, 4, 2>), numel, stream, w, numel);
  } else {
    ORRERY_LAUNCH((filter<T, I, 0, 0>), numel, stream, w, numel);
  }
}

template <class T>
void launch(const UpFirDnCuda<T>& w, CudaStream stream) {
  const std::int64_t numel = w.planes * w.out_h * w.out_w * w.step;
  fits_32(numel) ? launch_as<std::uint32_t>(w, numel, stream) : launch_as<std::uint64_t>(w, numel, stream);
}

}  // namespace

void upfirdn2d_launch(const UpFirDnCuda<float>& w, CudaStream stream) { launch(w, stream); }
void upfirdn2d_launch(const UpFirDnCuda<double>& w, CudaStream stream) { launch(w, stream); }

}  // namespace orrery::kernels
