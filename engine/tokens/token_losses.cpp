#include "engine/tokens/token_losses.h"

#include <ATen/ops/one_hot.h>

namespace orrery::tokens {

at::Tensor smoothed_cross_entropy(const at::Tensor& logits, const at::Tensor& targets, double smoothing) {
  const at::Tensor log_p = logits.log_softmax(-1), of_right = log_p.gather(-1, targets.unsqueeze(-1)).squeeze(-1);
  return smoothing == 0.0 ? -of_right : -(of_right * (1.0 - smoothing) + log_p.mean(-1) * smoothing);
}

at::Tensor masked_cross_entropy(const at::Tensor& logits, const at::Tensor& targets, const at::Tensor& weights, double smoothing) {
  return (smoothed_cross_entropy(logits, targets, smoothing) * weights).sum(1) / weights.sum(1);
}

at::Tensor entropy_loss(const at::Tensor& affinity, double temperature, bool hard) {
  const at::Tensor scaled = affinity / temperature, p = scaled.softmax(-1), log_p = (scaled + 1e-5).log_softmax(-1);
  at::Tensor target = p;
  if (hard) target = p - (p - at::one_hot(scaled.argmax(-1), scaled.size(-1)).to(p.scalar_type())).detach();
  const at::Tensor mean = target.mean(0);
  const at::Tensor of_mean = -(mean * (mean + 1e-5).log()).sum();
  const at::Tensor of_samples = -(target * log_p).sum(-1).mean();
  return of_samples - of_mean;
}

}  // namespace orrery::tokens
