#include "readers.h"

#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>

#include "engine/api/request.h"
#include "engine/api/result.h"
#include "engine/api/timeline.h"
#include "engine/data/store_index.h"
#include "engine/explore/tape_file.h"
#include "engine/io/checkpoint.h"
#include "engine/io/png.h"
#include "engine/io/safetensors.h"
#include "engine/jobs/frames.h"

namespace orrery::fault {
namespace {

template <class Read> bool taken(Read read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    const JobError& said = error.error();
    if (said.what_happened.empty() || said.what_is_safe.empty() || said.what_to_do.empty()) throw std::logic_error("a sentence is missing: " + said.what_happened);
    return false;
  }
}

bool read_tensors(const std::string& bytes) {
  return taken([&] { io::parse_safetensors(bytes); });
}

bool read_pickle(const std::string& bytes) {
  return taken([&] { io::parse_checkpoint(bytes); });
}

bool read_picture(const std::string& bytes) {
  io::PngLimits limits;
  limits.pixels = 1 << 22;  // so that a run is a run of the chunk reader, not of inflate
  return taken([&] { io::parse_png(bytes, limits); });
}

bool read_labels(const std::string& bytes) {
  return taken([&] { data::parse_labels(bytes); });
}
bool read_extras(const std::string& bytes) {
  return taken([&] { data::parse_extras(bytes); });
}

// A file that exists in memory only.
bool read_tape(const std::string& bytes) {
  const int descriptor = ::memfd_create("tape", MFD_CLOEXEC);
  if (descriptor < 0 || ::write(descriptor, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) throw std::logic_error("no file in memory");
  struct Closer {
    int descriptor;
    ~Closer() { ::close(descriptor); }
  } closer{descriptor};
  return taken([&] {
    const TapeFile file("/proc/self/fd/" + std::to_string(descriptor));
    double elapsed_ms = 0.0;
    for (std::int64_t step = 0; step < file.steps() && step < 4; ++step) file.step(step, elapsed_ms);
  });
}

bool read_frames(const std::string& bytes) {
  jobs::FrameReader reader;
  // In pieces, as a socket gives them.
  for (std::size_t at = 0; at < bytes.size(); at += 7) reader.add(std::string_view(bytes).substr(at, 7));
  std::size_t size = 0;
  while (const auto message = reader.next()) size += message->size() + 4;
  if (size > bytes.size()) throw std::logic_error("more came out than went in");
  return !reader.broken();
}

bool read_timeline(const std::string& bytes) { return static_cast<bool>(timeline_from_json(bytes)); }

}  // namespace

const std::vector<Reader>& readers() {
  static const std::vector<Reader> all{{"safetensors", read_tensors}, {"pickle", read_pickle}, {"png", read_picture},  {"labels", read_labels},
                                       {"extras", read_extras},       {"tape", read_tape},     {"frames", read_frames}, {"timeline", read_timeline}};
  return all;
}

}  // namespace orrery::fault
