// The engine's services, put together for the window.
#pragma once

#include <memory>
#include <string>

#include "engine/api/studio.h"

namespace orrery::app {

// Opens the bundled starters on the way, so that the window has something to play at once. `device`: "cpu" or "cuda".
std::unique_ptr<Studio> compose_studio(const std::string& device);

}  // namespace orrery::app
