// Collects what the steps between two lines of stats.jsonl have to say.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace orrery {

class Meter {
 public:
  // One observation of a quantity that is averaged until the next line. Tensors are scalars on any device and are read at settle().
  void add(const std::string& name, double value, double weight = 1.0);
  void add(const std::string& name, const at::Tensor& scalar, double weight = 1.0);
  // A quantity of which the last value counts.
  void set(const std::string& name, double value) { last_[name] = value; }
  // Reads what still lies on the device. Returns the name of a quantity that is not finite, or "".
  std::string settle();
  // The averages since the last take() and the last values; starts anew.
  std::map<std::string, double> take();

  // Exact: a restored meter goes on as if nothing had happened. Call settle() first.
  nlohmann::json state() const;
  void restore(const nlohmann::json& state);

 private:
  struct Pending { std::string name; at::Tensor value; double weight; };
  std::vector<Pending> pending_;
  std::map<std::string, std::pair<double, double>> sums_;  // sum of weight * value, sum of weights
  std::map<std::string, double> last_;
};

}  // namespace orrery
