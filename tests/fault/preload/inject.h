// The switches of the fault injector: a library whose open, write, fsync, rename, ... stand before the C library's. A test program links it
// and forks its subjects, which share the switches; any other program gets it by LD_PRELOAD and these variables:
//   FAULT_UNDER=folder FAULT_KIND=eio|enospc|short|eintr|kill FAULT_AT=k [FAULT_FOREVER=1] [FAULT_NO_TMPFILE=1]
// Only calls on paths below the folder, and on descriptors opened there, are counted, fail and are recorded.
#pragma once

#include <atomic>
#include <cstdint>

namespace orrery::fault {

enum class Kind : int {
  none,
  eio,          // the call does nothing and says EIO (close: closes and says so)
  enospc,
  short_write,  // half of the bytes are written; other calls are not counted
  eintr,        // of the calls that a signal may interrupt; "forever" interrupts each one once
  kill,         // SIGKILL: of a write after half of its bytes, else before the call
};

enum class Call : std::uint32_t { open, close, write, sync, truncate, rename, link, unlink, make_folder, remove_folder, mark };

struct Plan {
  char under[1024];
  std::atomic<int> armed;    // nothing is counted before
  Kind kind;
  int at;                    // 1: the first call
  int forever;               // from then on
  int no_tmpfile;            // O_TMPFILE is refused, as by file systems that lack it
  std::atomic<int> calls;    // counted so far
  std::atomic<int> fired;    // how often a fault was made
  std::atomic<int> recording;
  std::atomic<std::uint64_t> log_bytes;
};

// One recorded call, followed by its two paths and, for a write, its bytes.
struct Entry {
  Call call;
  std::int32_t descriptor;  // open: the new one; link: that of a file without a name, or -1
  std::int32_t flags;       // open's
  std::uint32_t first_bytes, second_bytes;
  std::uint64_t offset;     // write; truncate: the new size
  std::uint64_t size;       // write: how many bytes follow
};

}  // namespace orrery::fault

extern "C" {
orrery::fault::Plan* fault_plan();
const char* fault_log();   // plan->log_bytes of entries
void fault_mark();         // an entry of its own: what was recorded so far has been confirmed to a person
}
