#include "inject.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <string>

using namespace orrery::fault;

namespace {

constexpr std::size_t log_limit = std::size_t{1} << 28;
constexpr int most_descriptors = 4096;

// In memory that forked children share, so that a subject's count outlives it.
struct Shared {
  Plan plan;
  char log[log_limit];
};
Shared* shared() {
  static Shared* const memory = [] {
    void* at = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) std::abort();
    return static_cast<Shared*>(at);
  }();
  return memory;
}
Plan& plan() { return shared()->plan; }

std::mutex log_mutex;
std::atomic<unsigned char> ours[most_descriptors];  // descriptors opened below the folder

template <class Function> Function next(const char* name) { return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name)); }

bool tracked(int descriptor) { return descriptor >= 0 && descriptor < most_descriptors && ours[descriptor] != 0; }
void track(int descriptor, bool is_ours) {
  if (descriptor >= 0 && descriptor < most_descriptors) ours[descriptor] = is_ours;
}

// The absolute path of `path` as seen from the folder `at`.
std::string whole_path(int at, const char* path) {
  if (path[0] == '/') return path;
  if (at == AT_FDCWD) return std::string();  // no writer of ours uses relative names
  char folder[PATH_MAX];
  const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(at)).c_str(), folder, sizeof folder - 1);
  if (size <= 0) return std::string();
  return std::string(folder, static_cast<std::size_t>(size)) + "/" + path;
}

bool below(const std::string& path) {
  const std::size_t size = std::strlen(plan().under);
  return size > 0 && path.size() >= size && path.compare(0, size, plan().under) == 0 && (path.size() == size || path[size] == '/');
}

bool active() { return plan().armed != 0; }

enum class Verdict { pass, fail, shorten, die };

// Counts the call and says what becomes of it; sets errno for Verdict::fail.
Verdict judge(Call call) {
  Plan& p = plan();
  const bool interruptible = call == Call::open || call == Call::close || call == Call::write || call == Call::sync || call == Call::truncate;
  if (p.kind == Kind::none || (p.kind == Kind::short_write && call != Call::write) || (p.kind == Kind::eintr && !interruptible)) return Verdict::pass;
  const int number = ++p.calls;
  if (number < p.at || (number > p.at && !p.forever)) return Verdict::pass;
  if (p.kind == Kind::eintr && (number - p.at) % 2 != 0) return Verdict::pass;
  ++p.fired;
  switch (p.kind) {
    case Kind::short_write: return Verdict::shorten;
    case Kind::kill: return Verdict::die;
    default: break;
  }
  errno = p.kind == Kind::eio ? EIO : p.kind == Kind::enospc ? ENOSPC : EINTR;
  return Verdict::fail;
}
// For calls that cannot be done by half.
bool fails(Call call) {
  const Verdict verdict = judge(call);
  if (verdict == Verdict::die) ::kill(::getpid(), SIGKILL);
  return verdict == Verdict::fail;
}

void note(Call call, int descriptor, int flags, const std::string& first, const std::string& second, std::uint64_t offset, const void* bytes, std::uint64_t size) {
  if (!plan().recording) return;
  const std::lock_guard lock(log_mutex);
  const std::uint64_t data = bytes ? size : 0;
  const std::uint64_t needed = sizeof(Entry) + first.size() + second.size() + data;
  if (plan().log_bytes + needed > log_limit) std::abort();
  char* at = shared()->log + plan().log_bytes;
  const Entry entry{call, descriptor, flags, static_cast<std::uint32_t>(first.size()), static_cast<std::uint32_t>(second.size()), offset, size};
  std::memcpy(at, &entry, sizeof entry);
  at += sizeof entry;
  std::memcpy(at, first.data(), first.size());
  std::memcpy(at + first.size(), second.data(), second.size());
  if (data > 0) std::memcpy(at + first.size() + second.size(), bytes, data);
  plan().log_bytes += needed;
}

// open and openat in all their forms end here.
int opened(int at, const char* path, int flags, mode_t mode) {
  static const auto real = next<int (*)(int, const char*, int, ...)>("openat");
  const std::string name = active() ? whole_path(at, path) : std::string();
  if (!below(name)) return real(at, path, flags, mode);
  if (plan().no_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
    errno = EOPNOTSUPP;
    return -1;
  }
  if (fails(Call::open)) return -1;
  const int descriptor = real(at, path, flags, mode);
  if (descriptor >= 0) {
    track(descriptor, true);
    note(Call::open, descriptor, flags, name, {}, 0, nullptr, 0);
  }
  return descriptor;
}

mode_t mode_of(int flags, va_list arguments) { return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0; }

// Where a write without a position of its own goes.
std::uint64_t position(int descriptor) {
  if (::fcntl(descriptor, F_GETFL) & O_APPEND) {
    struct stat state {};
    ::fstat(descriptor, &state);
    return static_cast<std::uint64_t>(state.st_size);
  }
  return static_cast<std::uint64_t>(::lseek(descriptor, 0, SEEK_CUR));
}

template <class Real> ssize_t written(int descriptor, const void* bytes, std::size_t size, std::uint64_t offset, Real real) {
  const Verdict verdict = judge(Call::write);
  if (verdict == Verdict::fail) return -1;
  const std::size_t part = verdict == Verdict::pass ? size : std::max<std::size_t>(1, size / 2);
  const ssize_t done = real(bytes, std::min(part, size));
  if (done > 0) note(Call::write, descriptor, 0, {}, {}, offset, bytes, static_cast<std::uint64_t>(done));
  if (verdict == Verdict::die) ::kill(::getpid(), SIGKILL);
  return done;
}

template <class Real> int synced(int descriptor, Real real) {
  if (!active() || !tracked(descriptor)) return real(descriptor);
  if (fails(Call::sync)) return -1;
  const int result = real(descriptor);
  if (result == 0) note(Call::sync, descriptor, 0, {}, {}, 0, nullptr, 0);
  return result;
}

int unlinked(const std::string& name, bool folder, int (*real)(const void*), const void* arguments) {
  const Call call = folder ? Call::remove_folder : Call::unlink;
  if (fails(call)) return -1;
  const int result = real(arguments);
  if (result == 0) note(call, -1, 0, name, {}, 0, nullptr, 0);
  return result;
}

int renamed(int from_at, const char* from, int to_at, const char* to) {
  static const auto real = next<int (*)(int, const char*, int, const char*)>("renameat");
  const std::string source = active() ? whole_path(from_at, from) : std::string(), target = active() ? whole_path(to_at, to) : std::string();
  if (!below(source) && !below(target)) return real(from_at, from, to_at, to);
  if (fails(Call::rename)) return -1;
  const int result = real(from_at, from, to_at, to);
  if (result == 0) note(Call::rename, -1, 0, source, target, 0, nullptr, 0);
  return result;
}

int linked(int from_at, const char* from, int to_at, const char* to, int flags) {
  static const auto real = next<int (*)(int, const char*, int, const char*, int)>("linkat");
  const std::string target = active() ? whole_path(to_at, to) : std::string();
  if (!below(target)) return real(from_at, from, to_at, to, flags);
  if (fails(Call::link)) return -1;
  const int result = real(from_at, from, to_at, to, flags);
  constexpr const char* handles = "/proc/self/fd/";
  const bool nameless = std::strncmp(from, handles, std::strlen(handles)) == 0;
  if (result == 0) note(Call::link, nameless ? std::atoi(from + std::strlen(handles)) : -1, 0, whole_path(from_at, from), target, 0, nullptr, 0);
  return result;
}

int truncated(int descriptor, off_t size) {
  static const auto real = next<int (*)(int, off_t)>("ftruncate64");
  if (!active() || !tracked(descriptor)) return real(descriptor, size);
  if (fails(Call::truncate)) return -1;
  const int result = real(descriptor, size);
  if (result == 0) note(Call::truncate, descriptor, 0, {}, {}, static_cast<std::uint64_t>(size), nullptr, 0);
  return result;
}

ssize_t put_at(int descriptor, const void* bytes, std::size_t size, off_t offset) {
  static const auto real = next<ssize_t (*)(int, const void*, std::size_t, off_t)>("pwrite64");
  if (!active() || !tracked(descriptor)) return real(descriptor, bytes, size, offset);
  return written(descriptor, bytes, size, static_cast<std::uint64_t>(offset), [&](const void* b, std::size_t n) { return real(descriptor, b, n, offset); });
}

__attribute__((constructor)) void read_environment() {
  shared();  // before anybody forks
  const char* under = std::getenv("FAULT_UNDER");
  const char* kind = std::getenv("FAULT_KIND");
  if (!under || !kind) return;
  const auto number = [](const char* name) { return std::getenv(name) ? std::atoi(std::getenv(name)) : 0; };
  constexpr const char* names[] = {"none", "eio", "enospc", "short", "eintr", "kill"};
  for (int i = 0; i < 6; ++i)
    if (std::strcmp(kind, names[i]) == 0) plan().kind = static_cast<Kind>(i);
  std::snprintf(plan().under, sizeof plan().under, "%s", under);
  plan().at = number("FAULT_AT");
  plan().forever = number("FAULT_FOREVER");
  plan().no_tmpfile = number("FAULT_NO_TMPFILE");
  plan().armed = 1;
}

}  // namespace

extern "C" {

Plan* fault_plan() { return &plan(); }
const char* fault_log() { return shared()->log; }
void fault_mark() { note(Call::mark, -1, 0, {}, {}, 0, nullptr, 0); }

#define OPEN(name)                              \
  int name(const char* path, int flags, ...) {  \
    va_list arguments;                          \
    va_start(arguments, flags);                 \
    const mode_t mode = mode_of(flags, arguments); \
    va_end(arguments);                          \
    return opened(AT_FDCWD, path, flags, mode); \
  }
#define OPENAT(name)                                   \
  int name(int at, const char* path, int flags, ...) { \
    va_list arguments;                                 \
    va_start(arguments, flags);                        \
    const mode_t mode = mode_of(flags, arguments);     \
    va_end(arguments);                                 \
    return opened(at, path, flags, mode);              \
  }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
int __open_2(const char* path, int flags) { return opened(AT_FDCWD, path, flags, 0); }
int __open64_2(const char* path, int flags) { return opened(AT_FDCWD, path, flags, 0); }

int close(int descriptor) {
  static const auto real = next<int (*)(int)>("close");
  if (!active() || !tracked(descriptor)) {
    track(descriptor, false);
    return real(descriptor);
  }
  track(descriptor, false);
  const Verdict verdict = judge(Call::close);
  if (verdict == Verdict::die) ::kill(::getpid(), SIGKILL);
  const int error = errno;
  const int result = real(descriptor);  // Linux closes whatever it says
  if (result == 0) note(Call::close, descriptor, 0, {}, {}, 0, nullptr, 0);
  if (verdict != Verdict::fail) return result;
  errno = error;
  return -1;
}

ssize_t write(int descriptor, const void* bytes, std::size_t size) {
  static const auto real = next<ssize_t (*)(int, const void*, std::size_t)>("write");
  if (!active() || !tracked(descriptor)) return real(descriptor, bytes, size);
  return written(descriptor, bytes, size, position(descriptor), [&](const void* b, std::size_t n) { return real(descriptor, b, n); });
}
ssize_t pwrite(int descriptor, const void* bytes, std::size_t size, off_t offset) { return put_at(descriptor, bytes, size, offset); }
ssize_t pwrite64(int descriptor, const void* bytes, std::size_t size, off_t offset) { return put_at(descriptor, bytes, size, offset); }
// One part of a row at a time: less than asked for is a right answer.
ssize_t pwritev(int descriptor, const struct iovec* parts, int count, off_t offset) {
  return count > 0 ? put_at(descriptor, parts[0].iov_base, parts[0].iov_len, offset) : 0;
}
ssize_t pwritev64(int descriptor, const struct iovec* parts, int count, off_t offset) { return pwritev(descriptor, parts, count, offset); }

int fsync(int descriptor) { return synced(descriptor, next<int (*)(int)>("fsync")); }
int fdatasync(int descriptor) { return synced(descriptor, next<int (*)(int)>("fdatasync")); }
int ftruncate(int descriptor, off_t size) noexcept { return truncated(descriptor, size); }
int ftruncate64(int descriptor, off_t size) noexcept { return truncated(descriptor, size); }

int rename(const char* from, const char* to) noexcept { return renamed(AT_FDCWD, from, AT_FDCWD, to); }
int renameat(int from_at, const char* from, int to_at, const char* to) noexcept { return renamed(from_at, from, to_at, to); }
int link(const char* from, const char* to) noexcept { return linked(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int from_at, const char* from, int to_at, const char* to, int flags) noexcept { return linked(from_at, from, to_at, to, flags); }

int unlinkat(int at, const char* path, int flags) noexcept {
  static const auto real = next<int (*)(int, const char*, int)>("unlinkat");
  const std::string name = active() ? whole_path(at, path) : std::string();
  if (!below(name)) return real(at, path, flags);
  const struct { int at; const char* path; int flags; } a{at, path, flags};
  return unlinked(name, (flags & AT_REMOVEDIR) != 0, [](const void* v) { const auto* x = static_cast<const decltype(a)*>(v); return real(x->at, x->path, x->flags); }, &a);
}
int unlink(const char* path) noexcept { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char* path) noexcept { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char* path) noexcept {
  const int result = unlinkat(AT_FDCWD, path, 0);
  return result == -1 && errno == EISDIR ? unlinkat(AT_FDCWD, path, AT_REMOVEDIR) : result;
}
int mkdir(const char* path, mode_t mode) noexcept {
  static const auto real = next<int (*)(const char*, mode_t)>("mkdir");
  const std::string name = active() ? whole_path(AT_FDCWD, path) : std::string();
  if (!below(name)) return real(path, mode);
  if (fails(Call::make_folder)) return -1;
  const int result = real(path, mode);
  if (result == 0) note(Call::make_folder, -1, 0, name, {}, 0, nullptr, 0);
  return result;
}
}
