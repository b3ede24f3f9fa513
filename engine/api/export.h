// What can be exported, as values. Every export carries its Recipe.
#pragma once

#include <string>
#include <vector>

#include "engine/api/timeline.h"

namespace orrery {

struct PictureExport {
  Request request;
  std::vector<std::int64_t> seeds;  // more than one: a contact sheet or several files
  int columns = 0;                  // > 0: one contact sheet with that many columns
  int size_px = 0;                  // 0: the model's own
  std::string out;                  // a .png, or a folder
  bool with_recipe = true;
};

struct FilmExport {
  Timeline timeline;
  int size_px = 512;
  std::string out;                  // .mp4, .webm, .gif, or a folder for a PNG sequence
  int quality = 18;                 // x264-like: smaller is better
};

struct ModelExport {
  std::string model;                // ModelInfo::id
  std::string out;                  // .safetensors
};

// What an exported file says about itself.
struct Recipe {
  enum class What { picture, sheet, film, model, training, tape };
  What what = What::picture;
  std::string json;                 // the whole recipe, ASCII
  std::string model_hash;           // SHA-256 of the weights
  std::string model_path;           // where the model lay when the export was made
  Timeline timeline;                // films; a picture has only `timeline.base`
};

struct VerifyReport {
  bool bit_equal = false;
  double psnr_db = 0.0;             // of the worst frame when not bit-equal
  std::string why;                  // the reason for a difference
  int frames = 1;
};

}  // namespace orrery
