#include "kernels/adam_step/adam_factors.h"
#include "kernels/adam_step/adam_step_launch.h"
#include "kernels/adam_step/adam_step_op.h"
#include "kernels/cuda/glue.h"

namespace orrery::kernels {
namespace {

// Calls launch(work) for groups of tensors of type T. `place` writes tensor k's pointers at place j of the group.
template <class T, class Place, class Launch>
void for_groups(const std::vector<at::Tensor>& tensors, const Place& place, const Launch& launch) {
  AdamCuda<T> w{};
  std::int64_t chunks = 0;
  const auto flush = [&] {
    if (w.tensors > 0) {
      launch(w);
      C10_CUDA_KERNEL_LAUNCH_CHECK();
    }
    w.tensors = 0, chunks = 0;
  };
  for (std::size_t k = 0; k < tensors.size(); ++k) {
    if (tensors[k].scalar_type() != c10::CppTypeToScalarType<T>::value || tensors[k].numel() == 0) continue;
    place(w, w.tensors, k);
    w.numel[w.tensors] = tensors[k].numel();
    w.until[w.tensors] = chunks += (tensors[k].numel() + kAdamChunk - 1) / kAdamChunk;
    if (++w.tensors == kAdamTensors) flush();
  }
  flush();
}

template <class T>
void adam_of(const std::vector<at::Tensor>& params, const std::vector<at::Tensor>& grads, const std::vector<at::Tensor>& m,
             const std::vector<at::Tensor>& v, std::int64_t step, const Adam& options, cudaStream_t stream) {
  const auto factors = adam_factors<T>(step, options);
  const auto place = [&](AdamCuda<T>& w, int j, std::size_t k) {
    w.p[j] = params[k].mutable_data_ptr<T>();
    w.g[j] = grads[k].const_data_ptr<T>();
    w.m[j] = m[k].mutable_data_ptr<T>();
    w.v[j] = v[k].mutable_data_ptr<T>();
  };
  for_groups<T>(params, place, [&](const AdamCuda<T>& w) { adam_launch(factors, w, stream); });
}

template <class T>
void ema_of(const std::vector<at::Tensor>& ema, const std::vector<at::Tensor>& params, double weight, cudaStream_t stream) {
  const auto place = [&](AdamCuda<T>& w, int j, std::size_t k) {
    w.p[j] = ema[k].mutable_data_ptr<T>();
    w.g[j] = params[k].const_data_ptr<T>();
  };
  for_groups<T>(ema, place, [&](const AdamCuda<T>& w) { ema_launch(static_cast<T>(weight), w, stream); });
}

void adam_step_cuda(const std::vector<at::Tensor>& params, const std::vector<at::Tensor>& grads, const std::vector<at::Tensor>& m,
                    const std::vector<at::Tensor>& v, std::int64_t step, const Adam& options) {
  const OnDeviceOf device(params[0]);
  adam_of<float>(params, grads, m, v, step, options, device.stream());
  adam_of<double>(params, grads, m, v, step, options, device.stream());
}

void ema_step_cuda(const std::vector<at::Tensor>& ema, const std::vector<at::Tensor>& params, double weight) {
  const OnDeviceOf device(ema[0]);
  ema_of<float>(ema, params, weight, device.stream());
  ema_of<double>(ema, params, weight, device.stream());
}

}  // namespace

void register_adam_step() {
  adam_step_op.cuda = adam_step_cuda;
  ema_step_op.cuda = ema_step_cuda;
}

}  // namespace orrery::kernels
