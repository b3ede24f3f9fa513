#include "engine/tokens/masked_decoding.h"

#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/api/result.h"

namespace orrery::tokens {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::wrong_use, "The tokens cannot be decoded: " + why + "."); }

void check(const at::Tensor& tokens, const MaskedDecoding& o) {
  if (tokens.dim() != 2 || tokens.scalar_type() != at::kLong) refuse("they are no whole numbers in rows");
  if (o.rounds < 1 || o.first_round < 0 || o.first_round >= o.rounds) refuse("of " + std::to_string(o.rounds) + " rounds none is number " + std::to_string(o.first_round));
  if (o.filter.temperature < 0.0 || o.choice_temperature < 0.0) refuse("a temperature is negative");
  if (o.filter.top_k < 0 || !(o.filter.top_p >= 0.0 && o.filter.top_p <= 1.0)) refuse("top-k is negative or top-p is not in [0, 1]");
  if (o.order == MaskedDecoding::Order::halton && o.rows * o.cols != tokens.size(1)) refuse("their number is not that of the grid's cells");
}

at::Tensor sample(const at::Tensor& logits, const MaskedDecoding& o, std::int64_t round, DecodingNoise& noise) {
  if (o.filter.temperature == 0.0) return logits.argmax(-1);
  return choose(logits, noise.sampling(round, logits), o.filter);
}

// Of every row the cells that stay masked after the round, by the confidence of what was sampled.
at::Tensor least_confident(const at::Tensor& confidence, const at::Tensor& unknown, const std::vector<std::int64_t>& totals, const MaskedDecoding& o, std::int64_t round, DecodingNoise& noise) {
  const double ratio = static_cast<double>(static_cast<float>(round + 1) / static_cast<float>(o.rounds));
  const at::Tensor noisy = confidence.log() + o.choice_temperature * (1.0 - ratio) * noise.choice(round, confidence);
  const at::Tensor ranked = at::where(unknown, noisy, kInfinity);
  const at::Tensor sorted = std::get<0>(ranked.sort(-1));
  const at::Tensor counts = unknown.sum(1).to(at::kCPU);
  at::Tensor masked = at::zeros_like(unknown);
  for (std::int64_t n = 0; n < unknown.size(0); ++n) {
    const std::int64_t now = counts[n].item<std::int64_t>(), stay = masked_after(o.schedule, round, o.rounds, totals[static_cast<std::size_t>(n)], now);
    if (stay <= 0) continue;
    const auto row = stay < unknown.size(1) ? ranked[n].lt(sorted[n][stay]) : unknown[n];
    masked[n].copy_(row);
  }
  return masked;
}

// Of every row the cells whose turn has not come: the last of those that are masked.
at::Tensor still_to_come(const at::Tensor& unknown, const std::vector<std::int64_t>& order, const std::vector<std::int64_t>& totals, const MaskedDecoding& o, std::int64_t round) {
  at::Tensor masked = at::zeros(unknown.sizes(), at::kBool);
  const at::Tensor here = unknown.to(at::kCPU).contiguous();
  for (std::int64_t n = 0; n < unknown.size(0); ++n) {
    std::vector<std::int64_t> cells;
    const bool* row = here[n].const_data_ptr<bool>();
    for (const auto cell : order)
      if (row[cell]) cells.push_back(cell);
    const auto total = totals[static_cast<std::size_t>(n)];
    const auto stay = std::min(static_cast<std::int64_t>(cells.size()), total - revealed_after(o.schedule, round, o.rounds, total));
    bool* out = masked[n].data_ptr<bool>();
    for (std::int64_t i = 1; i <= stay; ++i) out[cells[cells.size() - static_cast<std::size_t>(i)]] = true;
  }
  return masked.to(unknown.device());
}

}  // namespace

at::Tensor SeededNoise::draw(const char* purpose, std::int64_t round, const at::Tensor& like) const {
  if (like.size(0) != static_cast<std::int64_t>(seeds_.size())) throw Error(ErrorCode::failed, "There is not one seed for each row of tokens.");
  std::vector<at::Tensor> rows;
  for (const auto seed : seeds_) {
    Rng rng = Rng(seed).fork(purpose).fork(static_cast<std::uint64_t>(round));
    const at::Tensor u = rng.uniform(like.sizes().slice(1), like.options().dtype(at::kFloat)).clamp_min_(1e-20);
    rows.push_back(u.log_().neg_().log_().neg_().to(like.scalar_type()));
  }
  return at::stack(rows);
}
at::Tensor SeededNoise::sampling(std::int64_t round, const at::Tensor& like) { return draw("token", round, like); }
at::Tensor SeededNoise::choice(std::int64_t round, const at::Tensor& like) { return draw("choice", round, like); }

MaskedLogits guided_logits(TokenModel& model, const at::Tensor& classes, double scale) {
  return [&model, classes, scale](const at::Tensor& tokens, std::int64_t) {
    TokenCondition condition;
    if (scale == 0.0 && classes.defined()) return model.logits(tokens, condition);
    condition.classes = classes;
    const at::Tensor conditional = model.logits(tokens, condition);
    if (scale == 1.0 || !classes.defined()) return conditional;
    const at::Tensor without = model.logits(tokens, {});
    return guided_logits(conditional, without, scale);
  };
}

at::Tensor random_mask(std::int64_t rows, std::int64_t tokens, const MaskSchedule& schedule, double least, Rng rng) {
  Rng ratios = rng.fork("ratio");
  const at::Tensor order = rng.fork("cells").uniform({rows, tokens}, at::kFloat).argsort(-1, /*descending=*/false);
  at::Tensor mask = at::zeros({rows, tokens}, at::kBool);
  for (std::int64_t n = 0; n < rows; ++n) {
    const double part = std::max(schedule.masked(ratios.uniform01(), tokens), least);
    const auto count = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(part * static_cast<double>(tokens))), 1, tokens);
    mask[n].index_fill_(0, order[n].narrow(0, 0, count), true);
  }
  return mask;
}

at::Tensor decode_masked(const MaskedLogits& logits, const at::Tensor& tokens, const MaskedDecoding& o, DecodingNoise& noise, RoundObserver& observer) {
  check(tokens, o);
  at::Tensor now = tokens;
  std::vector<std::int64_t> totals, order;
  const at::Tensor counts = tokens.lt(0).sum(1).to(at::kCPU);
  for (std::int64_t n = 0; n < tokens.size(0); ++n) totals.push_back(o.masked_before >= 0 ? o.masked_before : counts[n].item<std::int64_t>());
  if (o.order == MaskedDecoding::Order::halton) order = halton_cells(o.rows, o.cols);
  const std::int64_t until = o.until_round < 0 ? o.rounds : std::min(o.until_round, o.rounds);
  for (std::int64_t round = o.first_round; round < until; ++round) {
    if (observer.cancelled()) return {};
    const at::Tensor unknown = now.lt(0);
    DecodingRound done;
    done.round = round;
    done.rounds = o.rounds;
    if (!unknown.any().item<bool>()) {
      done.tokens = done.sampled = now;
      done.confidence = at::ones(now.sizes(), now.options().dtype(at::kFloat));
      observer.on_round(done);
      continue;
    }
    const at::Tensor predicted = logits(now, round);
    done.sampled = at::where(unknown, sample(predicted, o, round, noise), now);
    const at::Tensor chosen = predicted.softmax(-1).gather(-1, done.sampled.unsqueeze(-1)).squeeze(-1);
    done.confidence = at::where(unknown, chosen, 1.0);
    if (round + 1 == o.rounds) {
      done.tokens = done.sampled;
    } else {
      const at::Tensor masked = o.order == MaskedDecoding::Order::halton ? still_to_come(unknown, order, totals, o, round) : least_confident(chosen, unknown, totals, o, round, noise);
      done.tokens = at::where(masked, kMasked, done.sampled);
    }
    done.masked = done.tokens.lt(0).to(at::kDouble).mean().item<double>();
    now = done.tokens;
    observer.on_round(done);
  }
  return now;
}

}  // namespace orrery::tokens
