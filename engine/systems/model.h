// A model: what a file or a snapshot holds once it is loaded. Immutable after construction and shared by pointer.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace orrery {

struct Model {
  std::string system;                        // a system's id
  nlohmann::json config;                     // the resolved training configuration
  std::vector<std::string> class_names;      // empty: unconditional
  double kimg = 0.0;
  std::string hash;                          // SHA-256 of the weights as stored (lower-case hex)
  std::map<std::string, std::string> meta;   // other metadata of the file (dataset, recipe, ...)
  std::shared_ptr<torch::nn::Module> network;  // the network to play (EMA weights), in eval mode, requires_grad off
};

// Model files: safetensors whose __metadata__ has "orrery.system", "orrery.config" (JSON), "orrery.classes" (JSON), "orrery.kimg",
// "orrery.sha256" (of the tensor bytes). Tensor names are the reference's state-dict names of the network to play.
// Throws Error(bad_input) for damaged files, files of an unknown system, missing or left-over tensors.
std::shared_ptr<const Model> load_model(const std::string& path, const std::string& device = "cpu");
void save_model(const Model& model, const std::string& path);

}  // namespace orrery
