// A tape as a picture (a film strip of its steps) or a film, each with the recipe that makes it again.
#pragma once

#include <string>
#include <vector>

#include "engine/api/tape_export.h"
#include "engine/export/exports.h"
#include "engine/explore/tape_store.h"

namespace orrery {

// A finished rendering of `request`, recorded as `owner`'s tape in `store`. Throws Error: wrong_use when this model's pictures come in one step,
// cancelled, disk_full when the tape could not be kept whole, and what rendering throws.
TapeId record_tape(const Request& request, ModelSource& source, TapeStore& store, std::uint64_t owner, JobContext& job);

// One band of rows per tape, one below the other; white where a tape has fewer steps. `source` says which model made them (all the same).
// Throw Error: wrong_use (a name of the wrong kind, no such row or step, too large), cancelled, and what writing throws.
Exported export_strip(const StripExport& what, const std::vector<TapeId>& tapes, const TapeStore& store, ModelSource& source, JobContext& job);
Exported export_tape_film(const TapeFilmExport& what, TapeId tape, const TapeStore& store, ModelSource& source, JobContext& job);

}  // namespace orrery
