// Which systems a data set allows, and which to offer first.
#pragma once

#include <QString>
#include <vector>

#include "engine/api/catalogue.h"
#include "engine/api/dataset.h"

namespace orrery::ui {

// Why the system cannot learn from this data; empty when it can.
QString whyUnfit(const SystemInfo& system, const DatasetInfo& data);

// Systems that train (the light "trains" is on) and fit, at most `most`: one of each kind before a second of any, in the catalogue's order.
std::vector<const SystemInfo*> offered(const std::vector<SystemInfo>& systems, const DatasetInfo& data, std::size_t most = 3);

bool trains(const SystemInfo& system);

}  // namespace orrery::ui
