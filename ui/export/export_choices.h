// What the export sheet asks for, as a value, and the job it stands for.
#pragma once

#include <QString>

#include "engine/api/studio.h"
#include "ui/export/size_estimate.h"

namespace orrery::ui {

enum class ExportWhat { picture, grid, film, tape, model };
enum class TapeFormat { strip, mp4, webm, gif };

struct ExportChoices {
  ExportWhat what = ExportWhat::picture;
  int size_px = 0;           // 0: the model's own
  int columns = 4, rows = 4; // of a grid
  std::int64_t first_seed = 0;
  FilmFormat format = FilmFormat::mp4;
  int quality = 18;
  double frames_per_s = 30.0;
  bool with_recipe = true;
  QString out;
  // Of a tape: what it is made of, as the Tape panel shows it.
  TapeFormat tape_format = TapeFormat::strip;
  TapeId tape = 0;
  std::vector<TapeRow> tape_rows;
  int steps = 10;        // of a strip, evenly over the tape; 0: every one
  double seconds = 4.0;  // of a film
};

// `path` is the timeline of a film, or empty; `request` the view at hand (a tape's own, for a tape).
JobSpec exportJob(const ExportChoices& choices, const Request& request, const Timeline& path);
// The file name's ending that the choices want: ".png", ".mp4", ".safetensors", "" for a folder.
QString suffixOf(const ExportChoices& choices);
// The same place with another ending.
QString withSuffix(const QString& path, const QString& suffix);

}  // namespace orrery::ui
