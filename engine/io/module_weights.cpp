#include "engine/io/module_weights.h"

#include <ATen/core/grad_mode.h>
#include <c10/core/ScalarType.h>

#include "engine/api/result.h"

namespace orrery::io {
namespace {

std::string shape_text(const at::Tensor& tensor) {
  std::string text = "[";
  for (const auto size : tensor.sizes()) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

// At most ten of a kind of complaint.
struct Complaints {
  std::string label, text = {};
  int count = 0;
  void add(const std::string& one) {
    if (++count <= 10) text += (count > 1 ? ", " : "") + one;
  }
  std::string sentence() const {
    if (count == 0) return "";
    return " " + label + ": " + text + (count > 10 ? " and " + std::to_string(count - 10) + " more" : "") + ".";
  }
};

}  // namespace

std::map<std::string, at::Tensor> named_weights(const torch::nn::Module& module) {
  std::map<std::string, at::Tensor> weights;
  for (const auto& item : module.named_parameters()) weights.emplace(item.key(), item.value());
  for (const auto& item : module.named_buffers()) weights.emplace(item.key(), item.value());
  return weights;
}

void load_weights(torch::nn::Module& module, const std::map<std::string, at::Tensor>& weights) {
  const auto own = named_weights(module);
  Complaints missing{"Missing"}, left_over{"Left over"}, misfit{"Of another shape or type"};
  for (const auto& [name, tensor] : own) {
    const auto found = weights.find(name);
    if (found == weights.end()) {
      missing.add(name);
    } else if (found->second.sizes() != tensor.sizes()) {
      misfit.add(name + " " + shape_text(found->second) + " instead of " + shape_text(tensor));
    } else if (found->second.scalar_type() != tensor.scalar_type() && !(found->second.is_floating_point() && tensor.is_floating_point())) {
      misfit.add(name + " " + c10::toString(found->second.scalar_type()) + " instead of " + c10::toString(tensor.scalar_type()));
    }
  }
  for (const auto& [name, tensor] : weights)
    if (!own.count(name)) left_over.add(name);
  if (missing.count + left_over.count + misfit.count > 0) {
    throw Error(ErrorCode::bad_input, "The weights do not fit the network." + missing.sentence() + left_over.sentence() + misfit.sentence(), "Nothing was changed.",
                "Check that the file belongs to this system and configuration.");
  }
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : own) at::Tensor(tensor).copy_(weights.at(name));
}

}  // namespace orrery::io
