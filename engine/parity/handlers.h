// Cases that belong to no system of the catalogue: folders of reference numbers for shared parts. One line per folder in handlers.cpp.
#pragma once

#include <map>
#include <string>

#include "engine/parity/case.h"

namespace orrery::parity {

using Handler = void (*)(Case&);
// By the folder's system name ("metrics"): computes every tensor of the case, as System::run_case does.
const std::map<std::string, Handler>& handlers();

}  // namespace orrery::parity
