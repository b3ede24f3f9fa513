#include "engine/diffusion/ddpm_system.h"
#include "engine/systems/ddpm/cases.h"

namespace orrery {
namespace {

class Ddpm : public diffusion::DdpmSystem {
 public:
  SystemInfo info() const override {
    SystemInfo info;
    info.id = "ddpm";
    info.name = "DDPM";
    info.kind = Kind::denoiser;
    info.year = 2020;
    info.authors = "Jonathan Ho, Ajay Jain, Pieter Abbeel";
    info.paper = "Denoising Diffusion Probabilistic Models";
    info.url = "https://arxiv.org/abs/2006.11239";
    info.sentence = "A picture dissolves into noise in a thousand small steps; a network that learns to undo one step at a time turns noise into pictures.";
    info.idea = {
        "The forward process has no parameters: x_t is the picture scaled down plus Gaussian noise, and the posterior q(x_{t−1} | x_t, x₀) is a Gaussian known in closed form.",
        "The variational bound asks that the network's step match that posterior; written for the noise ε in x_t and without its weights, it is the simple mean squared error.",
        "Sampling walks back from pure noise: predict ε, clip the x₀ it implies, draw x_{t−1} from the posterior with a fixed variance, small or large."};
    info.equation =
        "min     E_{t,x₀,ε}[ mean (ε − ε_θ(x_t, t))² ],   x_t = √ᾱ_t x₀ + √(1−ᾱ_t) ε,   ᾱ_t = ∏ (1 − β_s)\n"
        "bound   T · E_t[ KL(q(x_{t−1}|x_t, x₀) ‖ p_θ(x_{t−1}|x_t)) ],   t = 0: −log p_θ(x₀|x₁) over 256 levels   (bits per dimension)\n"
        "step    x₀ = clip((x_t − √(1−ᾱ_t) ε_θ) / √ᾱ_t),   x_{t−1} = √ᾱ_{t−1} β_t / (1−ᾱ_t) x₀ + √(1−β_t) (1−ᾱ_{t−1}) / (1−ᾱ_t) x_t + s_t z\n"
        "        s_t² = β_t (large) or β_t (1−ᾱ_{t−1}) / (1−ᾱ_t) (small);   on fewer steps β = 1 − ᾱ_t / ᾱ_{t'}";
    info.symbols = {
        "β: the schedule (process.schedule, process.beta_start, process.beta_end) over T steps (process.steps)",
        "ε_θ: the network (network.width, network.multipliers, network.blocks)",
        "s_t: the variance of a step (sampler.variance; process.variance)",
        "the loss: objective.loss",
        "how many of the T steps are taken: sampler.steps"};
    info.try_first = "Drag the steps from 5 up to 200 and watch noise turn into form; then switch the variance between small and large at few steps.";
    info.presets = preset_infos();
    info.lights = {"parity", "trains", "live", "exports", "explained"};
    return info;
  }

  void run_case(parity::Case& reference) const override { ddpm::run_case(reference); }

 protected:
  DenoiserDefaults player_defaults(const diffusion::DdpmConfig& config) const override {
    DenoiserDefaults defaults;
    defaults.sampler = "ddpm";
    defaults.steps = 50;
    defaults.spacing = "uniform";
    defaults.variance = config.process.variance;
    return defaults;
  }
};

}  // namespace

std::unique_ptr<System> make_system_ddpm() { return std::make_unique<Ddpm>(); }

}  // namespace orrery
