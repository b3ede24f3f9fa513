#include "engine/explore/token_controls.h"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

#include "engine/explore/class_controls.h"
#include "engine/explore/control_parts.h"
#include "engine/explore/photo_tokens.h"

namespace orrery {
std::vector<ControlSpec> token_controls(const TokenShape& shape, const std::vector<std::string>& names) {
  std::vector<ControlSpec> specs;
  specs.push_back(seed_control("seed", "Picture", "Seed", "The number that all draws come from. The same seed always gives the same picture.", 0));
  add_class_controls(specs, names);
  add_photo_controls(specs, shape.causal);
  const char* section = "Tokens";
  auto pinned = control(ControlKind::token_grid, "tokens.pinned", section, "Pinned", "Tokens that stay as they are; the others are made around them. Pin them on the picture.", std::vector<double>{});
  pinned.max = static_cast<double>(shape.codes - 1);
  pinned.min = -1.0;
  pinned.rows = static_cast<int>(shape.rows);
  pinned.cols = static_cast<int>(shape.cols);
  pinned.animatable = false;
  specs.push_back(pinned);
  specs.push_back(ranged(control(ControlKind::slider, "temperature", section, "Temperature", "How boldly tokens are drawn: 1 as the model learned them, less is safer, 0 always takes the most probable.", 1.0), 0.0, 2.0, 0.01));
  specs.push_back(ranged(control(ControlKind::integer, "top_k", section, "Top k", "Only so many of the most probable tokens are drawn from; 0: all.", std::int64_t{0}), 0.0, static_cast<double>(shape.codes), 1.0, "codes"));
  specs.push_back(ranged(control(ControlKind::slider, "top_p", section, "Top p", "Only the most probable tokens that together have this probability are drawn from; 1: all.", 1.0), 0.0, 1.0, 0.01));
  auto guidance = ranged(control(ControlKind::slider, "guidance.scale", "Guidance", "Guidance", "How far to go along the difference that the class makes: 0 forgets the class, 1 is the plain model, more exaggerates it.", 1.0), 0.0, 10.0, 0.1);
  if (shape.classes == 0) guidance.unavailable = "This model was trained without classes.";
  else if (!shape.unconditional) guidance.unavailable = "This model was trained with every class given: it knows no picture of nothing in particular.";
  specs.push_back(guidance);
  return specs;
}

void only_the_seed(std::vector<ControlSpec>& specs) {
  for (auto& spec : specs)
    if (spec.id != "seed" && !spec.id.starts_with("photo") && spec.unavailable.empty()) spec.unavailable = "So far only the tokenizer is trained: a seed shows one of its training pictures, made of its codes.";
}

at::Tensor pinned_tokens(const Request& request, const TokenShape& shape) {
  const auto grid = request.get<std::vector<double>>("tokens.pinned", {});
  if (grid.empty()) return at::full({1, shape.tokens()}, kMasked, at::kLong);
  return at::tensor(grid, at::kDouble).to(at::kLong).clamp_min(kMasked).view({1, shape.tokens()});
}

TokenSettings read_token_settings(const Request& request, const TokenShape& shape, const std::vector<std::string>& names) {
  TokenSettings out;
  out.seed = request.get<std::int64_t>("seed", 0);
  out.class_weights = class_weights(request, names);
  out.filter.temperature = request.get<double>("temperature", 1.0);
  out.filter.top_k = request.get<std::int64_t>("top_k", 0);
  out.filter.top_p = request.get<double>("top_p", 1.0);
  if (shape.unconditional) out.guidance = request.get<double>("guidance.scale", 1.0);
  return out;
}

}  // namespace orrery
