// Frames along a timeline, and where they go.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>

#include "engine/api/export.h"
#include "engine/export/frame_maker.h"

namespace orrery {

struct FilmFrame {
  std::int64_t index = 0;
  double time_s = 0.0;
  const Request& request;
  const at::Tensor& rgba;   // uint8 [H, W, 4]
  bool alpha = false;
  const Model& model;
  std::string model_path;
};

class FilmSink {
 public:
  virtual ~FilmSink() = default;
  virtual void add(const FilmFrame& frame) = 0;
  virtual void finish() = 0;
  virtual void discard() = 0;  // leaves nothing behind
};

// A film, or for a name without an extension a folder of pictures; only `out`, `quality` and the timeline's frames per second are looked at. Throws
// Error(wrong_use) for names that are neither.
std::unique_ptr<FilmSink> open_film_sink(const FilmExport& what, int width_px, int height_px, const std::string& recipe);

// Formats whose colours are stored at half size.
bool needs_even_size(const std::string& out);

// Renders every frame of the timeline and hands it on, with progress. Returns how many. Throws Error(cancelled).
std::int64_t render_film(const Timeline& timeline, int width_px, int height_px, FrameMaker& maker, ModelSource& source, JobContext& job, const std::function<void(const FilmFrame&)>& take);

}  // namespace orrery
