// Reading a zip that somebody else may have made with bad intent: names are keys, never paths; sizes are counted, never believed.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

struct zip;

namespace orrery::data {

class ZipReader {
 public:
  struct Entry {
    std::string name;          // raw bytes
    std::uint64_t size = 0;    // as declared
    std::uint64_t packed = 0;  // as declared
    bool stored = false;       // method 0
    bool encrypted = false;
    bool folder = false;
    bool link = false;         // or anything else that is neither file nor folder
  };

  // The file stays open: that it is renamed, replaced or deleted meanwhile changes nothing. Throws Error(bad_input).
  explicit ZipReader(const std::string& path);
  // From an open descriptor of a regular file, which it takes over; `shown` names it in errors.
  ZipReader(int descriptor, std::string shown);
  ~ZipReader();
  ZipReader(const ZipReader&) = delete;
  ZipReader& operator=(const ZipReader&) = delete;

  const std::vector<Entry>& entries() const { return entries_; }
  // Inflates one entry, at most `limit_bytes` and at most its declared size; checks its CRC. Thread-safe. Throws Error(bad_input).
  std::string read(std::size_t index, std::uint64_t limit_bytes) const;

 private:
  int descriptor_ = -1;
  std::string shown_;
  std::vector<Entry> entries_;
  mutable std::mutex mutex_;
  mutable std::vector<zip*> idle_;  // libzip allows one thread at a time per handle

  void open();
  zip* new_handle() const;
};

}  // namespace orrery::data
