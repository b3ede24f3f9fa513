// Places that hold files: a folder tree, a zip, an archive. All only list and read; nothing is ever unpacked to disk, no link is followed,
// nothing but ordinary files is opened.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/api/dataset.h"

namespace orrery::media {

struct Item {
  std::uint32_t folder = 0;  // index into Listing::folders
  std::string name;          // bytes
  std::uint64_t entry = 0;   // the container's own number
};

// Everything in a container: each ordinary file once, in `items` or in `refused`.
struct Listing {
  std::vector<std::string> folders;    // relative to the container; the first is ""
  std::vector<Item> items;             // sorted by folder and name, but for archives, which come in their own order
  std::vector<ImportProblem> refused;  // links, devices, unreadable folders, hostile names

  std::string path(const Item& item) const { return folders[item.folder].empty() ? item.name : folders[item.folder] + "/" + item.name; }
};

// What a listing under way may be asked and told. Shared by two threads.
struct ListingProgress {
  std::atomic<std::int64_t> found{0};
  std::atomic<bool> cancelled{false};
  void found_one(const std::string& name);
  std::string last_name() const;

 private:
  mutable std::mutex mutex_;
  std::string last_name_;
};

// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor();
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }
  explicit operator bool() const { return value_ >= 0; }

 private:
  int value_;
};

class Container {
 public:
  virtual ~Container() = default;
  // May throw Error(bad_input) when the whole of it cannot be read.
  virtual Listing list(ListingProgress& progress) = 0;
  // One file's bytes. Thread-safe. Throws Error(bad_input) with the reason. Archives cannot: see stream().
  virtual std::string read(const Listing& listing, const Item& item, std::uint64_t limit_bytes) const = 0;
  // Opens an item as a file of its own; only folders can.
  virtual Descriptor open(const Listing& /*listing*/, const Item& /*item*/) const { return Descriptor{}; }
  // For containers that can only be read front to back: calls `take` for each item in turn with its bytes, or with the reason why not;
  // stops when it returns false.
  using Take = std::function<bool(const Item& item, std::string bytes, const std::string& error)>;
  virtual bool is_stream() const { return false; }
  virtual void stream(const Listing& /*listing*/, std::uint64_t /*limit_bytes*/, const Take& /*take*/) const {}
};

// Opens an ordinary file without following a link at its end; waits for no writer, wakes no device. Throws Error(bad_input) with the reason.
Descriptor open_ordinary(const std::string& path, bool follow_link);
std::string read_descriptor(int descriptor, std::uint64_t limit_bytes);

std::unique_ptr<Container> open_folder(const std::string& path);
std::unique_ptr<Container> open_zip(Descriptor file, const std::string& shown);
std::unique_ptr<Container> open_archive(Descriptor file, const std::string& shown);

// Why a name inside an archive is refused: it leads outside, is absolute, too long or unclear. nullptr: it is fine.
const char* hostile_name(const std::string& name);

}  // namespace orrery::media
