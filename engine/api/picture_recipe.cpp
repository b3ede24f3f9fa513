#include "engine/api/picture_recipe.h"

#include <nlohmann/json.hpp>

#include "engine/api/value_json.h"

namespace orrery {

std::string picture_recipe(const Frame& frame, const ModelInfo& model, const std::string& version) {
  const double kimg = model.snapshots.empty() ? 0.0 : model.snapshots.back().kimg;
  const nlohmann::json out = {{"orrery", recipe_version},
                              {"program", version},
                              {"what", "picture"},
                              {"system", model.system},
                              {"model", {{"sha256", frame.model_hash}, {"path", model.path}, {"kimg", kimg}}},
                              {"rng", rng_scheme},
                              {"device", frame.image.where == DeviceImage::Where::host ? "cpu" : "cuda"},
                              {"precision", "float32"},
                              {"width_px", frame.image.width_px},
                              {"height_px", frame.image.height_px},
                              {"request", request_json(frame.request)}};
  return out.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace orrery
