#include "engine/tokens/causal_decoding.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "engine/device/rng.h"

namespace orrery::tokens {

at::Tensor filtered(const at::Tensor& logits, const TokenFilter& filter) {
  constexpr double never = -std::numeric_limits<double>::infinity();
  at::Tensor out = filter.temperature > 0.0 ? logits / filter.temperature : logits;
  if (filter.top_k > 0 && filter.top_k < logits.size(-1)) {
    const at::Tensor least = std::get<0>(out.topk(filter.top_k, -1)).narrow(-1, filter.top_k - 1, 1);
    out = out.masked_fill(out < least, never);
  }
  if (filter.top_p < 1.0) {
    const auto [sorted, order] = out.sort(-1, /*descending=*/true);
    const at::Tensor p = at::softmax(sorted, -1);
    const at::Tensor before = p.cumsum(-1) - p;  // what the more probable ones have; the first always stays
    const at::Tensor out_of = (before >= std::max(filter.top_p, 1e-12)).scatter(-1, order, before >= std::max(filter.top_p, 1e-12));
    out = out.masked_fill(out_of, never);
  }
  return out;
}

at::Tensor choose(const at::Tensor& logits, const at::Tensor& noise, const TokenFilter& filter) {
  const at::Tensor kept = filtered(logits, filter);
  return filter.temperature > 0.0 ? (kept + noise).argmax(-1) : kept.argmax(-1);
}

TokenNoise seeded_token_noise(std::vector<std::uint64_t> seeds) {
  return [seeds = std::move(seeds)](std::int64_t draw, at::IntArrayRef shape) {
    if (static_cast<std::int64_t>(seeds.size()) != shape[0]) throw std::invalid_argument("there is not one seed for each sample");
    std::vector<at::Tensor> rows;
    for (const auto seed : seeds) {
      const at::Tensor u = Rng(seed).fork("tokens").fork(static_cast<std::uint64_t>(draw)).uniform(shape.slice(1), at::TensorOptions().dtype(at::kDouble));
      rows.push_back(-(-u.clamp_min(1e-300).log()).log());
    }
    return at::stack(rows);
  };
}

namespace {

// What a model says of the next tokens, with the guidance of the empty condition, one pass for both.
class Reader {
 public:
  Reader(TokenModel& model, const TokenCondition& condition, double guidance, std::int64_t batch) : model_(model), condition_(condition), guidance_(guidance), twice_(guidance != 1.0) {
    if (!twice_) {
      cache_ = model.make_cache(batch);
      return;
    }
    if (!model.shape().unconditional || !condition.classes.defined()) throw std::invalid_argument("guidance needs classes, and a model that knows the empty condition");
    condition_.classes = at::cat({condition.classes, at::zeros_like(condition.classes)});
    cache_ = model.make_cache(2 * batch);
  }
  // Shows `fresh` [N, n]; the logits [N, codes] of the token after them, in float64. One position at a time, however many are known: what
  // follows is then the same, bit for bit, whether they were drawn just now or are given.
  at::Tensor next(const at::Tensor& fresh) {
    if (!last_.defined()) show(fresh.narrow(1, 0, 0));
    for (std::int64_t i = 0; i < fresh.size(1); ++i) show(fresh.narrow(1, i, 1));
    const at::Tensor last = last_.select(1, last_.size(1) - 1).to(at::kDouble);
    if (!twice_) return last;
    const auto halves = last.chunk(2);
    return guided_logits(halves[0], halves[1], guidance_);
  }

 private:
  void show(const at::Tensor& fresh) { last_ = model_.logits(twice_ ? at::cat({fresh, fresh}) : fresh, condition_, cache_.get()); }

  TokenModel& model_;
  TokenCondition condition_;
  double guidance_;
  bool twice_;
  std::unique_ptr<TokenCache> cache_;
  at::Tensor last_;
};

}  // namespace

at::Tensor decode_causal(TokenModel& model, const at::Tensor& known, const TokenCondition& condition, const TokenNoise& noise, const DecodingOptions& options,
                         DecodingObserver& observer) {
  const at::NoGradGuard no_grad;
  const std::int64_t batch = known.size(0), total = known.size(1), until = options.until < 0 ? total : std::min(options.until, total);
  at::Tensor tokens = known.to(at::kLong).clone();
  Reader reader(model, condition, options.guidance, batch);
  std::int64_t shown = 0;  // tokens that the model has seen
  for (std::int64_t at = options.first; at < until; ++at) {
    at::Tensor column = tokens.select(1, at);
    const at::Tensor open = column.lt(0);
    if (open.any().item<bool>()) {
      if (observer.cancelled()) return {};
      const at::Tensor logits = reader.next(tokens.narrow(1, shown, at - shown));
      shown = at;
      observer.on_draw(at, logits);
      const at::Tensor gumbel = options.filter.temperature > 0.0 ? noise(at, logits.sizes()).to(logits.options()) : at::zeros_like(logits);
      column.copy_(at::where(open, choose(logits, gumbel, options.filter), column));
    }
    observer.on_token(at, tokens);
  }
  return observer.cancelled() ? at::Tensor() : tokens;
}

}  // namespace orrery::tokens
