// Where steps go that do not fit into memory: a file without a name in the user's cache, which is gone with the process, however that ends.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace orrery {

class SpillFile {
 public:
  // Throws Error(failed, disk_full) when no file can be made in `folder`.
  explicit SpillFile(const std::string& folder);
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  // Appends; returns where. Throws Error(disk_full, failed): nothing was added. Thread-safe, as read().
  std::uint64_t append(std::string_view first, std::string_view second);
  void read(std::uint64_t at, char* into, std::size_t bytes) const;

 private:
  void write(std::uint64_t at, std::string_view bytes);

  std::string folder_;
  int descriptor_ = -1;
  std::mutex mutex_;
  std::uint64_t size_ = 0;
};

}  // namespace orrery
