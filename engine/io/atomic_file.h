// The one way this program writes a file it means to keep: temporary, full write, fsync, rename, fsync of the folder.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace orrery::io {

// The file at `path` is afterwards either what it was or `bytes`, complete, whatever fails in between. Throws Error (disk_full, failed)
// saying which file, why, and that the old one is untouched.
void write_file_atomically(const std::string& path, std::string_view bytes);
// Reads a whole file of at most `limit_bytes`. Throws Error(bad_input).
std::string read_file(const std::string& path, std::size_t limit_bytes = std::size_t{1} << 33);

// The same promise for files too large to hold in memory: films, stores, big checkpoints. Nothing is visible under `path` before
// commit(); without commit() the destructor leaves no trace. Not copyable, one thread at a time.
class AtomicFile {
 public:
  // `expected_bytes`, if known, is compared with the free space first. Throws Error(disk_full, failed).
  explicit AtomicFile(std::string path, std::uint64_t expected_bytes = 0);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Appends at the end / overwrites at `offset` (which may lie beyond the end). Throws Error(disk_full, failed).
  void write(std::string_view bytes);
  void write_at(std::uint64_t offset, std::string_view bytes);
  // Reads back what was written; returns the bytes read, fewer at the end. Throws Error(failed).
  std::size_t read_at(std::uint64_t offset, char* into, std::size_t bytes) const;
  std::uint64_t size() const { return size_; }
  const std::string& path() const { return path_; }
  // Flushes to the disk and puts the file in its place. Throws Error; then `path` is still what it was, unless the sentence says that
  // only the confirmation of the folder is missing.
  void commit();

 private:
  std::string path_;        // as asked for
  std::string target_;      // with symbolic links resolved
  std::string temporary_;   // a name in the target's folder; empty while the file has none (O_TMPFILE)
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

// Publishes a complete file that another writer made under a temporary name beside `path` (an encoder's ".part"): fsync, rename, fsync of
// the folder. Throws Error; then `part` is kept.
void publish_file(const std::string& part, const std::string& path);
// Removes temporaries that killed processes left in `folder`. Call it when a run or project is opened. Returns how many it removed.
int sweep_temporaries(const std::string& folder);

// The system calls behind all of the above, so that a test can let the k-th of them fail. Each behaves as the call of its name.
struct FileCalls {
  int (*open)(const char* path, int flags, mode_t mode);
  ssize_t (*pwrite)(int descriptor, const void* bytes, std::size_t count, off_t offset);
  int (*fsync)(int descriptor);
  int (*close)(int descriptor);
  int (*link_descriptor)(int descriptor, const char* path);  // gives an O_TMPFILE file a name
  int (*rename)(const char* from, const char* to);
  int (*unlink)(const char* path);
};
FileCalls& file_calls();

}  // namespace orrery::io
