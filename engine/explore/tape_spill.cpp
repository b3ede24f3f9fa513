#include "engine/explore/tape_spill.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/api/result.h"
#include "engine/io/atomic_file.h"

namespace orrery {
namespace {

[[noreturn]] void refuse(const std::string& folder, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  throw Error(full ? ErrorCode::disk_full : ErrorCode::failed,
              full ? "The disk of " + folder + " is full, so the tape is recorded no further." : "The tape cannot be kept in " + folder + ", so it is recorded no further.",
              "The picture and the steps so far are untouched.", "Free some space, close tapes, or allow them more memory.", std::strerror(error));
}

}  // namespace

SpillFile::SpillFile(const std::string& folder) : folder_(folder) {
  descriptor_ = io::file_calls().open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor_ == -1 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL)) {  // a file system without such files
    std::string name = folder + "/spill-XXXXXX";
    descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (descriptor_ != -1) ::unlink(name.c_str());
  }
  if (descriptor_ == -1) refuse(folder_, errno);
}

SpillFile::~SpillFile() { ::close(descriptor_); }

std::uint64_t SpillFile::append(std::string_view first, std::string_view second) {
  const std::lock_guard lock(mutex_);
  write(size_, first);
  write(size_ + first.size(), second);
  const std::uint64_t at = size_;
  size_ += first.size() + second.size();
  return at;
}

void SpillFile::write(std::uint64_t at, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = io::file_calls().pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written == -1 && errno == EINTR) continue;
    if (written <= 0) refuse(folder_, written == 0 ? ENOSPC : errno);
    at += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void SpillFile::read(std::uint64_t at, char* into, std::size_t bytes) const {
  while (bytes > 0) {
    const ssize_t got = ::pread(descriptor_, into, bytes, static_cast<off_t>(at));
    if (got == -1 && errno == EINTR) continue;
    if (got <= 0) {
      throw Error(ErrorCode::failed, "A step of the tape cannot be read back from " + folder_ + ".", "The picture and the other steps are untouched.", "Make the tape again.",
                  got == 0 ? "the file is too short" : std::strerror(errno));
    }
    into += got;
    at += static_cast<std::uint64_t>(got);
    bytes -= static_cast<std::size_t>(got);
  }
}

}  // namespace orrery
