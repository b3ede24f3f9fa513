// The contract of a Denoiser: the expected clean sample given a noisy one, D(x; sigma) = E[x0 | x0 + sigma n = x] (Karras et al. 2022, EDM, equation 2).
// Networks that predict epsilon, v, x0, a score or discrete-time noise fulfil it through adapters (engine/diffusion/preconditioning.h).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <vector>

#include "engine/device/rng.h"

namespace orrery {

struct DenoiserShape {
  std::vector<std::int64_t> sample;  // of one sample: {channels, height, width}, or {2} for points in the plane
  std::int64_t classes = 0;          // 0: unconditional
  std::int64_t augment_dim = 0;      // size of the non-leaky augmentation label, 0: none
  double sigma_min = 0.002;          // the noise levels the network knows
  double sigma_max = 80.0;
  double sigma_data = 0.5;           // standard deviation of the data
  bool unconditional = false;        // knows the empty condition too: was trained with dropped classes (Ho & Salimans 2022)
};

// What a sample is conditioned on. An undefined tensor is the empty condition.
struct Condition {
  at::Tensor classes;  // [N, classes] class weights; a row of zeros is the empty condition of that sample
  at::Tensor augment;  // [N, augment_dim]
  Rng* dropout = nullptr;  // training: where the network draws its dropout masks from; null: no dropout
};

class Denoiser : public torch::nn::Module {
 public:
  virtual DenoiserShape shape() const = 0;
  // x [N, sample...] = x0 + sigma * noise, sigma [N] (any floating type) -> D(x; sigma), the shape and type of x. The network itself
  // computes in the type of its parameters.
  virtual at::Tensor denoise(const at::Tensor& x, const at::Tensor& sigma, const Condition& condition) = 0;
  // The nearest noise level the network was trained at, for networks that know a fixed ladder of them. sigma of any shape.
  virtual at::Tensor round_sigma(const at::Tensor& sigma) const { return sigma; }
  // The noise levels of that ladder, rising; empty: the network knows every level in its range.
  virtual std::vector<double> ladder() const { return {}; }
};

}  // namespace orrery
