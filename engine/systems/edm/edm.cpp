#include "engine/api/result.h"
#include "engine/diffusion/edm_system.h"
#include "engine/systems/edm/cases.h"
#include "engine/systems/edm/import.h"

namespace orrery {
namespace {

class Edm : public diffusion::EdmSystem {
 public:
  SystemInfo info() const override {
    SystemInfo info;
    info.id = "edm";
    info.name = "EDM";
    info.kind = Kind::denoiser;
    info.year = 2022;
    info.authors = "Tero Karras, Miika Aittala, Timo Aila, Samuli Laine";
    info.paper = "Elucidating the Design Space of Diffusion-Based Generative Models";
    info.url = "https://arxiv.org/abs/2206.00364";
    info.sentence =
        "A network learns to take noise of any strength out of pictures; following its answers from pure noise down to none makes a picture. "
        "Every choice on the way stands by itself.";
    info.idea = {
        "Preconditioning wraps the network so that its input, output and loss have unit variance at every noise level: it predicts something between the noise and "
        "the picture, whichever is easier.",
        "Sampling is an ordinary differential equation in the noise level σ itself; Heun's method on steps that get finer towards σ = 0 needs few evaluations.",
        "Churn adds a little fresh noise before each step, which corrects errors of earlier steps; training draws noise levels where the loss can still be "
        "improved and tells the network of the augmentations it sees."};
    info.equation =
        "min     E_{σ,y,n}[ λ(σ) ‖D(y + n; σ, c) − y‖² ],   ln σ ~ N(P_mean, P_std²),   n ~ N(0, σ² I)\n"
        "        λ(σ) = (σ² + σ_data²) / (σ σ_data)²\n"
        "with    D(x; σ, c) = c_skip(σ) x + c_out(σ) F(c_in(σ) x; c_noise(σ), c)\n"
        "edm     c_skip = σ_data² / (σ² + σ_data²),   c_out = σ σ_data / √(σ² + σ_data²),   c_in = 1 / √(σ² + σ_data²),   c_noise = ln(σ) / 4\n"
        "play    dx/dσ = (x − D(x; σ)) / σ,   σᵢ = (σ_max^(1/ρ) + i/(N−1) (σ_min^(1/ρ) − σ_max^(1/ρ)))^ρ,   σ_N = 0\n"
        "churn   σ̂ = σ (1 + min(S/N, √2 − 1)),   x ← x + √(σ̂² − σ²) S_noise ε";
    info.symbols = {
        "F, D: the network and the denoiser made of it (network.arch, network.preconditioning)",
        "σ: noise level (sampler.sigma_min, sampler.sigma_max)",
        "ρ, N: how steps are spread (sampler.rho) and how many there are (sampler.steps)",
        "c: class (class, class.blend); left out in training with probability objective.drop_classes",
        "P_mean, P_std: noise levels in training (objective.p_mean, objective.p_std)",
        "σ_data: standard deviation of the data (network.sigma_data)",
        "S, S_noise: churn and its inflation (churn, churn.noise), between churn.min and churn.max"};
    info.try_first = "Drag the steps from 2 up to 30 and watch the picture settle; then turn churn up and see which parts it was unsure of.";
    info.presets = preset_infos();
    info.lights = {"parity", "trains", "live", "exports", "explained"};
    return info;
  }

  std::optional<nlohmann::json> config_from_weights(const std::map<std::string, at::Tensor>& weights, const nlohmann::json& hints) const override {
    const auto config = edm::config_from_weights(weights, hints);
    return config ? std::optional<nlohmann::json>(config::to_config(*config)) : std::nullopt;
  }

  void run_case(parity::Case& reference) const override { edm::run_case(reference); }
};

}  // namespace

std::unique_ptr<System> make_system_edm() { return std::make_unique<Edm>(); }

namespace edm {

void run_case(parity::Case& reference) {
  const auto& args = reference.args();
  const auto holds = [&](const char* prefix) {
    const auto found = reference.io.lower_bound(prefix);
    return found != reference.io.end() && found->first.rfind(prefix, 0) == 0;
  };
  if (args.contains("runs")) return run_sampler_case(reference);
  if (args.contains("optimizer")) return run_step_case(reference);
  if (reference.has("in.latents")) return run_ablation_case(reference);
  if (reference.has("out.loss_map")) return run_loss_case(reference);
  if (reference.has("in.x")) return run_forward_case(reference);
  if (holds("in.x.")) return run_block_case(reference);
  if (holds("table.sig.")) return run_tables_case(reference);
  if (reference.has("in.images")) return run_augment_case(reference);
  throw Error(ErrorCode::bad_input, "The case " + reference.name + " is of no kind that EDM has.");
}

}  // namespace edm
}  // namespace orrery
