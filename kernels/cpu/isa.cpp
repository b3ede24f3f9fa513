#include "kernels/cpu/isa.h"

#include <cstdlib>
#include <cstring>

namespace orrery::kernels {
namespace {

Isa probe() {
  Isa best = Isa::baseline;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) best = Isa::avx2;
  if (best == Isa::avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd")) {
    best = Isa::avx512;
  }
#endif
  const char* cap = std::getenv("ORRERY_CPU_ISA");
  if (cap == nullptr) return best;
  const Isa wanted = std::strcmp(cap, "baseline") == 0 ? Isa::baseline : std::strcmp(cap, "avx2") == 0 ? Isa::avx2 : Isa::avx512;
  return wanted < best ? wanted : best;
}

}  // namespace

Isa cpu_isa() {
  static const Isa isa = probe();
  return isa;
}

const char* cpu_isa_name() {
  switch (cpu_isa()) {
    case Isa::avx512: return "avx512";
    case Isa::avx2: return "avx2";
    default: return "baseline";
  }
}

}  // namespace orrery::kernels
