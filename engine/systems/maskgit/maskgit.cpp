#include "engine/explore/token_player.h"
#include "engine/nn/reset.h"
#include "engine/systems/maskgit/recipe.h"
#include "engine/tokens/maskgit_cases.h"

namespace orrery {
namespace {

class MaskGit : public System {
 public:
  using Json = nlohmann::json;

  SystemInfo info() const override {
    SystemInfo info;
    info.id = "maskgit";
    info.name = "MaskGIT";
    info.kind = Kind::token_model;
    info.year = 2022;
    info.authors = "Huiwen Chang, Han Zhang, Lu Jiang, Ce Liu, William T. Freeman";
    info.paper = "MaskGIT: Masked Generative Image Transformer";
    info.url = "https://arxiv.org/abs/2202.04200";
    info.sentence = "A picture becomes a grid of codes; a transformer that has learned to fill in masked codes makes a new picture in a few rounds, the parts it is surest of first.";
    info.idea = {
        "A VQGAN turns patches into codes of a small codebook and back: reconstruction, a perceptual distance and a discriminator make its pictures sharp.",
        "The transformer looks in both directions. In training a random part of the codes is masked, as many as a cosine schedule says, and it predicts them from the rest.",
        "Decoding starts with everything masked. Each round samples all codes at once, keeps those of the highest confidence, made uncertain by a little noise, and masks the others again."};
    info.equation =
        "stage 1   min  ‖x − x̂‖ + w P(x, x̂) + ‖sg[z] − e‖² + β ‖z − sg[e]‖² + λ a g(D(x̂)) + entropy,   a = |∇ nll| / (|∇ g| + 10⁻⁴) at the decoder's last layer\n"
        "stage 2   min  −E[ Σ_{masked i} log p(y_i | y with masks, c) ],   γ(r) N codes masked, r ~ U(0, 1)\n"
        "schedule  γ(r) = cos(π r / 2), 1 − r, 1 − rᵖ, ...   γ(0) = 1, γ(1) = 0\n"
        "round t   y_i ~ p_i^(1/T),   κ_i = log p_i(y_i) + T_c (1 − t/S) g_i,   g_i ~ Gumbel;   the ⌊γ(t/S) N⌋ codes of the lowest κ are masked again\n"
        "guidance  ℓ = ℓ_∅ + s (ℓ_c − ℓ_∅)";
    info.symbols = {
        "x, x̂: a picture and what the tokenizer makes of it (tokenizer.width, tokenizer.multipliers); e: codes (tokenizer.codes)",
        "P, w: the perceptual distance and its weight (tokenizer_loss.perceptual); D, λ: the discriminator and its weight (tokenizer_loss.discriminator, tokenizer_loss.adversarial)",
        "y, p: codes and the transformer's distributions (prior.layers, prior.width)",
        "γ: the mask schedule (schedule; in training prior_loss.schedule); S: rounds (steps)",
        "T: temperature of sampling (temperature); T_c: of the choice (choice.temperature); s: guidance (guidance.scale)"};
    info.try_first = "Open the tape and watch the tokens come; then pull the choice temperature to 0 and see how the safest parts are all that is left.";
    info.presets = preset_infos();
    info.lights = {"parity", "trains", "explained"};
    return info;
  }

  Json defaults() const override { return config::to_config(maskgit::Config{}); }
  std::map<std::string, config::Field> config_help() const override { return config::describe<maskgit::Config>(); }
  std::vector<config::Preset> presets() const override { return maskgit::presets(); }
  int wanted_size_px(const Json& config) const override { return static_cast<int>(parse(config).tokenizer.resolution_px); }
  Json resolve(const Json& config, const DataShape& data) const override {
    maskgit::Config parsed = parse(config);
    maskgit::resolve(parsed, data);
    return config::to_config(parsed);
  }
  std::shared_ptr<torch::nn::Module> build_network(const Json& config) const override {
    const auto net = maskgit::make_network(parse(config));
    nn::reset_all(*net, Rng(0).fork("net"));
    return net;
  }
  std::unique_ptr<Player> make_player(std::shared_ptr<const Model> model) const override { return make_token_player(std::move(model)); }
  Plan make_plan(const Json& config) const override { return maskgit::make_plan(parse(config)); }
  void run_case(parity::Case& reference) const override { tokens::run_maskgit_case(reference); }

 private:
  static maskgit::Config parse(const Json& config) {
    maskgit::Config parsed;
    config::from_config(config, parsed);
    return parsed;
  }
};

}  // namespace

std::unique_ptr<System> make_system_maskgit() { return std::make_unique<MaskGit>(); }

}  // namespace orrery
