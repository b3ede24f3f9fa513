#include "engine/export/export_jobs.h"

#include "engine/explore/directions.h"
#include "engine/export/exports.h"
#include "engine/export/tape_export.h"

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

void add_tape_work(JobWork& work, ModelShelf& shelf, const TapeStore& store) {
  work.strip = [&shelf, &store](const StripJob& what, JobContext& job) {
    export_strip(what.options, {what.tape}, store, shelf, job);
    return what.options.out;
  };
  work.tape_film = [&shelf, &store](const TapeFilmJob& what, JobContext& job) {
    export_tape_film(what.options, what.tape, store, shelf, job);
    return what.options.out;
  };
}

}  // namespace orrery
