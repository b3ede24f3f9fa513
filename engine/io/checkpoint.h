// Weights in the files of other programs: torch.save in both of its forms, and NVIDIA's pickled modules. See engine/io/pickle.h for what
// "reading" means here: data only.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace orrery::io {

struct WeightSet {
  std::string where;                          // its place in the file: "" for the whole, "G_ema", "state_dict"
  std::string class_name;                     // of a pickled module: "Generator"
  nlohmann::json arguments = nullptr;         // with which that module was built, where recorded: {"z_dim": 512, ...}
  std::map<std::string, at::Tensor> tensors;  // by dotted name; may be views that share memory
};

struct Checkpoint {
  std::string format;                // "torch zip", "torch legacy", "pickle"
  std::vector<WeightSet> sets;       // in the file's order; never empty
  std::vector<std::string> records;  // classes and functions that the file names and that were left as names, sorted
};

// Throws Error(bad_input): not such a file, damaged, without weights, a TorchScript program, or with a call that only a program makes.
Checkpoint read_checkpoint(const std::string& path);
Checkpoint parse_checkpoint(const std::string& bytes, const std::string& what = "The file");

}  // namespace orrery::io
