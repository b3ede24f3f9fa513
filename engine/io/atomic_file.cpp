#include "engine/io/atomic_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <set>

#include "engine/api/result.h"
#include "engine/io/patiently.h"

namespace orrery::io {
namespace {

int real_open(const char* path, int flags, mode_t mode) { return ::open(path, flags, mode); }
int real_link(int descriptor, const char* path) {
  const std::string handle = "/proc/self/fd/" + std::to_string(descriptor);
  return ::linkat(AT_FDCWD, handle.c_str(), AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}
int real_rename(const char* from, const char* to) { return ::rename(from, to); }

std::string megabytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, bytes < 10'000'000 ? "%.1f MB" : "%.0f MB", static_cast<double>(bytes) / 1e6);
  for (char* c = text; *c; ++c) if (*c == ',') *c = '.';  // a locale's decimal comma
  return text;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}
std::string name_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

// Bytes an ordinary user may still write in `folder`; false when the file system does not say.
bool free_bytes(const std::string& folder, std::uint64_t& bytes) {
  struct statvfs state {};
  if (::statvfs(folder.c_str(), &state) != 0 || state.f_blocks == 0) return false;
  bytes = static_cast<std::uint64_t>(state.f_bavail) * state.f_frsize;
  return true;
}

[[noreturn]] void disk_full(const std::string& path, std::uint64_t needed) {
  const std::string folder = folder_of(path);
  std::uint64_t left = 0;
  std::string room;
  if (free_bytes(folder, left)) room = ": " + megabytes(needed) + " needed, " + megabytes(left) + " free in " + folder;
  throw Error(ErrorCode::disk_full, "The disk is full" + room + ", so " + path + " was not written.",
              "What was there before is untouched.", "Free some space or choose another folder, then try again.");
}

[[noreturn]] void refuse(const std::string& path, const char* doing, int error, std::uint64_t needed) {
  if (error == ENOSPC || error == EDQUOT) disk_full(path, needed);
  const std::string safe = "What was there before is untouched.";
  const std::string details = std::string(doing) + ": " + std::strerror(error);
  const std::string folder = folder_of(path);
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      throw Error(ErrorCode::failed, "The folder " + folder + " is not there, so " + path + " was not written.", safe, "Make the folder or choose another one.", details);
    case EACCES:
    case EPERM:
      throw Error(ErrorCode::failed, "You may not write to " + folder + ", so " + path + " was not written.", safe, "Choose a folder of your own.", details);
    case EROFS:
      throw Error(ErrorCode::failed, "The folder " + folder + " is read-only, so " + path + " was not written.", safe, "Choose another folder.", details);
    case EISDIR:
      throw Error(ErrorCode::failed, path + " is a folder, not a file, so nothing was written.", safe, "Choose another name.", details);
    case EFBIG:
      throw Error(ErrorCode::disk_full, path + " would be larger than this disk or account allows.", safe, "Choose another disk.", details);
    default:
      throw Error(ErrorCode::failed, path + " could not be written: " + std::strerror(error) + ".", safe, "Check the disk, then try again or choose another folder.", details);
  }
}

void sync_folder(const std::string& target, const std::string& path) {
  FileCalls& calls = file_calls();
  const std::string folder = folder_of(target);
  const int descriptor = patiently([&] { return calls.open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0); });
  // A folder that may be written but not listed cannot be opened for this; the rename itself has happened.
  if (descriptor == -1 && errno == EACCES) return;
  const int result = descriptor == -1 ? -1 : patiently([&] { return calls.fsync(descriptor); });
  const int error = errno;
  if (descriptor != -1) calls.close(descriptor);
  if (result == 0 || error == EINVAL || error == ENOSYS) return;  // the latter two: file systems that know no such call
  throw Error(ErrorCode::failed, path + " was written, but the disk did not confirm its place in the folder.",
              "The file is complete now; it may fall back to its old contents if the power fails.", "Check the disk and save again.", std::strerror(error));
}

std::string temporary_name(const std::string& target) {
  static std::atomic<unsigned> counter{0};
  std::string name = name_of(target);
  if (name.size() > 200) name.resize(200);  // a file name holds 255 bytes
  return folder_of(target) + "/." + name + ".tmp" + std::to_string(::getpid()) + "." + std::to_string(counter++);
}

// Removes temporaries of dead processes that nobody changed for `older_than_s`.
int sweep(const std::string& folder, double older_than_s) {
  int removed = 0;
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    const auto at = name.rfind(".tmp");
    if (!name.starts_with('.') || at == std::string::npos || at == 0) continue;
    const char* first = name.data() + at + 4;
    const char* last = name.data() + name.size();
    int pid = 0;
    unsigned number = 0;
    const auto [dot, bad_pid] = std::from_chars(first, last, pid);
    if (bad_pid != std::errc() || dot == last || *dot != '.' || pid <= 0) continue;
    const auto [rest, bad_number] = std::from_chars(dot + 1, last, number);
    if (bad_number != std::errc() || rest != last) continue;
    if (::kill(pid, 0) == 0 || errno != ESRCH) continue;  // its writer may still be at work
    struct stat state {};
    if (older_than_s > 0.0 && (::lstat(entry->path().c_str(), &state) != 0 || std::difftime(std::time(nullptr), state.st_mtime) < older_than_s)) continue;
    if (file_calls().unlink(entry->path().c_str()) == 0) ++removed;
  }
  return removed;
}

// What killed processes left in a folder is cleared away once, before this process adds to it. Only what is old: a process number says nothing
// about a writer on another machine that shares the folder.
void sweep_once(const std::string& folder) {
  static std::mutex mutex;
  static std::set<std::string> swept;
  {
    const std::lock_guard lock(mutex);
    if (!swept.insert(folder).second) return;
  }
  constexpr double hour_s = 3600.0;
  sweep(folder, hour_s);
}

}  // namespace

FileCalls& file_calls() {
  static FileCalls calls{real_open, ::pwrite, ::fsync, ::close, real_link, real_rename, ::unlink};
  return calls;
}

AtomicFile::AtomicFile(std::string path, std::uint64_t expected_bytes) : path_(std::move(path)), target_(path_) {
  if (path_.empty() || path_.back() == '/') refuse(path_, "open", EISDIR, 0);
  std::error_code ignored;
  for (int links = 0; links < 40 && std::filesystem::is_symlink(target_, ignored); ++links) {
    const std::string next = std::filesystem::read_symlink(target_, ignored).string();
    target_ = next.starts_with('/') ? next : folder_of(target_) + "/" + next;
  }
  struct stat old {};
  const bool exists = ::stat(target_.c_str(), &old) == 0;
  if (exists && S_ISDIR(old.st_mode)) refuse(path_, "open", EISDIR, 0);
  std::uint64_t left = 0;
  if (expected_bytes > 0 && free_bytes(folder_of(target_), left) && left < expected_bytes) disk_full(path_, expected_bytes);

  sweep_once(folder_of(target_));
  FileCalls& calls = file_calls();
  const bool has_proc = ::access("/proc/self/fd", X_OK) == 0;  // link_descriptor goes through it
  if (has_proc) descriptor_ = patiently([&] { return calls.open(folder_of(target_).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666); });
  if (descriptor_ == -1 && (!has_proc || errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL)) {
    temporary_ = temporary_name(target_);
    descriptor_ = patiently([&] { return calls.open(temporary_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666); });
    if (descriptor_ == -1) temporary_.clear();
  }
  if (descriptor_ == -1) refuse(path_, "open", errno, expected_bytes);
  if (exists) (void)!::fchmod(descriptor_, old.st_mode & 0777);  // the new file keeps the old one's permissions where it may
}

AtomicFile::~AtomicFile() {
  if (descriptor_ != -1) file_calls().close(descriptor_);
  if (!temporary_.empty()) file_calls().unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) { write_at(size_, bytes); }

void AtomicFile::write_at(std::uint64_t offset, std::string_view bytes) {
  FileCalls& calls = file_calls();
  std::size_t done = 0;
  while (done < bytes.size()) {
    const std::size_t part = std::min(bytes.size() - done, std::size_t{1} << 30);
    const ssize_t written = patiently([&] { return calls.pwrite(descriptor_, bytes.data() + done, part, static_cast<off_t>(offset + done)); });
    if (written <= 0) refuse(path_, "write", written == 0 ? ENOSPC : errno, offset + bytes.size());
    done += static_cast<std::size_t>(written);
  }
  size_ = std::max<std::uint64_t>(size_, offset + bytes.size());
}

std::size_t AtomicFile::read_at(std::uint64_t offset, char* into, std::size_t bytes) const {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got = patiently([&] { return ::pread(descriptor_, into + done, bytes - done, static_cast<off_t>(offset + done)); });
    if (got == -1) refuse(path_, "read", errno, 0);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void AtomicFile::commit() {
  FileCalls& calls = file_calls();
  if (patiently([&] { return calls.fsync(descriptor_); }) == -1) refuse(path_, "fsync", errno, size_);
  if (temporary_.empty()) {
    std::string name = temporary_name(target_);
    int linked = patiently([&] { return calls.link_descriptor(descriptor_, name.c_str()); });
    for (int tries = 0; linked == -1 && errno == EEXIST && tries < 100; ++tries) {  // debris of a process that had our number
      name = temporary_name(target_);
      linked = patiently([&] { return calls.link_descriptor(descriptor_, name.c_str()); });
    }
    if (linked == -1) refuse(path_, "link", errno, size_);
    temporary_ = name;
  }
  const int closed = calls.close(std::exchange(descriptor_, -1));
  if (closed == -1 && errno != EINTR) refuse(path_, "close", errno, size_);
  if (patiently([&] { return calls.rename(temporary_.c_str(), target_.c_str()); }) == -1) refuse(path_, "rename", errno, size_);
  temporary_.clear();
  sync_folder(target_, path_);
}

void write_file_atomically(const std::string& path, std::string_view bytes) {
  AtomicFile file(path, bytes.size());
  file.write(bytes);
  file.commit();
}

// `part` may be a folder of complete files too; an empty folder that stands at `path` is then replaced.
void publish_file(const std::string& part, const std::string& path) {
  FileCalls& calls = file_calls();
  int descriptor = patiently([&] { return calls.open(part.c_str(), O_RDWR | O_CLOEXEC, 0); });
  if (descriptor == -1 && errno == EISDIR) descriptor = patiently([&] { return calls.open(part.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0); });
  if (descriptor == -1) refuse(path, "open", errno, 0);
  const int synced = patiently([&] { return calls.fsync(descriptor); });
  const int error = errno;
  calls.close(descriptor);
  if (synced == -1) refuse(path, "fsync", error, 0);
  if (patiently([&] { return calls.rename(part.c_str(), path.c_str()); }) == -1) refuse(path, "rename", errno, 0);
  sync_folder(path, path);
}

int sweep_temporaries(const std::string& folder) { return sweep(folder, 0.0); }

std::string read_file(const std::string& path, std::size_t limit_bytes) {
  const auto fail = [&](const std::string& why) -> Error { return {ErrorCode::bad_input, path + " cannot be read: " + why + ".", "Nothing was changed.", "Check the file's name and permissions."}; };
  const int descriptor = patiently([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); });
  if (descriptor == -1) throw fail(std::strerror(errno));
  struct Closer { int descriptor; ~Closer() { ::close(descriptor); } } closer{descriptor};
  struct stat state {};
  if (::fstat(descriptor, &state) == -1) throw fail(std::strerror(errno));
  if (!S_ISREG(state.st_mode)) throw fail(S_ISDIR(state.st_mode) ? "it is a folder" : "it is not an ordinary file");
  const auto size = static_cast<std::uint64_t>(state.st_size);
  if (size > limit_bytes) throw fail("it has " + megabytes(size) + ", more than the " + megabytes(limit_bytes) + " that such a file may have");
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = patiently([&] { return ::pread(descriptor, bytes.data() + done, size - done, static_cast<off_t>(done)); });
    if (got == -1) throw fail(std::strerror(errno));
    if (got == 0) throw fail("it became shorter while it was read");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace orrery::io
