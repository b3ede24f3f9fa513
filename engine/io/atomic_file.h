// The one way this program writes a file it means to keep: temporary, full write, fsync, rename, fsync of the folder.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace orrery::io {

// The file at `path` is afterwards either what it was or `bytes`, complete, whatever fails in between. Throws Error (disk_full, failed)
// saying which file, why, and that the old one is untouched.
void write_file_atomically(const std::string& path, std::string_view bytes);
// Reads a whole file of at most `limit_bytes`. Throws Error(bad_input).
std::string read_file(const std::string& path, std::size_t limit_bytes = std::size_t{1} << 33);

}  // namespace orrery::io
