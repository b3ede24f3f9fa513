// Frames of a film, in order, as upright RGB pictures with square pixels.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/data/pixels.h"

namespace orrery::media {

class FilmReader {
 public:
  // Reads through `descriptor` (which stays the caller's) and nothing else: playlists and references to other files are refused.
  // Throws Error(bad_input) with the reason.
  explicit FilmReader(int descriptor);
  ~FilmReader();
  FilmReader(const FilmReader&) = delete;
  FilmReader& operator=(const FilmReader&) = delete;

  double duration_s() const;      // 0 when the file does not say
  std::int64_t damaged() const;   // frames and packets passed over so far because they are damaged

  struct Frame {
    data::Pixels pixels;
    double time_s = 0.0;
  };
  // The next frame at least `step_s` after the last one given (0: every frame); nullopt at the end. Throws Error(bad_input) when the
  // film breaks off; frames given before are good.
  std::optional<Frame> next(double step_s);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace orrery::media
