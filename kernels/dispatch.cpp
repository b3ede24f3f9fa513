#include "kernels/dispatch.h"

#include <cstdio>
#include <mutex>
#include <set>

namespace orrery::kernels {

void note_cpu_fallback(const char* op_name) {
  static std::mutex mutex;
  static std::set<std::string> noted;
  const std::lock_guard lock(mutex);
  if (noted.insert(op_name).second) std::fprintf(stderr, "orrery: %s has no CUDA version here and computes on the CPU.\n", op_name);
}

}  // namespace orrery::kernels
