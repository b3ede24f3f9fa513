#include "engine/data/zip_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/api/result.h"
#include "engine/data/names.h"
#include "engine/io/patiently.h"

namespace orrery::data {
namespace {

Error unreadable(const std::string& shown, const std::string& why) {
  return {ErrorCode::bad_input, shown + " cannot be read: " + why + ".", "Nothing was changed.", "Check the file."};
}

// Deflate packs at most 1,032 bytes into one (RFC 1951: 258 bytes in two bits); a declaration beyond that is a lie.
constexpr std::uint64_t largest_ratio = 1032;

}  // namespace

ZipReader::ZipReader(const std::string& path) : shown_(readable_name(path)) {
  descriptor_ = io::patiently([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); });
  if (descriptor_ == -1) throw unreadable(shown_, std::strerror(errno));
  open();
}

ZipReader::ZipReader(int descriptor, std::string shown) : descriptor_(descriptor), shown_(std::move(shown)) { open(); }

ZipReader::~ZipReader() {
  for (zip* handle : idle_) zip_discard(handle);
  ::close(descriptor_);
}

zip* ZipReader::new_handle() const {
  // A descriptor of its own, with its own read position, of the very file that is already open.
  const std::string same_file = "/proc/self/fd/" + std::to_string(descriptor_);
  int code = 0;
  zip* handle = zip_open(same_file.c_str(), ZIP_RDONLY, &code);
  if (handle) return handle;
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  const std::string why = zip_error_strerror(&error);
  zip_error_fini(&error);
  throw unreadable(shown_, "it is not a complete zip (" + why + ")");
}

void ZipReader::open() {
  try {
    struct stat state {};
    if (::fstat(descriptor_, &state) == -1) throw unreadable(shown_, std::strerror(errno));
    if (!S_ISREG(state.st_mode)) throw unreadable(shown_, S_ISDIR(state.st_mode) ? "it is a folder" : "it is not an ordinary file");
    zip* handle = new_handle();
    idle_.push_back(handle);
    const zip_int64_t count = zip_get_num_entries(handle, 0);
    entries_.resize(static_cast<std::size_t>(std::max<zip_int64_t>(count, 0)));
    for (zip_uint64_t i = 0; i < entries_.size(); ++i) {
      Entry& entry = entries_[i];
      if (const char* name = zip_get_name(handle, i, ZIP_FL_ENC_RAW)) entry.name = name;
      zip_stat_t found;
      if (zip_stat_index(handle, i, 0, &found) != 0) continue;
      entry.size = found.size;
      entry.packed = found.comp_size;
      entry.stored = found.comp_method == ZIP_CM_STORE;
      entry.encrypted = found.encryption_method != ZIP_EM_NONE;
      entry.folder = !entry.name.empty() && entry.name.back() == '/';
      zip_uint8_t system = 0;
      zip_uint32_t attributes = 0;
      if (zip_file_get_external_attributes(handle, i, 0, &system, &attributes) == 0 && system == ZIP_OPSYS_UNIX) {
        const auto type = attributes >> 16 & S_IFMT;
        entry.link = type != 0 && type != S_IFREG && type != S_IFDIR;
      }
    }
  } catch (...) {
    for (zip* handle : idle_) zip_discard(handle);
    idle_.clear();
    ::close(descriptor_);
    throw;
  }
}

std::string ZipReader::read(std::size_t index, std::uint64_t limit_bytes) const {
  const Entry& entry = entries_.at(index);
  const std::string shown = readable_name(entry.name);
  if (entry.encrypted) throw unreadable(shown, "it is encrypted");
  if (entry.packed < entry.size / largest_ratio && entry.size > 64) throw unreadable(shown, "it claims to unpack to more than it can hold");
  if (entry.size > limit_bytes) throw unreadable(shown, "it has " + std::to_string(entry.size >> 20) + " MB, more than the " + std::to_string(limit_bytes >> 20) + " MB allowed");

  zip* handle = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      handle = idle_.back();
      idle_.pop_back();
    }
  }
  if (!handle) handle = new_handle();
  struct GiveBack {
    const ZipReader& reader;
    zip* handle;
    ~GiveBack() {
      std::lock_guard lock(reader.mutex_);
      reader.idle_.push_back(handle);
    }
  } give_back{*this, handle};

  zip_file_t* file = zip_fopen_index(handle, index, 0);
  if (!file) throw unreadable(shown, zip_strerror(handle));
  struct Closer {
    zip_file_t* file;
    ~Closer() { zip_fclose(file); }
  } closer{file};
  std::string bytes;
  constexpr std::uint64_t part = std::uint64_t{4} << 20;
  for (;;) {
    // One byte past the declared size is asked for: who delivers it, lied; who does not, has its CRC checked by this last read.
    const std::size_t done = bytes.size();
    bytes.resize(done + static_cast<std::size_t>(std::min(part, entry.size + 1 - done)));
    const zip_int64_t got = zip_fread(file, bytes.data() + done, bytes.size() - done);
    if (got < 0) throw unreadable(shown, std::string("it is damaged (") + zip_file_strerror(file) + ")");
    bytes.resize(done + static_cast<std::size_t>(got));
    if (bytes.size() > entry.size) throw unreadable(shown, "it unpacks to more than it declares");
    if (got == 0) break;
  }
  if (bytes.size() != entry.size) throw unreadable(shown, "it ends early");
  return bytes;
}

}  // namespace orrery::data
