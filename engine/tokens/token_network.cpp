#include "engine/tokens/token_network.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <string>

#include "engine/api/result.h"
#include "engine/tokens/quantizer.h"

namespace orrery {

TokenNetwork::TokenNetwork(std::shared_ptr<Autoencoder> tokenizer_, std::shared_ptr<TokenModel> prior_, std::int64_t rows, std::int64_t cols) : rows_(rows), cols_(cols) {
  tokenizer = register_module("tokenizer", std::move(tokenizer_));
  const AutoencoderShape shape = tokenizer->shape();
  if (shape.levels.size() != 1 || shape.levels.front().codes < 1) throw Error(ErrorCode::bad_input, "The tokenizer has no codebook, or more than one.");
  if (prior_ != nullptr) {
    const TokenShape wanted = prior_->shape();
    if (wanted.codes != shape.levels.front().codes || wanted.rows != rows || wanted.cols != cols)
      throw Error(ErrorCode::bad_input,
                  "The tokenizer does not fit the prior: it has " + std::to_string(shape.levels.front().codes) + " codes on " + std::to_string(rows) + " x " + std::to_string(cols) +
                      " cells, the prior " + std::to_string(wanted.codes) + " codes on " + std::to_string(wanted.rows) + " x " + std::to_string(wanted.cols) + ".",
                  "Both stay as they are.", "Choose a tokenizer with the codebook and grid of the prior, or train a prior for this one.");
    prior = register_module("prior", std::move(prior_));
  }
  examples = register_buffer("examples", at::zeros({kExamples, rows * cols}, at::kLong));
  ready_ = register_buffer("prior_ready", at::ones({1}, at::kLong));
}

at::Tensor TokenNetwork::tokens_of(const at::Tensor& pictures) const {
  const at::NoGradGuard no_grad;
  return tokens::nearest_codes(tokens::to_rows(tokenizer->encode(pictures).front()), tokenizer->codebook()).flatten(1);
}

at::Tensor TokenNetwork::pictures_of(const at::Tensor& tokens) const {
  return tokenizer->decode({tokens::to_maps(tokens::look_up(tokens.view({-1, rows_, cols_}), tokenizer->codebook()))});
}

at::Tensor TokenNetwork::preview_of(const at::Tensor& tokens) const {
  const at::Tensor book = tokenizer->codebook(), known = tokens.ge(0).view({-1, rows_, cols_, 1});
  const at::Tensor vectors = tokens::look_up(tokens.clamp_min(0).view({-1, rows_, cols_}), book);
  return tokenizer->decode({tokens::to_maps(at::where(known, vectors, book.mean(0)))});
}

bool TokenNetwork::prior_ready() const { return prior != nullptr && ready_.item<std::int64_t>() != 0; }

void TokenNetwork::set_prior_ready(bool ready) {
  const at::NoGradGuard no_grad;
  ready_.fill_(ready ? 1 : 0);
}

void TokenNetwork::set_examples(const at::Tensor& tokens) {
  const at::NoGradGuard no_grad;
  const auto count = std::min(kExamples, tokens.size(0));
  examples.narrow(0, 0, count).copy_(tokens.narrow(0, 0, count));
}

}  // namespace orrery
