#include "engine/train/optimiser.h"

#include <algorithm>
#include <cmath>

#include "engine/api/result.h"
#include "kernels/adam_step/adam_step.h"

namespace orrery {

kernels::Adam corrected_adam(const OptimiserConfig& config, double lr_scale) {
  kernels::Adam adam{config.lr * lr_scale, config.beta1, config.beta2, config.eps, true};
  if (config.lazy_interval > 0) {
    const double c = static_cast<double>(config.lazy_interval) / static_cast<double>(config.lazy_interval + 1);
    adam.lr *= c;
    adam.beta1 = std::pow(adam.beta1, c);
    adam.beta2 = std::pow(adam.beta2, c);
  }
  return adam;
}

double gradient_norm(const std::vector<at::Tensor>& parameters) {
  double squares = 0.0;
  for (const auto& parameter : parameters) {
    const at::Tensor gradient = parameter.grad();
    if (gradient.defined()) squares += std::pow(gradient.detach().norm().item<double>(), 2);
  }
  return std::sqrt(squares);
}

double ramp_up(const OptimiserConfig& config, double pictures_seen) {
  return config.ramp_up_kimg > 0.0 ? std::min(pictures_seen / (config.ramp_up_kimg * 1000.0), 1.0) : 1.0;
}

namespace {

// Gradients that are not finite are left to kernels/adam_step, which replaces them.
void clip_gradients(const std::vector<at::Tensor>& parameters, double most) {
  const double norm = gradient_norm(parameters);
  if (!std::isfinite(norm) || norm <= most) return;
  for (const auto& parameter : parameters)
    if (parameter.grad().defined()) parameter.grad().mul_(most / (norm + 1e-6));
}

struct Lists {
  std::vector<at::Tensor> parameters, gradients, m, v;
};

const at::Tensor& found(const std::map<std::string, at::Tensor>& in, const std::string& name, at::IntArrayRef shape) {
  const auto it = in.find(name);
  if (it == in.end() || it->second.sizes() != shape) {
    throw Error(ErrorCode::bad_input, "The checkpoint does not fit the networks: \"" + name + "\" is missing or has another shape.");
  }
  return it->second;
}

}  // namespace

Optimiser::Optimiser(const std::vector<OptimiserConfig>& configs, const TrainState& state) {
  for (const auto& config : configs) {
    for (const auto& name : config.modules) {
      const auto module = state.modules.find(name);
      if (module == state.modules.end()) throw Error(ErrorCode::failed, "An optimiser names the network \"" + name + "\", which does not exist.");
      if (groups_.count(name) != 0) throw Error(ErrorCode::failed, "The network \"" + name + "\" has two optimisers.");
      Group group{config, {}};
      for (const auto& item : module->second->named_parameters()) {
        const at::Tensor plain = item.value().detach();
        group.slots.push_back({item.key(), item.value(), at::zeros_like(plain, at::MemoryFormat::Contiguous),
                               at::zeros_like(plain, at::MemoryFormat::Contiguous), 0, {}});
      }
      groups_.emplace(name, std::move(group));
    }
  }
}

void Optimiser::step(const std::vector<std::string>& modules, bool all_gradients, double lr_scale, double pictures_seen) {
  const at::NoGradGuard no_grad;
  for (const auto& name : modules) {
    const auto group = groups_.find(name);
    if (group == groups_.end()) throw Error(ErrorCode::failed, "The network \"" + name + "\" is trained but has no optimiser.");
    if (group->second.config.clip_norm > 0.0) {
      std::vector<at::Tensor> parameters;
      for (const auto& slot : group->second.slots) parameters.push_back(slot.parameter);
      clip_gradients(parameters, group->second.config.clip_norm);
    }
    // Parameters that skipped a step are corrected for their own count, so there may be more than one list; nearly always there is one.
    std::map<std::int64_t, Lists> by_count;
    for (auto& slot : group->second.slots) {
      at::Tensor gradient = slot.parameter.grad();
      if (!gradient.defined()) {
        if (!all_gradients) continue;
        if (!slot.zero.defined()) slot.zero = at::zeros_like(slot.m);
        gradient = slot.zero;
      }
      Lists& lists = by_count[++slot.steps];
      lists.parameters.push_back(slot.parameter.detach());
      lists.gradients.push_back(gradient.detach().contiguous());
      lists.m.push_back(slot.m);
      lists.v.push_back(slot.v);
    }
    const kernels::Adam adam = corrected_adam(group->second.config, lr_scale * ramp_up(group->second.config, pictures_seen));
    for (const auto& [count, lists] : by_count) kernels::adam_step(lists.parameters, lists.gradients, lists.m, lists.v, count, adam);
    for (auto& slot : group->second.slots) slot.parameter.mutable_grad() = at::Tensor();
  }
}

void Optimiser::save(std::map<std::string, at::Tensor>& out) const {
  for (const auto& [module, group] : groups_) {
    std::vector<std::int64_t> counts;
    for (const auto& slot : group.slots) {
      out["adam.m/" + module + "/" + slot.name] = slot.m;
      out["adam.v/" + module + "/" + slot.name] = slot.v;
      counts.push_back(slot.steps);
    }
    out["adam.steps/" + module] = at::tensor(counts, at::kLong);
  }
}

void Optimiser::load(const std::map<std::string, at::Tensor>& in) {
  const at::NoGradGuard no_grad;
  for (auto& [module, group] : groups_) {
    const at::Tensor counts = found(in, "adam.steps/" + module, {static_cast<std::int64_t>(group.slots.size())}).to(at::kLong);
    std::size_t i = 0;
    for (auto& slot : group.slots) {
      slot.m.copy_(found(in, "adam.m/" + module + "/" + slot.name, slot.m.sizes()));
      slot.v.copy_(found(in, "adam.v/" + module + "/" + slot.name, slot.v.sizes()));
      slot.steps = counts.data_ptr<std::int64_t>()[i++];
    }
  }
}

}  // namespace orrery
