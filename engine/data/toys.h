// Points in the plane from formulas: data sets of any length for models that are looked at whole.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/device/rng.h"

namespace orrery::data {

// What a picture says of where its points lie: the share of each pixel.
struct Ink {
  std::int64_t width_px = 0, height_px = 0;
  std::vector<double> running;  // sum of the ink up to and with each pixel, row by row; the last is 1
};

struct Toy {
  std::string name;                      // "toy-rings"
  std::string sentence;
  std::vector<std::string> class_names;  // empty: no classes
  std::shared_ptr<const Ink> ink = {};   // of toys that are drawn from a picture
};
const std::vector<Toy>& toys();
// The toy of "builtin:toy-moons", or of a picture: "points:FILE". None for other names. Throws Error(bad_input) when the file is no picture or
// has no ink.
std::optional<Toy> toy_of(const std::string& path);
// The toy that a trained model's metadata names ("toy-moons"); none when it is none of the built-in ones.
std::optional<Toy> toy_named(const std::string& name);

// Points are the denser the more a pixel differs from the paper, which is the most frequent brightness of the border (grey on white counts half;
// what differs by less than a tenth is paper). rgb: [height_px, width_px, 3] bytes. Throws Error(bad_input) when all is paper.
Ink ink_of(const std::uint8_t* rgb, std::int64_t width_px, std::int64_t height_px);

struct ToyPoints {
  at::Tensor points;  // [N, 2] float32, nearly all within [-1, 1]
  at::Tensor labels;  // [N, classes] float32 one-hot, undefined without classes
};
// toy-rings: eight Gaussians on a circle, one class each. toy-moons: two half circles, one class each. toy-swissroll: a spiral. toy-letters: the
// strokes of six letters. Of a picture: its longer side spans [-0.9, 0.9], y upwards.
ToyPoints toy_points(const Toy& toy, std::int64_t count, Rng rng);

}  // namespace orrery::data
