// A store: a zip of stored (uncompressed) PNGs with dataset.json, which NVIDIA's StyleGAN tools read too. Immutable once written.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/api/dataset.h"

namespace orrery::data {

class Store {
 public:
  // Opens "file.zip" or "builtin:NAME" (made on first use into the user's cache, at 64 px unless told otherwise). Throws Error(bad_input).
  static std::shared_ptr<const Store> open(const std::string& path_or_builtin, int builtin_size_px = 0);
  virtual ~Store() = default;
  virtual std::int64_t size() const = 0;
  virtual int width_px() const = 0;
  virtual int height_px() const = 0;
  virtual int channels() const = 0;
  virtual const std::vector<std::string>& class_names() const = 0;   // empty: unlabelled
  virtual std::int64_t label(std::int64_t index) const = 0;          // -1: unlabelled
  // The class as weights, one per class: one-hot, or the vector of NVIDIA's vector-labelled sets. Empty: unlabelled.
  virtual std::vector<float> label_weights(std::int64_t index) const;
  virtual std::string caption(std::int64_t index) const = 0;         // "" for none
  // Decodes one picture into uint8 [C, H, W]. Thread-safe.
  virtual at::Tensor picture(std::int64_t index) const = 0;
  virtual DatasetInfo info() const = 0;
};

}  // namespace orrery::data
