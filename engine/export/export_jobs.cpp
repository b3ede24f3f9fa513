#include "engine/export/export_jobs.h"

#include "engine/explore/directions.h"
#include "engine/export/exports.h"

namespace orrery {

std::string find_directions(const DirectionsJob& what, ModelShelf& shelf, JobContext& job) {
  const auto model = shelf.resolve({what.model, {}});
  const auto found = directions_of(*model, [&](double fraction) {
    job.progress(fraction, "Drawing w");
    return !job.cancel_requested();
  });
  if (!found) throw Error(ErrorCode::cancelled, "Looking for directions was cancelled.", "The model is untouched.", "Start it again when you like.");
  shelf.refresh_controls(what.model);
  job.progress(1.0, "Done");
  return shelf.info(what.model).path;
}

void add_export_work(JobWork& work, ModelShelf& shelf) {
  work.picture = [&shelf](const PictureJob& what, JobContext& job) {
    export_pictures(what.options, shelf, job);
    return what.options.out;
  };
  work.film = [&shelf](const FilmJob& what, JobContext& job) {
    export_film(what.options, shelf, job);
    return what.options.out;
  };
  work.model = [&shelf](const ModelJob& what, JobContext& job) {
    export_model(what.options, shelf, job);
    return what.options.out;
  };
  work.directions = [&shelf](const DirectionsJob& what, JobContext& job) { return find_directions(what, shelf, job); };
}

}  // namespace orrery
