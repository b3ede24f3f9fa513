// The catalogue as the window sees it (engine/api/studio.h), from the systems' descriptors.
#pragma once

#include <memory>

#include "engine/api/studio.h"

namespace orrery {

std::unique_ptr<Catalogue> make_catalogue_service();

}  // namespace orrery
