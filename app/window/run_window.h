// The window as a program: application, look, session, window, until it is closed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/api/studio.h"

namespace orrery::app {

// Makes the Studio once the application exists. `paths` are opened in the window (models, datasets, pictures, films, projects).
// Returns the exit code.
int run_window(int argc, char** argv, const std::function<std::unique_ptr<Studio>()>& make_studio, const std::vector<std::string>& paths);

}  // namespace orrery::app
