#include "engine/api/save_file.h"

#include "engine/io/atomic_file.h"

namespace orrery {

Result<bool> save_file(const std::string& path, std::string_view bytes) {
  try {
    io::write_file_atomically(path, bytes);
    return true;
  } catch (const Error& error) {
    return error.error();
  }
}

}  // namespace orrery
