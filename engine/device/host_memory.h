// Large blocks of CPU tensor memory are kept for the next tensor instead of going back to the system, and lie in huge pages where the
// system allows. Without this each large temporary is mapped, zeroed page by page and unmapped again, which costs several times what
// most operators do with it.
#pragma once

#include <cstddef>

namespace orrery {

// LibTorch takes CPU memory from here from now on; blocks under 1 MiB still come from its own allocator. At most `keep_bytes` lie idle
// (0: an eighth of this machine's memory). Call once, before tensors are made; a second call only changes the limit.
void keep_host_memory(std::size_t keep_bytes = 0);

struct HostMemory {
  std::size_t used_bytes = 0;   // in large blocks that tensors hold now
  std::size_t kept_bytes = 0;   // idle, ready for the next tensor
  std::size_t most_bytes = 0;   // highest used_bytes so far
};
HostMemory host_memory();
// Gives idle blocks back to the system.
void release_host_memory();

}  // namespace orrery
