// One dispatcher for all operators: a table of functions per device. The CUDA plug-in fills its column when it is opened; an operator
// without a CUDA function computes on the CPU, and says so once.
#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <string>
#include <utility>

namespace orrery::kernels {

template <class Function>
struct Op {
  const char* name;
  Function* cpu;
  std::atomic<Function*> cuda{nullptr};

  Op(const char* op_name, Function* on_cpu) : name(op_name), cpu(on_cpu) {}
};

// Opens libtorch_cuda and the plug-in beside this library where an NVIDIA driver exists; call once, first thing in main().
// Returns what happened in one sentence ("CUDA: NVIDIA H100"; "no NVIDIA driver: CPU"; "plug-in could not be opened: ...").
std::string open_cuda_plugin();
// Says on stderr, once per operator, that it falls back to the CPU.
void note_cpu_fallback(const char* op_name);

namespace detail {
template <class T>
decltype(auto) to_cpu(const T& argument) {
  if constexpr (std::is_same_v<T, at::Tensor>) {
    return argument.defined() ? argument.cpu() : argument;
  } else {
    return (argument);
  }
}
inline at::Tensor to_device(const at::Tensor& result, const at::Device& device) { return result.defined() ? result.to(device) : result; }
inline std::pair<at::Tensor, at::Tensor> to_device(const std::pair<at::Tensor, at::Tensor>& result, const at::Device& device) {
  return {to_device(result.first, device), to_device(result.second, device)};
}
}  // namespace detail

// Calls the operator's function for `device`. Tensor arguments lie there already.
template <class Function, class... Arguments>
auto call(Op<Function>& op, const at::Device& device, const Arguments&... arguments) {
  if (device.is_cpu()) return op.cpu(arguments...);
  if (device.is_cuda()) {
    if (Function* on_cuda = op.cuda.load(std::memory_order_acquire)) return on_cuda(arguments...);
  }
  note_cpu_fallback(op.name);
  return detail::to_device(op.cpu(detail::to_cpu(arguments)...), device);
}

}  // namespace orrery::kernels
