#include "engine/api/run_probe.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>

namespace orrery {

bool trained_elsewhere(const std::string& run) {
  const std::string path = run + "/lock";
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  struct flock lock {};
  lock.l_type = F_RDLCK;  // conflicts with a trainer's write lock
  lock.l_whence = SEEK_SET;
  const bool held = ::fcntl(descriptor, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  ::close(descriptor);
  if (!held) return false;
  std::ifstream file(path);
  const auto said = nlohmann::json::parse(file, nullptr, false);
  const auto pid = said.is_object() ? said.find("pid") : said.end();
  return !said.is_object() || pid == said.end() || !pid->is_number_integer() || pid->get<std::int64_t>() != ::getpid();
}

}  // namespace orrery
