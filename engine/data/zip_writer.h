// A zip of stored entries, written front to back: memory does not grow with the pictures, only with their number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/io/atomic_file.h"

namespace orrery::data {

// APPNOTE 6.3.9, method 0 only, zip64 where sizes or counts need it. Timestamps are constant, so equal contents give equal files.
class ZipWriter {
 public:
  explicit ZipWriter(const std::string& path) : file_(path) {}
  // `name` is ASCII or UTF-8 with forward slashes. Throws Error(disk_full, failed).
  void add(std::string_view name, std::string_view bytes);
  // Writes the directory and puts the file in place. Without it nothing remains.
  void commit();

 private:
  struct Entry {
    std::string name;
    std::uint32_t crc;
    std::uint64_t size;
    std::uint64_t offset;
  };
  io::AtomicFile file_;
  std::vector<Entry> entries_;
  std::string buffer_;  // several small entries per system call
  std::uint64_t offset_ = 0;

  void put(std::string_view bytes);
  void flush();
};

}  // namespace orrery::data
