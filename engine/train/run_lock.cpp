#include "engine/train/run_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>

#include "engine/api/result.h"
#include "engine/io/patiently.h"

namespace orrery {
namespace {

// Open-file-description locks: bound to this descriptor rather than the process (two trainers in one process exclude each other too),
// released by the kernel however the process ends, and can be asked for without being taken.
struct flock whole_file() {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

TrainerInfo read_info(int descriptor) {
  char text[4096];
  const ssize_t count = ::pread(descriptor, text, sizeof text, 0);
  TrainerInfo info;
  if (count <= 0) return info;
  const auto json = nlohmann::json::parse(text, text + count, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return info;
  const auto string = [&json](const char* key) {
    const auto it = json.find(key);
    return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
  };
  if (const auto pid = json.find("pid"); pid != json.end() && pid->is_number_integer()) info.pid = pid->get<int>();
  info.host = string("host");
  info.started = string("started");
  info.socket = string("socket");
  return info;
}

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return text;
}

}  // namespace

RunLock::RunLock(const std::string& run) : path_(run + "/lock") {
  descriptor_ = io::patiently([&] { return ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644); });
  if (descriptor_ < 0) {
    throw Error(ErrorCode::bad_input, "The folder " + run + " cannot be written: " + std::strerror(errno) + ".", "Nothing was started.",
                "Choose another folder.");
  }
  struct flock lock = whole_file();
  if (::fcntl(descriptor_, F_OFD_SETLK, &lock) != 0) {
    const TrainerInfo other = read_info(descriptor_);
    ::close(descriptor_);
    throw Error(ErrorCode::wrong_use,
                "The run " + run + " is being trained already" +
                    (other.pid > 0 ? " (process " + std::to_string(other.pid) + " on " + other.host + ", since " + other.started + ")." : "."),
                "That training goes on undisturbed.", "Watch it with: orrery train --attach --out " + run);
  }
  try {
    write("");
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

RunLock::~RunLock() {
  // The file stays: removing it could let two trainers lock two files of one name.
  if (::ftruncate(descriptor_, 0) != 0) { /* only a courtesy: the lock itself ends with the descriptor */ }
  ::close(descriptor_);
}

void RunLock::announce(const std::string& socket) { write(socket); }

void RunLock::write(const std::string& socket) {
  const std::string text =
      nlohmann::json{{"pid", ::getpid()}, {"host", host_name()}, {"started", local_time()}, {"socket", socket}}.dump() + "\n";
  if (::ftruncate(descriptor_, 0) != 0 || ::pwrite(descriptor_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    throw Error(errno == ENOSPC ? ErrorCode::disk_full : ErrorCode::failed, path_ + " could not be written: " + std::strerror(errno) + ".",
                "Nothing was started.", "Free some space and try again.");
  }
}

std::optional<TrainerInfo> RunLock::holder(const std::string& run) {
  const int descriptor = io::patiently([&] { return ::open((run + "/lock").c_str(), O_RDONLY | O_CLOEXEC); });
  if (descriptor < 0) return std::nullopt;
  struct flock lock = whole_file();
  lock.l_type = F_RDLCK;  // conflicts with a trainer's write lock
  const bool held = ::fcntl(descriptor, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  std::optional<TrainerInfo> info;
  if (held) info = read_info(descriptor);
  ::close(descriptor);
  return info;
}

}  // namespace orrery
