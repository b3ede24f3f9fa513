// Inner loops are compiled once per instruction set and chosen at run time: a file *_loops.cpp becomes one object per set, everything
// in it inside `namespace orrery::kernels::ORRERY_ISA`. Such a file includes nothing with inline code of others (no ATen, no
// containers): the linker could keep a copy that uses instructions this machine lacks.
#pragma once

namespace orrery::kernels {

enum class Isa { baseline, avx2, avx512 };

// The best set of this processor, or less when the environment variable ORRERY_CPU_ISA says baseline, avx2 or avx512.
Isa cpu_isa();
const char* cpu_isa_name();

}  // namespace orrery::kernels

// ORRERY_LOOPS(Table, name): declares `const Table& name()` of each instruction set and, outside, the one that picks.
#define ORRERY_LOOPS(Table, name)                                              \
  namespace baseline { const Table& name(); }                                  \
  namespace avx2 { const Table& name(); }                                      \
  namespace avx512 { const Table& name(); }                                    \
  inline const Table& name() {                                                 \
    switch (cpu_isa()) {                                                       \
      case Isa::avx512: return avx512::name();                                 \
      case Isa::avx2: return avx2::name();                                     \
      default: return baseline::name();                                        \
    }                                                                          \
  }
