#include "engine/tokens/code_statistics.h"

#include <ATen/core/grad_mode.h>

#include <cmath>

namespace orrery::tokens {

at::Tensor count_codes(const at::Tensor& codes, std::int64_t size) { return codes.reshape({-1}).bincount({}, size); }

double perplexity(const at::Tensor& counts) {
  const at::NoGradGuard no_grad;
  const at::Tensor p = counts.to(at::kDouble), total = p.sum();
  if (total.item<double>() <= 0.0) return 0.0;
  const at::Tensor share = p / total;
  return std::exp(-share.xlogy(share).sum().item<double>());
}

void track_usage(at::Tensor& usage, const at::Tensor& counts, double decay) {
  const at::NoGradGuard no_grad;
  usage.mul_(decay).add_(counts.to(usage.options()), 1.0 - decay);
}

at::Tensor dead_codes(const at::Tensor& usage, double least) { return usage.lt(least).nonzero().squeeze(1); }

void watch_codes(std::map<std::string, double>& watched, const at::Tensor& counts, const at::Tensor& usage, double least) {
  const auto dead = static_cast<double>(dead_codes(usage, least).numel());
  watched["codes.perplexity"] = perplexity(counts);
  watched["codes.used"] = static_cast<double>(usage.numel()) - dead;
  watched["codes.dead"] = dead;
}

}  // namespace orrery::tokens
