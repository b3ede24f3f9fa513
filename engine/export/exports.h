// Exports: pictures, contact sheets, films, sequences and models, each with its recipe. Nothing incomplete ever stands under a final name.
#pragma once

#include <string>
#include <vector>

#include "engine/api/export.h"
#include "engine/explore/model_source.h"
#include "engine/jobs/job_context.h"

namespace orrery {

struct Exported {
  std::vector<std::string> files;  // in order; of a sequence the folder alone
  std::string model_hash;
  std::int64_t pictures = 0;       // rendered: pictures, cells, frames
};

// One picture, a contact sheet (columns > 0), or a picture per seed in a folder (seed-00005.png). Throws Error: wrong_use (a name that is no
// .png, several seeds in one picture, a sheet too large), cancelled, and what rendering and writing throw.
Exported export_pictures(const PictureExport& what, ModelSource& source, JobContext& job);

// .mp4, .webm, .gif, or a folder of PNG pictures (frame-000000.png, ..., recipe.json), made under OUT.part and renamed when whole. A film
// that fails (a full disk) leaves OUT.part; one that is cancelled leaves nothing. Throws as above.
Exported export_film(const FilmExport& what, ModelSource& source, JobContext& job);

// A .safetensors with everything the program knows of the model.
Exported export_model(const ModelExport& what, ModelSource& source, JobContext& job);

// A job for callers that have none: says nothing, hears nothing.
class QuietJob : public JobContext {
 public:
  std::optional<JobVerb> next_verb() override { return std::nullopt; }
  bool cancel_requested() const override { return false; }
  void set_state(JobState) override {}
  void progress(double, const std::string&) override {}
  void number(const std::string&, double) override {}
  void stats(const StatsPoint&) override {}
};

}  // namespace orrery
