// Vector quantisation: each latent becomes its nearest row of a codebook (van den Oord et al. 2017, VQ-VAE, equations 1 to 3).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <memory>

#include "engine/nn/embedding.h"
#include "engine/nn/reset.h"

namespace orrery::tokens {

// Latents stand channels last here: rows [..., dim]. Feature maps [N, dim, H, W] to and from [N, H, W, dim]; views.
inline at::Tensor to_rows(const at::Tensor& maps) { return maps.permute({0, 2, 3, 1}); }
inline at::Tensor to_maps(const at::Tensor& rows) { return rows.permute({0, 3, 1, 2}); }

// int64 [...]: the codes k that minimise |x|^2 - 2 x e_k + |e_k|^2, the first of equals. rows [..., dim], codebook [codes, dim], one floating
// type. No derivatives.
at::Tensor nearest_codes(const at::Tensor& rows, const at::Tensor& codebook);
// codes int64 [...] -> [..., dim]; differentiable in the codebook.
at::Tensor look_up(const at::Tensor& codes, const at::Tensor& codebook);
// The value of `quantised` with the derivative of `latents`.
at::Tensor straight_through(const at::Tensor& latents, const at::Tensor& quantised);

// Mean squares per sample [N], of any [N, ...]: the commitment term moves the latents only, the codebook term the codebook only.
at::Tensor commitment_loss(const at::Tensor& latents, const at::Tensor& quantised);
at::Tensor codebook_loss(const at::Tensor& latents, const at::Tensor& quantised);
// Both, weighted. VQGAN's published program puts beta on the codebook term ("legacy"); the paper (equation 4) on the commitment term.
at::Tensor vqgan_loss(const at::Tensor& latents, const at::Tensor& quantised, double beta, bool legacy);

struct Quantized {
  at::Tensor vectors;  // [..., dim], the latents' derivative (straight through)
  at::Tensor looked_up;  // [..., dim] the same values as rows of the codebook, with the codebook's derivative
  at::Tensor codes;    // int64 [...]
};

// The two rules a codebook learns by. Both: latents as rows.
class Quantizer : public torch::nn::Module {
 public:
  // Changes nothing.
  Quantized quantize(const at::Tensor& rows) const;
  // [codes, dim], a view of the weights.
  virtual at::Tensor codebook() const = 0;
  // Training: moves the codebook towards the latents that chose its codes. Nothing where the codebook has gradients instead.
  virtual void update(const at::Tensor& /*rows*/, const at::Tensor& /*codes*/) {}
  // Puts codes (int64 [n]) at new places [n, dim], as if each had just been chosen `count` times.
  virtual void restart(const at::Tensor& codes, const at::Tensor& vectors, double count) = 0;
  // Whether the codebook moves by gradients of codebook_loss.
  virtual bool by_gradient() const = 0;
};

// Codebook as a parameter: "embedding.weight" [codes, dim], starting as U(-1 / codes, 1 / codes).
class GradientQuantizer : public Quantizer {
 public:
  GradientQuantizer(std::int64_t codes, std::int64_t dim);
  at::Tensor codebook() const override { return embedding_->weight; }
  void restart(const at::Tensor& codes, const at::Tensor& vectors, double count) override;
  bool by_gradient() const override { return true; }

 private:
  std::shared_ptr<nn::Embedding> embedding_;
};

// Codebook as running means (van den Oord et al. 2017, appendix A.1), counts with Laplace smoothing. Buffers "embed" [dim, codes],
// "cluster_size" [codes], "embed_avg" [dim, codes]; starts as N(0, 1) with no counts.
class EmaQuantizer : public Quantizer, public nn::Resettable {
 public:
  EmaQuantizer(std::int64_t codes, std::int64_t dim, double decay = 0.99, double eps = 1e-5);
  at::Tensor codebook() const override { return embed.t(); }
  // rows [..., dim], codes [...]: counts and sums of this batch enter the running ones with weight 1 - decay, then
  // e_k = sum_k / smoothed_k, smoothed_k = (N_k + eps) / (N + codes eps) N.
  void update(const at::Tensor& rows, const at::Tensor& codes) override;
  void restart(const at::Tensor& codes, const at::Tensor& vectors, double count) override;
  bool by_gradient() const override { return false; }
  void reset_weights(Rng rng) override;

  at::Tensor embed, cluster_size, embed_avg;

 private:
  double decay_, eps_;
};

}  // namespace orrery::tokens
