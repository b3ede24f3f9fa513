// The jobs of exploring and exporting, as the job queue runs them.
#pragma once

#include "engine/explore/model_shelf.h"
#include "engine/explore/tape_store.h"
#include "engine/jobs/job_queue.h"

namespace orrery {

// Fills in picture, film, model and directions. `shelf` must outlive the queue.
void add_export_work(JobWork& work, ModelShelf& shelf);
// And strip and film of a tape. `store` must outlive the queue too.
void add_tape_work(JobWork& work, ModelShelf& shelf, const TapeStore& store);

// Computes the directions of a model and keeps them in the cache; the model's controls grow, and the shelf's listener hears of it. Returns the
// model's path. Throws Error: bad_input (not open), wrong_use (no w), cancelled.
std::string find_directions(const DirectionsJob& what, ModelShelf& shelf, JobContext& job);

}  // namespace orrery
