// Directions in w along which pictures change most, found without labels: principal components of w (GANSpace, Haerkoenen et al. 2020)
// and closed-form factorisation of the style weights (SeFa, Shen & Zhou 2021).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/kinds/generator.h"
#include "engine/systems/model.h"

namespace orrery {

// Rows are unit directions times the standard deviation of w along them, float32 [K, w_dim] on the CPU; strongest first; the sign is such
// that the component of largest magnitude is positive. `closed` has no rows for a network without style matrices.
struct Directions {
  at::Tensor pca;
  at::Tensor closed;
};

struct DirectionsOptions {
  std::int64_t count = 10;      // of each sort; never more than w_dim
  std::int64_t samples = 4096;  // draws of w
  std::uint64_t seed = 0;
};

// A pure function of the weights and the options (on one machine). `progress` gets 0..1 and says false to give up: then nullopt.
// PCA: eigenvectors of the covariance of w about its class centre. Closed form: eigenvectors of A^T A, A the style matrices stacked.
std::optional<Directions> compute_directions(Generator& generator, const DirectionsOptions& options = {},
                                             const std::function<bool(double)>& progress = [](double) { return true; });

// Whether a control steps along directions ("direction.pca.2"), known or not.
bool is_direction(const std::string& control_id);

// What the cache folder keeps for a model, by the hash of its weights; nullptr when there is nothing usable.
std::shared_ptr<const Directions> load_directions(const std::string& model_hash);
// Throws Error when the cache folder cannot be written.
void save_directions(const std::string& model_hash, const Directions& directions);
// Loads, or computes and keeps. nullptr when `progress` gave up. Throws Error(wrong_use) when the model has no w.
std::shared_ptr<const Directions> directions_of(const Model& model, const std::function<bool(double)>& progress = [](double) { return true; });

}  // namespace orrery
