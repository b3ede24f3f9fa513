#include "engine/train/meter.h"

#include <cmath>

namespace orrery {

void Meter::add(const std::string& name, double value, double weight) {
  auto& [sum, weights] = sums_[name];
  sum += value * weight;
  weights += weight;
}

void Meter::add(const std::string& name, const at::Tensor& scalar, double weight) { pending_.push_back({name, scalar.detach(), weight}); }

std::string Meter::settle() {
  if (!pending_.empty()) {
    std::vector<at::Tensor> values;
    for (const auto& one : pending_) values.push_back(one.value.reshape({}).to(at::kDouble));
    const at::Tensor all = at::stack(values).cpu();  // one wait for the device, however many values
    for (std::size_t i = 0; i < pending_.size(); ++i) add(pending_[i].name, all.data_ptr<double>()[i], pending_[i].weight);
    pending_.clear();
  }
  for (const auto& [name, sum] : sums_) {
    if (!std::isfinite(sum.first)) return name;
  }
  for (const auto& [name, value] : last_) {
    if (!std::isfinite(value)) return name;
  }
  return {};
}

std::map<std::string, double> Meter::take() {
  settle();
  std::map<std::string, double> out = last_;
  for (const auto& [name, sum] : sums_) out[name] = sum.first / sum.second;
  sums_.clear();
  return out;
}

nlohmann::json Meter::state() const {
  nlohmann::json sums = nlohmann::json::object();
  for (const auto& [name, sum] : sums_) sums[name] = {sum.first, sum.second};
  return {{"sums", sums}, {"last", last_}};
}

void Meter::restore(const nlohmann::json& state) {
  pending_.clear();
  sums_.clear();
  for (const auto& [name, sum] : state.at("sums").items()) sums_[name] = {sum.at(0).get<double>(), sum.at(1).get<double>()};
  last_ = state.at("last").get<std::map<std::string, double>>();
}

}  // namespace orrery
