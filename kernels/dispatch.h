// One dispatcher for all operators: a table of functions per device. The CUDA plug-in fills its column when it is opened; an operator
// without a CUDA function computes on the CPU, and says so once.
#pragma once

#include <atomic>
#include <string>

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

}  // namespace orrery::kernels
