// What a tape can be exported as: a film strip of its steps in one picture, or a film. Values; engine/export/tape_export.h does it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/api/tape.h"

namespace orrery {

struct StripExport {
  std::vector<TapeRow> rows{TapeRow::state, TapeRow::prediction};
  std::vector<std::int64_t> steps;  // which; empty: `columns` of them, evenly from the first to the last
  int columns = 10;                 // at most; 0: every step
  int size_px = 0;                  // of the longer side of a cell; 0: the model's own
  std::string out;                  // .png
};

struct TapeFilmExport {
  std::vector<TapeRow> rows{TapeRow::state, TapeRow::prediction};  // beside each other
  double seconds = 4.0;             // for all steps
  double hold_s = 1.0;              // the last one, on top
  double frames_per_s = 30.0;
  int size_px = 256;                // of the longer side of a cell; 0: the model's own
  int quality = 18;
  std::string out;                  // .mp4, .webm, .gif
};

}  // namespace orrery
