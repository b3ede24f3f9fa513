// A published model of tokens is one network: the tokenizer, which makes pictures of codes, and the prior, which makes codes.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <memory>

#include "engine/kinds/autoencoder.h"
#include "engine/kinds/token_model.h"

namespace orrery {

// Modules "tokenizer" and "prior". Two small buffers say what a snapshot of it can play while it is in training: "prior_ready" (int64 [1],
// 1 but while only the tokenizer has learned) and "examples" (int64 [kExamples, tokens]: codes of pictures it was trained on, whose
// reconstructions are what an unready model shows).
class TokenNetwork : public torch::nn::Module {
 public:
  static constexpr std::int64_t kExamples = 16;

  // The tokenizer has one level, with a codebook; a picture is rows x cols tokens. prior: of that grid and codebook, or null.
  // Throws Error(bad_input) where they do not fit each other.
  TokenNetwork(std::shared_ptr<Autoencoder> tokenizer, std::shared_ptr<TokenModel> prior, std::int64_t rows, std::int64_t cols);

  // pictures [N, channels, H, W] in [-1, 1] -> int64 [N, (H / factor) (W / factor)] in raster order; without derivatives.
  at::Tensor tokens_of(const at::Tensor& pictures) const;
  // tokens int64 [N, rows * cols] in [0, codes) -> [N, channels, rows * factor, cols * factor], nominally in [-1, 1].
  at::Tensor pictures_of(const at::Tensor& tokens) const;
  // The same with some unknown (kMasked): their cells are drawn with the mean of the codebook.
  at::Tensor preview_of(const at::Tensor& tokens) const;

  std::int64_t rows() const { return rows_; }
  std::int64_t cols() const { return cols_; }
  std::int64_t codes() const { return tokenizer->shape().levels.front().codes; }

  bool prior_ready() const;
  void set_prior_ready(bool ready);
  // Takes the first of these int64 [N, tokens] for examples.
  void set_examples(const at::Tensor& tokens);

  std::shared_ptr<Autoencoder> tokenizer;
  std::shared_ptr<TokenModel> prior;  // may be null
  at::Tensor examples;

 private:
  std::int64_t rows_, cols_;
  at::Tensor ready_;
};

}  // namespace orrery
