// A generator of the tests' own: the smallest network that fulfils the contract, so that what plays it is shown to know only the contract.
#pragma once

#include <ATen/ops/einsum.h>
#include <ATen/ops/zeros.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "engine/device/rng.h"
#include "engine/explore/generator_player.h"
#include "engine/explore/model_source.h"
#include "engine/io/module_weights.h"
#include "engine/io/safetensors.h"
#include "engine/kinds/generator.h"

namespace orrery::tests {

struct TinyOptions {
  std::int64_t resolution_px = 16;
  std::int64_t classes = 0;
  std::uint64_t weights_seed = 1;
  bool average = true;
};

class TinyGenerator : public Generator {
 public:
  explicit TinyGenerator(const TinyOptions& options) : options_(options) {
    Rng rng = Rng(options.weights_seed).fork("tiny");
    const auto normal = [&](at::IntArrayRef shape, double gain) { return rng.normal(shape, at::TensorOptions().dtype(at::kFloat)) * gain; };
    register_parameter("mapping", normal({kW, kZ + options.classes}, 0.4), false);
    register_parameter("styles", normal({kLayers, kStyle, kW}, 0.5), false);
    register_parameter("basis", normal({kLayers, kStyle, 3, options.resolution_px, options.resolution_px}, 0.15), false);
    register_buffer("noise", normal({kLayers, options.resolution_px, options.resolution_px}, 0.05));
    if (options.average) register_buffer("w_avg", options.classes ? normal({options.classes, kW}, 0.3) : normal({kW}, 0.3));
    eval();
  }

  GeneratorShape shape() const override {
    GeneratorShape out;
    out.z_dim = kZ;
    out.c_dim = options_.classes;
    out.w_dim = kW;
    out.num_ws = kLayers;
    out.resolution_px = options_.resolution_px;
    return out;
  }

  at::Tensor map(const at::Tensor& z, const at::Tensor& c) override {
    ++maps;
    if (delay_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    const at::Tensor in = c.defined() ? at::cat({z, c}, 1) : z;
    return in.matmul(parameter("mapping").t()).tanh().unsqueeze(1).repeat({1, kLayers, 1});
  }

  at::Tensor synthesise(const at::Tensor& ws, const SynthesisNoise& noise) override {
    ++syntheses;
    if (delay_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    const at::Tensor style = at::einsum("nlw,lsw->nls", {ws, parameter("styles")});
    at::Tensor picture = at::einsum("nls,lschw->nchw", {style, parameter("basis")});
    const auto size = options_.resolution_px;
    if (noise.mode == SynthesisNoise::Mode::constant) picture = picture + named_buffers()["noise"].sum(0) * noise.strength;
    if (noise.mode == SynthesisNoise::Mode::random) {
      for (std::int64_t layer = 0; layer < kLayers; ++layer) {
        const auto stream = static_cast<std::uint64_t>(layer + 1);
        picture = picture + normal_per_sample(noise.seeds, stream, {1, size, size}, picture.options()) * (0.05 * noise.strength);
      }
    }
    return picture.tanh();
  }

  at::Tensor w_average() const override { return options_.average ? named_buffers()["w_avg"] : at::Tensor(); }
  std::vector<at::Tensor> style_matrices() const override { return parameter("styles").unbind(0); }

  std::atomic<int> maps{0}, syntheses{0};
  std::atomic<int> delay_ms{0};  // of every evaluation

 private:
  static constexpr std::int64_t kZ = 8, kW = 12, kLayers = 4, kStyle = 6;
  at::Tensor parameter(const char* name) const { return named_parameters()[name]; }

  TinyOptions options_;
};

inline std::shared_ptr<Model> tiny_model(const TinyOptions& options = {}, std::vector<std::string> class_names = {}, double kimg = 0.0) {
  auto model = std::make_shared<Model>();
  model->system = "tiny";
  model->config = {{"resolution_px", options.resolution_px}, {"classes", options.classes}, {"weights_seed", options.weights_seed}, {"average", options.average}};
  model->class_names = std::move(class_names);
  model->kimg = kimg;
  model->network = std::make_shared<TinyGenerator>(options);
  model->hash = io::sha256_of_tensors(io::named_weights(*model->network));
  return model;
}

inline TinyGenerator& network_of(const Model& model) { return dynamic_cast<TinyGenerator&>(*model.network); }

// The model files of the tests: as the program's own, but for the system, which the catalogue does not have.
inline void save_tiny(const Model& model, const std::string& path) { save_model(model, path); }
inline std::shared_ptr<const Model> load_tiny(const std::string& path) {
  const io::TensorFile file = io::read_safetensors(path);
  const auto config = nlohmann::json::parse(file.metadata.at("orrery.config"));
  TinyOptions options;
  options.resolution_px = config.at("resolution_px");
  options.classes = config.at("classes");
  options.weights_seed = config.at("weights_seed");
  options.average = config.at("average");
  auto model = tiny_model(options, nlohmann::json::parse(file.metadata.at("orrery.classes")).get<std::vector<std::string>>(),
                          std::stod(file.metadata.at("orrery.kimg")));
  io::load_weights(*model->network, file.tensors);
  model->hash = io::sha256_of_tensors(file.tensors);
  return model;
}

// One model for every request.
class OneModel : public ModelSource {
 public:
  explicit OneModel(std::shared_ptr<const Model> model) : model_(std::move(model)) {}
  std::shared_ptr<const Model> resolve(const Request&) override { return model_; }
  std::unique_ptr<Player> make_player(std::shared_ptr<const Model> model) const override { return make_generator_player(std::move(model)); }

 private:
  std::shared_ptr<const Model> model_;
};

}  // namespace orrery::tests
