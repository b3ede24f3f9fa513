#include <ATen/Dispatch.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>

#include <limits>

#include "kernels/cuda/glue.h"
#include "kernels/upfirdn2d/upfirdn2d_launch.h"
#include "kernels/upfirdn2d/upfirdn2d_op.h"

namespace orrery::kernels {
namespace {

int narrow(std::int64_t value) {
  TORCH_CHECK(std::abs(value) < std::numeric_limits<int>::max() / 64, "upfirdn2d: sizes, rates and padding on CUDA must stay under 33 million.");
  return static_cast<int>(value);
}

// taps: [fh, fw], correlation order, on x's device.
template <class T>
at::Tensor one_pass(const at::Tensor& x, const at::Tensor& taps, const UpFirDn& o, double gain, cudaStream_t stream) {
  UpFirDnCuda<T> w;
  w.fh = narrow(taps.size(0)), w.fw = narrow(taps.size(1));
  w.in_h = narrow(x.size(2)), w.in_w = narrow(x.size(3));
  w.up_x = narrow(o.up_x), w.up_y = narrow(o.up_y), w.down_x = narrow(o.down_x), w.down_y = narrow(o.down_y);
  w.pad_x = narrow(o.padding[0]), w.pad_y = narrow(o.padding[2]);
  w.out_h = narrow(upfirdn_size(w.in_h, w.fh, o.up_y, o.down_y, o.padding[2], o.padding[3]));
  w.out_w = narrow(upfirdn_size(w.in_w, w.fw, o.up_x, o.down_x, o.padding[0], o.padding[1]));
  narrow(std::int64_t{w.out_h} * w.down_y), narrow(std::int64_t{w.out_w} * w.down_x);
  w.gain = static_cast<T>(gain);
  const bool channels_last = !x.is_contiguous() && x.is_contiguous(at::MemoryFormat::ChannelsLast);
  const auto format = channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  const at::Tensor from = x.contiguous(format);
  at::Tensor y = at::empty({x.size(0), x.size(1), w.out_h, w.out_w}, x.options().memory_format(format));
  if (y.numel() == 0) return y;
  if (x.numel() == 0) return y.zero_();
  w.x = from.const_data_ptr<T>();
  w.y = y.mutable_data_ptr<T>();
  w.filter = taps.const_data_ptr<T>();
  w.step = channels_last ? x.size(1) : 1;
  w.planes = channels_last ? x.size(0) : x.size(0) * x.size(1);
  upfirdn2d_launch(w, stream);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return y;
}

at::Tensor upfirdn2d_cuda(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& o) {
  const OnDeviceOf device(x);
  at::Tensor taps = filter.defined() ? filter.detach().to(x.scalar_type()) : at::ones({1, 1}, x.options());
  if (!o.flip_filter) taps = taps.dim() == 1 ? taps.flip({0}) : taps.flip({0, 1});
  taps = taps.contiguous();
  at::Tensor y;
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "upfirdn2d", [&] {
    if (taps.dim() == 2) {
      y = one_pass<scalar_t>(x, taps, o, o.gain, device.stream());
    } else {
      UpFirDn along_x = o, along_y = o;
      along_x.up_y = along_x.down_y = along_y.up_x = along_y.down_x = 1;
      along_x.padding[2] = along_x.padding[3] = along_y.padding[0] = along_y.padding[1] = 0;
      y = one_pass<scalar_t>(one_pass<scalar_t>(x, taps.view({1, -1}), along_x, 1.0, device.stream()), taps.view({-1, 1}), along_y, o.gain, device.stream());
    }
  });
  return y;
}

}  // namespace

void register_upfirdn2d() { upfirdn2d_op.cuda = upfirdn2d_cuda; }

}  // namespace orrery::kernels
