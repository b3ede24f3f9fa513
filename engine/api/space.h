// Looking into a model of points in the plane: the field that moves its particles, the density they follow, the way of a single one, and the
// points it was trained on. Particles of a whole rendering lie on its tape (Tapes::points).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/api/request.h"
#include "engine/api/result.h"

namespace orrery {

// A part of the plane, in the units of the data (x0 + sigma * noise). y upwards.
struct SpaceArea {
  double left = -1.5, right = 1.5, bottom = -1.5, top = 1.5;
  bool operator==(const SpaceArea&) const = default;
};

struct FieldQuery {
  Request request;     // model, class, guidance; branches count
  double level = 1.0;  // sigma; below the model's smallest level that one is meant
  SpaceArea area;
  int columns = 24, rows = 24;                // of score vectors, 1 to 256
  int density_columns = 0, density_rows = 0;  // 0: no density; at most 512
};

struct SpaceField {
  std::uint64_t generation = 0;
  double level = 0.0;
  SpaceArea area;
  int columns = 0, rows = 0;
  // (D(x; sigma) - x) / sigma^2 at the cells' middles: x, y of each, rows from the bottom. With guidance, of the guided D.
  std::vector<float> score;
  int density_columns = 0, density_rows = 0;
  // p(x; sigma) per unit of area at the cells' middles, rows from the bottom: of a finite sample (`density_of`) blurred by the noise level,
  // which is exactly the density that noise of this level makes of that sample, and by 0.015 where the level is smaller.
  std::vector<float> density;
  std::string density_of;  // "6,000 points of toy-moons", "3,000 samples of the model"
};

// A particle that starts at (x, y) at a level and follows the request's sampler.
struct PathQuery {
  Request request;
  int particle = 0;  // a newer query of the same particle replaces an older one
  double level = 1.0;
  double x = 0.0, y = 0.0;
};

struct PathPoint {
  double level = 0.0;
  float x = 0.0F, y = 0.0F;
};

struct SpacePath {
  std::uint64_t generation = 0;
  int particle = 0;
  std::vector<PathPoint> way;     // the sampler's steps, levels falling: the point itself first, level 0 last
  std::vector<PathPoint> origin;  // where the probability flow brought it from (Heun, on the sampler's levels), levels rising: the point itself first
  std::int64_t evaluations = 0;   // of the network along `way`
};

// The points a model was trained on.
struct SpaceData {
  std::string model;               // ModelInfo::id
  std::string name;                // "toy-moons"
  std::vector<float> points;       // x, y of each
  std::vector<std::int32_t> classes;  // of each point; empty without classes
  std::string missing;             // why there are none
};

// One viewer's way to these answers. They come on the engine's threads in the order of the questions, none after the view is gone.
class SpaceView {
 public:
  virtual ~SpaceView() = default;
  // Return the question's generation. A newer question of the same kind (of paths: of the same particle) takes the place of one that was not
  // answered yet, and stops one that is under way between two evaluations of the network.
  virtual std::uint64_t ask(const FieldQuery& query) = 0;
  virtual std::uint64_t ask(const PathQuery& query) = 0;
  virtual std::uint64_t ask_data(const Request& request) = 0;
};

class Spaces {
 public:
  struct Listener {
    std::function<void(const SpaceField&)> on_field;
    std::function<void(const SpacePath&)> on_path;
    std::function<void(const SpaceData&)> on_data;
    std::function<void(const JobError&)> on_error;  // a model that makes pictures, settings no sampler can follow
  };
  virtual ~Spaces() = default;
  virtual std::unique_ptr<SpaceView> open(Listener listener) = 0;
};

}  // namespace orrery
