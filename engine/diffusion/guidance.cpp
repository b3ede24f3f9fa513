#include "engine/diffusion/guidance.h"

#include <ATen/ops/full.h>
#include <ATen/ops/lerp.h>

#include <cmath>
#include <memory>

#include "engine/api/result.h"

namespace orrery::diffusion {
namespace {

// [N] -> [N, 1, ...]
at::Tensor widened(const at::Tensor& values, const at::Tensor& like) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(like.dim()), 1);
  shape[0] = -1;
  return values.reshape(shape);
}

at::Tensor sample_dot(const at::Tensor& a, const at::Tensor& b) { return widened((a * b).flatten(1).sum(1), a); }

}  // namespace

at::Tensor guide(const at::Tensor& conditional, const at::Tensor& unconditional, double scale) { return at::lerp(unconditional, conditional, scale); }

at::Tensor guide_many(const std::vector<std::pair<at::Tensor, double>>& conditionals, const at::Tensor& unconditional) {
  at::Tensor sum = unconditional;
  for (const auto& [conditional, scale] : conditionals) sum = sum + (conditional - unconditional) * scale;
  return sum;
}

at::Tensor rescale_guided(const at::Tensor& guided_, const at::Tensor& conditional, double share) {
  const at::Tensor ratio = widened(conditional.flatten(1).std(1) / guided_.flatten(1).std(1), guided_);
  return guided_ * ratio * share + guided_ * (1.0 - share);
}

at::Tensor guide_projected(const at::Tensor& conditional, const at::Tensor& unconditional, const ProjectedGuidance& options, at::Tensor& average) {
  at::Tensor difference = conditional - unconditional;
  if (options.momentum != 0.0) {
    if (average.defined()) difference = difference + average * options.momentum;
    average = difference;
  }
  if (options.most > 0.0) difference = difference * (options.most / sample_dot(difference, difference).sqrt()).clamp_max(1.0);
  const at::Tensor direction = conditional / sample_dot(conditional, conditional).sqrt();
  const at::Tensor parallel = direction * sample_dot(difference, direction);
  const at::Tensor update = (difference - parallel) + parallel * options.parallel;
  return (options.from_conditional ? conditional : unconditional) + update * options.scale;
}

at::Tensor fitted_unconditional_scale(const at::Tensor& conditional, const at::Tensor& unconditional) {
  return sample_dot(conditional, unconditional) / (sample_dot(unconditional, unconditional) + 1e-8);
}

at::Tensor drop_classes(const at::Tensor& weights, const at::Tensor& draw, double probability) {
  return weights * draw.reshape({-1, 1}).ge(probability).to(weights.scalar_type());
}

Denoise guided(Denoise conditional, Denoise unconditional, const GuidanceOptions& options) {
  return [conditional = std::move(conditional), unconditional = std::move(unconditional), options](const at::Tensor& x, double sigma, std::int64_t step) {
    switch (options.view) {
      case GuidanceView::conditional: return conditional(x, sigma, step);
      case GuidanceView::unconditional: return unconditional(x, sigma, step);
      case GuidanceView::guided: break;
    }
    const at::Tensor c = conditional(x, sigma, step);
    if (options.scale == 1.0 || step < options.first_step || step > options.last_step) return c;
    const at::Tensor combined = guide(c, unconditional(x, sigma, step), options.scale);
    return options.rescale > 0.0 ? rescale_guided(combined, c, options.rescale) : combined;
  };
}

Denoise guided(Denoiser& denoiser, const Condition& condition, const Condition& other, const GuidanceOptions& options) {
  const bool needs_other = options.view == GuidanceView::unconditional || (options.view == GuidanceView::guided && options.scale != 1.0);
  const DenoiserShape shape = denoiser.shape();
  if (needs_other && !other.classes.defined() && shape.classes > 0 && !shape.unconditional) {
    throw Error(ErrorCode::wrong_use, "This model was trained with every class given, so it has no unconditional prediction to guide with.", "Nothing was sampled.",
                "Set the guidance scale to 1, or train with dropped classes.");
  }
  const auto bound = [&denoiser](const Condition& given) -> Denoise {
    return [&denoiser, given](const at::Tensor& x, double sigma, std::int64_t) {
      return denoiser.denoise(x, at::full({x.size(0)}, sigma, x.options().dtype(at::kDouble).requires_grad(false)), given);
    };
  };
  return guided(bound(condition), bound(other), options);
}

}  // namespace orrery::diffusion
