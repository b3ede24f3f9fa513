#include "engine/parity/compare.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/where.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <sstream>

namespace orrery::parity {
namespace {

std::string shape_text(const at::Tensor& tensor) {
  std::ostringstream text;
  text << tensor.sizes();
  return text.str();
}

bool whole(const at::Tensor& tensor) { return !tensor.is_floating_point(); }

// What an error is measured by.
double scale_of(const at::Tensor& reference) {
  if (reference.numel() == 1) {
    const double value = std::fabs(reference.item<double>());
    return value > 0 && std::isfinite(value) ? value : 1.0;
  }
  const at::Tensor finite = reference.masked_select(reference.isfinite());
  if (finite.numel() < 2) return 1.0;
  const double spread = finite.std(/*unbiased=*/false).item<double>();
  const double range = (finite.max() - finite.min()).item<double>();
  return range > 0 && spread > 0 ? spread : 1.0;
}

}  // namespace

Line compare(const std::string& name, const at::Tensor& reference_in, const at::Tensor& computed_in, const Rule& rule) {
  Line line;
  line.name = name;
  line.tolerance = rule.tolerance.value_or(0.0);
  line.max_error = std::numeric_limits<double>::infinity();
  if (!computed_in.defined()) {
    line.note = "not computed";
    return line;
  }
  if (computed_in.sizes() != reference_in.sizes()) {
    line.note = "shape " + shape_text(computed_in) + " instead of " + shape_text(reference_in);
    return line;
  }
  if (whole(computed_in) != whole(reference_in)) {
    line.note = std::string("computed as ") + c10::toString(computed_in.scalar_type()) + ", recorded as " +
                c10::toString(reference_in.scalar_type());
    return line;
  }
  const at::Tensor reference = reference_in.detach().to(at::kCPU, at::kDouble), computed = computed_in.detach().to(at::kCPU, at::kDouble);
  if (reference.numel() == 0) {
    line.max_error = 0.0;
    line.ok = true;
    return line;
  }
  if (rule.absolute_bound) {
    line.max_error = computed.abs().max().item<double>();
    line.tolerance = *rule.absolute_bound;
    line.note = "absolute: zero but for rounding";
    line.ok = line.max_error <= line.tolerance;
    return line;
  }
  const at::Tensor same = reference.eq(computed).logical_or(reference.isnan().logical_and(computed.isnan()));
  const at::Tensor error = at::where(same, at::zeros_like(reference), (reference - computed).abs());
  const double largest = error.max().item<double>();
  const bool exact = whole(reference_in) && line.tolerance == 0.0;
  line.max_error = exact ? largest : largest / scale_of(reference);
  if (!rule.tolerance && !whole(reference_in)) {
    line.note = "no tolerance recorded";
    line.ok = true;
    return line;
  }
  line.ok = line.max_error <= line.tolerance;  // false for NaN
  return line;
}

Rule rule_for(const nlohmann::json& meta, const std::string& name) {
  Rule rule;
  if (const auto tolerances = meta.find("tolerances"); tolerances != meta.end() && tolerances->is_object()) {
    if (const auto found = tolerances->find(name); found != tolerances->end() && found->is_number()) rule.tolerance = found->get<double>();
  }
  if (rule.tolerance) return rule;
  const auto tensors = meta.find("tensors");
  if (tensors == meta.end() || !tensors->is_object() || !tensors->contains(name)) return rule;
  const nlohmann::json& tensor = (*tensors)[name];
  const std::string doc = tensor.is_object() && tensor.contains("doc") && tensor["doc"].is_string() ? tensor["doc"].get<std::string>() : "";
  const std::string words = "expect absolute values below ";
  if (const auto at = doc.find(words); at != std::string::npos) rule.absolute_bound = std::strtod(doc.c_str() + at + words.size(), nullptr);
  return rule;
}

}  // namespace orrery::parity
