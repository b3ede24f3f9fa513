// Data sets made from installed packages and formulas, once, into the user's cache.
#pragma once

#include <string>
#include <vector>

namespace orrery::data {

struct Builtin {
  std::string name;      // "emoji"
  std::string sentence;  // what it holds
};
const std::vector<Builtin>& builtins();

inline bool is_builtin(const std::string& path) { return path.starts_with("builtin:"); }

// The path of the store "builtin:NAME" at `size_px`, made if it is not in the cache yet (seconds). Throws Error: wrong_use for an unknown
// name or size, bad_input when a package is missing or this build has no importers.
std::string builtin_store(const std::string& path, int size_px);

}  // namespace orrery::data
