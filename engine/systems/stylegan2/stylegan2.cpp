#include "engine/api/result.h"
#include "engine/gan/stylegan2_system.h"
#include "engine/systems/stylegan2/cases.h"

namespace orrery {
namespace {

using nlohmann::json;

class StyleGan2 : public gan::StyleGan2System<gan::StyleGan2Config> {
 public:
  SystemInfo info() const override {
    SystemInfo info;
    info.id = "stylegan2";
    info.name = "StyleGAN2";
    info.kind = Kind::generator;
    info.year = 2020;
    info.authors = "Tero Karras, Samuli Laine, Miika Aittala, Janne Hellsten, Jaakko Lehtinen, Timo Aila";
    info.paper = "Analyzing and Improving the Image Quality of StyleGAN";
    info.url = "https://arxiv.org/abs/1912.04958";
    info.sentence =
        "A latent becomes a style w that scales the convolutions of a generator layer by layer: sharp pictures, a smooth latent space, "
        "styles to mix.";
    info.idea = {
        "A mapping network turns z into w; each layer's affine map turns w into a style that scales the layer's input channels, and "
        "demodulation divides the "
        "expected growth out again, which removes the droplet artefacts of instance normalisation.",
        "G sums up-sampled RGB of all resolutions and D is residual, so training needs no growing: the network moves its attention to "
        "finer layers by itself.",
        "Path-length regularisation asks that a step in w changes the picture by the same amount everywhere, and the R1 penalty keeps D "
        "flat at real pictures; "
        "both run lazily, every few steps."};
    info.equation =
        "min G   E_z[ softplus(−D(G(z))) ]\n"
        "        + w_pl · E_{w,y}[ ( √(meanₗ ‖∂(G(w)·y)/∂wₗ‖²) − a )² ]   every k_pl steps, × k_pl\n"
        "min D   E_z[ softplus(D(G(z))) ] + E_x[ softplus(−D(x)) ]\n"
        "        + γ/2 · E_x[ ‖∇ₓ D(x)‖² ]   every k_r1 steps, × k_r1\n"
        "with    y ~ N(0, I) / √(H·W),   a ← a + β (mean path length − a)\n"
        "layer   x ← lrelu( conv(s ⊙ x, W) ⊙ d + strength · noise + b ) · √2,   s = A w + b_A,   dₒ = 1 / √(Σᵢₖ (sᵢ Wₒᵢₖ)² + 10⁻⁸)\n"
        "play    w′ = w̄ + ψ (w − w̄)";
    info.symbols = {
        "z, w: the latent (seed, latent.pad) and its style",
        "ψ: truncation towards the mean style w̄ (truncation.psi), on the first styles (truncation.cutoff)",
        "wₗ: the style of layer l; a second latent's styles from some layer on (mix.seed, mix.layers; in training objective.style_mixing)",
        "noise: one map per layer (noise.mode, noise.strength, noise.seed)",
        "w_pl, k_pl, β: objective.pl_weight, objective.pl_interval, objective.pl_decay",
        "γ, k_r1: objective.r1_gamma, objective.r1_interval",
        "s, d: modulation and demodulation of a layer's weights W (network.channel_base, network.channel_max)"};
    info.try_first = "Hold the latent pad and draw a slow circle, then pull ψ down to 0.5 and watch every picture move towards the mean.";
    info.presets = preset_infos();
    info.lights = {"parity", "trains", "live", "exports", "explained"};
    return info;
  }

  void run_case(parity::Case& reference) const override { stylegan2::run_case(reference); }
};

}  // namespace

std::unique_ptr<System> make_system_stylegan2() { return std::make_unique<StyleGan2>(); }

namespace stylegan2 {

void run_case(parity::Case& reference) {
  const json& args = reference.args();
  if (args.contains("state_dicts")) return run_tables_case(reference);
  if (args.contains("cases")) return run_operator_case(reference);
  if (args.contains("batch_size") && args.contains("D")) return run_step_case(reference);
  if (args.contains("loss") && args.contains("D")) return run_loss_case(reference);
  if (args.contains("num_steps") && args.contains("G")) return run_projection_case(reference);
  if (args.contains("synthesis_kwargs")) return run_generator_case(reference);
  if (args.contains("img_resolution")) return run_discriminator_case(reference);
  throw Error(ErrorCode::bad_input, "The arguments of this case are of no kind that StyleGAN2 has.");
}

}  // namespace stylegan2
}  // namespace orrery
