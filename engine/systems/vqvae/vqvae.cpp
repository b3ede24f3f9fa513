#include "engine/explore/token_player.h"
#include "engine/nn/reset.h"
#include "engine/systems/vqvae/cases.h"
#include "engine/systems/vqvae/recipe.h"

namespace orrery {
namespace {

class VqVae : public System {
 public:
  using Json = nlohmann::json;

  SystemInfo info() const override {
    SystemInfo info;
    info.id = "vqvae";
    info.name = "VQ-VAE";
    info.kind = Kind::token_model;
    info.year = 2017;
    info.authors = "Aäron van den Oord, Oriol Vinyals, Koray Kavukcuoglu";
    info.paper = "Neural Discrete Representation Learning";
    info.url = "https://arxiv.org/abs/1711.00937";
    info.sentence = "A picture becomes a grid of words from a learned dictionary of patches; a second network learns to write in that language, word by word.";
    info.idea = {
        "The encoder's vectors are replaced by their nearest neighbours in a codebook, and the decoder paints the picture from those alone: a picture becomes a small grid of whole numbers.",
        "Choosing the nearest code has no derivative, so the decoder's gradient is copied straight through to the encoder; codes follow the vectors that chose them, and a commitment term keeps the vectors near.",
        "With the codes fixed, a causal transformer learns the probability of each code given those above and to the left, and the class; drawing one after the other and decoding gives new pictures."};
    info.equation =
        "stage 1   mean (x − D(q))² + β mean (z − sg[e_k])²,   z = E(x),   k = argmin_j |z − e_j|²,   q = z + sg[e_k − z]\n"
        "codes     running means: N_k ← γ N_k + (1−γ) n_k,  m_k ← γ m_k + (1−γ) Σ z,  e_k = m_k / Ñ_k,   Ñ_k = (N_k + ε) / (N + K ε) · N\n"
        "          or by gradient: + mean (sg[z] − e_k)²\n"
        "stage 2   −1/T Σ_i log p(k_i | k_1 … k_{i−1}, class)\n"
        "drawing   k_i = argmax (ℓ_i / τ + g),   g standard Gumbel noise of the seed;   guided: ℓ = ℓ_∅ + s (ℓ_class − ℓ_∅)";
    info.symbols = {
        "e_k, K: the codebook (codebook.codes, codebook.dim); its rule: codebook.rule; γ: codebook.decay",
        "β: codebook.commitment; codes that nobody chooses begin anew: codebook.restart_below",
        "E, D: network.width, network.res_blocks, network.stride (the pixels of one code)",
        "p: the transformer (prior.layers, prior.heads, prior.width)",
        "τ: temperature; which of the codes may be drawn at all: top_k, top_p; s: guidance.scale"};
    info.try_first = "Turn the temperature from 1 down to 0: the pictures become safer and more alike; then change the class and watch the same noise write something else.";
    info.presets = preset_infos();
    info.lights = {"parity", "trains", "explained"};
    return info;
  }

  Json defaults() const override { return config::to_config(vqvae::Config{}); }
  std::map<std::string, config::Field> config_help() const override { return config::describe<vqvae::Config>(); }
  std::vector<config::Preset> presets() const override { return vqvae::presets(); }
  int wanted_size_px(const Json& config) const override { return static_cast<int>(parse(config).network.resolution_px); }
  Json resolve(const Json& config, const DataShape& data) const override {
    vqvae::Config parsed = parse(config);
    vqvae::resolve(parsed, data);
    return config::to_config(parsed);
  }
  std::shared_ptr<torch::nn::Module> build_network(const Json& config) const override {
    const auto net = vqvae::make_network(parse(config));
    nn::reset_all(*net, Rng(0).fork("net"));
    return net;
  }
  std::unique_ptr<Player> make_player(std::shared_ptr<const Model> model) const override { return make_token_player(std::move(model)); }
  Plan make_plan(const Json& config) const override { return vqvae::make_plan(parse(config)); }
  void run_case(parity::Case& reference) const override { vqvae::run_case(reference); }

 private:
  static vqvae::Config parse(const Json& config) {
    vqvae::Config parsed;
    config::from_config(config, parsed);
    return parsed;
  }
};

}  // namespace

std::unique_ptr<System> make_system_vqvae() { return std::make_unique<VqVae>(); }

}  // namespace orrery
