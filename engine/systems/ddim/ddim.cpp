#include "engine/diffusion/ddpm_system.h"
#include "engine/systems/ddim/cases.h"

namespace orrery {
namespace {

class Ddim : public diffusion::DdpmSystem {
 public:
  SystemInfo info() const override {
    SystemInfo info;
    info.id = "ddim";
    info.name = "DDIM";
    info.kind = Kind::denoiser;
    info.year = 2021;
    info.authors = "Jiaming Song, Chenlin Meng, Stefano Ermon";
    info.paper = "Denoising Diffusion Implicit Models";
    info.url = "https://arxiv.org/abs/2010.02502";
    info.sentence = "The network of DDPM, sampled by a process that need not be random: a few dozen steps instead of a thousand, and a noise that stands for its picture.";
    info.idea = {
        "The training loss of DDPM knows only the marginals q(x_t | x₀); a whole family of non-Markovian processes has the same ones, so one network serves them all.",
        "η turns the family: 1 is the ancestral sampler, 0 draws nothing on the way. Then a picture is a function of its first noise, and steps can be left out.",
        "The deterministic process is Euler's method for an ordinary differential equation, so it runs backwards too: a picture has a noise, and between two noises lie pictures."};
    info.equation =
        "min     E_{t,x₀,ε}[ mean (ε − ε_θ(x_t, t))² ]   (as DDPM)\n"
        "step    x_{t'} = √ᾱ_{t'} x₀ + √(1 − ᾱ_{t'} − σ²) ε_θ + σ z,   x₀ = (x_t − √(1−ᾱ_t) ε_θ) / √ᾱ_t\n"
        "        σ = η √((1−ᾱ_{t'}) / (1−ᾱ_t)) √(1 − ᾱ_t / ᾱ_{t'})\n"
        "η = 0   x_{t'} / √ᾱ_{t'} = x_t / √ᾱ_t + (σ_{t'} − σ_t) ε_θ,   σ_t = √((1−ᾱ_t) / ᾱ_t)   (Euler)\n"
        "steps   τ = ⌊c i⌋ (uniform) or ⌊c i²⌋ (quad)";
    info.symbols = {
        "η: randomness of the process (sampler.eta)",
        "τ: which of the T steps are taken (sampler.steps, sampler.spacing)",
        "z: fresh noise (churn.seed)",
        "the first noise and the way between two of them: seed, latent.blend, latent.mode"};
    info.try_first = "Keep η at 0 and blend between two seeds; then raise η and see the picture stop being a function of its seed alone.";
    info.presets = preset_infos();
    info.lights = {"parity", "trains", "live", "exports", "explained"};
    return info;
  }

  void run_case(parity::Case& reference) const override { ddim::run_case(reference); }
  // Imported weights are DDPM's, the network is the same.
  std::optional<Json> config_from_weights(const std::map<std::string, at::Tensor>&, const Json&) const override { return std::nullopt; }

 protected:
  DenoiserDefaults player_defaults(const diffusion::DdpmConfig& config) const override {
    DenoiserDefaults defaults;
    defaults.sampler = "ddim";
    defaults.steps = 20;
    defaults.spacing = "uniform";
    defaults.variance = config.process.variance;
    return defaults;
  }
};

}  // namespace

std::unique_ptr<System> make_system_ddim() { return std::make_unique<Ddim>(); }

}  // namespace orrery
