// Decoding a masked TokenModel in a few rounds. Source: Chang et al. 2022 (MaskGIT), section 3.2: every round samples all masked tokens at once,
// keeps the most confident and masks the others again.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/kinds/token_model.h"
#include "engine/tokens/causal_decoding.h"
#include "engine/tokens/mask_schedule.h"

namespace orrery::tokens {

// [N, T] with kMasked where unknown -> logits [N, T, codes] (guided ones: see guided_logits).
using MaskedLogits = std::function<at::Tensor(const at::Tensor& tokens, std::int64_t round)>;

// Where the rounds' Gumbel noise comes from: [N, T, codes] to sample with, [N, T] to choose what stays.
class DecodingNoise {
 public:
  virtual ~DecodingNoise() = default;
  virtual at::Tensor sampling(std::int64_t round, const at::Tensor& like) = 0;
  virtual at::Tensor choice(std::int64_t round, const at::Tensor& like) = 0;
};
// A pure function of each row's seed and the round: sample 7 of 16 equals sample 7 alone, and a decoding may go on from any round.
class SeededNoise : public DecodingNoise {
 public:
  explicit SeededNoise(std::vector<std::uint64_t> seeds) : seeds_(std::move(seeds)) {}
  at::Tensor sampling(std::int64_t round, const at::Tensor& like) override;
  at::Tensor choice(std::int64_t round, const at::Tensor& like) override;

 private:
  at::Tensor draw(const char* purpose, std::int64_t round, const at::Tensor& like) const;
  std::vector<std::uint64_t> seeds_;
};

struct MaskedDecoding {
  enum class Order { confidence, halton };
  std::int64_t rounds = 8;
  std::int64_t first_round = 0;  // where the decoding begins: a picture that is known in part may leave out the first ones
  std::int64_t until_round = -1;  // stop before this round; < 0: `rounds`
  std::int64_t masked_before = -1;  // masked tokens of a row before the first round of all, which the schedule counts from; < 0: those of `tokens`, each row its own
  MaskSchedule schedule = MaskSchedule::named("cosine");
  Order order = Order::confidence;
  std::int64_t rows = 0, cols = 0;  // of the grid; Order::halton only
  TokenFilter filter;               // of sampling
  double choice_temperature = 4.5;  // of the noise on log-confidence, times (1 - ratio)
};

// A finished round. Nobody writes into the tensors afterwards.
struct DecodingRound {
  std::int64_t round = 0, rounds = 0;  // round + 1 are done
  at::Tensor tokens;      // [N, T] after masking again: what the next round begins with; after the last round the finished tokens
  at::Tensor sampled;     // [N, T] before masking again: every token filled in
  at::Tensor confidence;  // [N, T] probability of what was sampled, float; 1 where it was known before
  double masked = 0.0;    // part of all tokens that is masked in `tokens`
};
class RoundObserver {
 public:
  virtual ~RoundObserver() = default;
  virtual bool cancelled() { return false; }
  virtual void on_round(const DecodingRound& /*round*/) {}
};

// tokens [N, T] int64: known ones stay as they are, to the end; kMasked are made. Returns the finished tokens [N, T] (those after until_round,
// where it says to stop), undefined when cancelled. The model is not asked when nothing is masked. Confidence is that of the logits as they
// come, before temperature, top-k and top-p. Throws Error(wrong_use) for settings out of range.
at::Tensor decode_masked(const MaskedLogits& logits, const at::Tensor& tokens, const MaskedDecoding& options, DecodingNoise& noise, RoundObserver& observer);

// One more plain function of logits: unconditional + scale (conditional - unconditional) (Ho & Salimans 2022); 1 asks for the conditional only.
MaskedLogits guided_logits(TokenModel& model, const at::Tensor& classes, double scale);

// For training: bool [N, T], of each row a random choice of max(1, ceil(T max(masked(u), least))) cells, u uniform.
at::Tensor random_mask(std::int64_t rows, std::int64_t tokens, const MaskSchedule& schedule, double least, Rng rng);

}  // namespace orrery::tokens
