// The engine's atomic writer (engine/io/atomic_file.h) for the window: projects, settings and notes.
#pragma once

#include <string>
#include <string_view>

#include "engine/api/result.h"

namespace orrery {

// The file at `path` is afterwards either what it was or `bytes`, complete, whatever fails in between. Follows symbolic links. true, or why not.
Result<bool> save_file(const std::string& path, std::string_view bytes);

}  // namespace orrery
