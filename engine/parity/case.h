// Reference cases: numbers recorded from published implementations (meta.json, weights.safetensors, io.safetensors).
// A system computes what the case asks for from meta.args and reports each tensor by name; the runner compares.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace orrery::parity {

struct Line {
  std::string name;
  double max_error = 0.0;   // max |a - b| / std(reference); one-element tensors: relative to |reference|
  double tolerance = 0.0;
  bool ok = false;
  std::string note;         // why not, in words (shape, missing)
};

class Case {
 public:
  // Reads a folder; `weights_case(s)` of meta.args are read from its neighbours. Throws Error(bad_input).
  static Case load(const std::string& folder, const std::string& device = "cpu");

  nlohmann::json meta;
  std::string system, name, folder, device;
  std::map<std::string, at::Tensor> weights;   // by the reference's own names
  std::map<std::string, std::map<std::string, at::Tensor>> other_weights;  // by case name
  std::map<std::string, at::Tensor> io;        // "in.*", "tap.*", "out.*", "grad.*", "table.*"

  const nlohmann::json& args() const { return meta.at("args"); }
  bool has(const std::string& name) const { return io.count(name) != 0; }
  // An input by its full name ("in.z"). Throws Error(bad_input) when it is missing.
  const at::Tensor& in(const std::string& name) const;
  // Says what was computed for a recorded tensor. Names that the case does not hold are ignored (taps are offered freely).
  void report(const std::string& name, const at::Tensor& computed);
  // The same for a gradient that may be zero in exact arithmetic: where everything recorded is below `noise`, what was computed must be too,
  // and nothing else is asked of it.
  void report_gradient(const std::string& name, const at::Tensor& computed, double noise);
  // Every tap.*, out.*, grad.* and table.* of the case; one that was not reported is a failed line "not computed".
  std::vector<Line> lines() const;

 private:
  std::map<std::string, Line> reported_;
};


struct Report { std::string folder; std::vector<Line> lines; std::string error; bool ok = false; };
// Every case under `folder` (a case, a system's folder, or the whole tree). Cases of systems not in the catalogue are listed in
// `not_in_catalogue` and do not fail; a case of a system that is there, and that the runner cannot map, fails.
std::vector<Report> run_folder(const std::string& folder, const std::string& device, std::vector<std::string>& not_in_catalogue);

}  // namespace orrery::parity
