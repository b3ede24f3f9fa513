// How a computed tensor is held against a recorded one.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

#include "engine/parity/case.h"

namespace orrery::parity {

struct Rule {
  std::optional<double> tolerance;       // as in meta.json; none: exact for whole numbers, unchecked for floating point
  std::optional<double> absolute_bound;  // the reference is mathematically zero: |computed| stays below this
};

// Error: max |a - b| / standard deviation of the reference; one element: relative to |reference|; all elements equal (or a zero): absolute.
// Equal infinities and NaN against NaN count as no error. A shape or kind (whole against floating point) that differs is a failure.
Line compare(const std::string& name, const at::Tensor& reference, const at::Tensor& computed, const Rule& rule);

// From meta.json: "tolerances" and the words "expect absolute values below X" of the tensor's doc.
Rule rule_for(const nlohmann::json& meta, const std::string& name);

}  // namespace orrery::parity
