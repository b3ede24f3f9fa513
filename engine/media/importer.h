// The work behind data::import_dataset (engine/data/import.h), which has checked the options.
#pragma once

#include "engine/data/import.h"

namespace orrery::media {

DatasetInfo import_pictures(const ImportOptions& options, data::ImportObserver& observer);

}  // namespace orrery::media
