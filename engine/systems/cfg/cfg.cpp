#include "engine/api/result.h"
#include "engine/diffusion/edm_system.h"
#include "engine/systems/cfg/cases.h"

namespace orrery {
namespace {

class Cfg : public diffusion::EdmSystem {
 public:
  SystemInfo info() const override {
    SystemInfo info;
    info.id = "cfg";
    info.name = "Classifier-free guidance";
    info.kind = Kind::denoiser;
    info.year = 2022;
    info.authors = "Jonathan Ho, Tim Salimans";
    info.paper = "Classifier-Free Diffusion Guidance";
    info.url = "https://arxiv.org/abs/2207.12598";
    info.sentence = "One network learns to denoise with and without its class; going further along the difference of the two makes pictures more of their class.";
    info.idea = {
        "In training the class is left out of a part of the samples, so that one network knows both the conditional and the unconditional prediction.",
        "Their difference is the slope of an implicit classifier log p(c | x); the scale s goes along it: 0 forgets the class, 1 is the plain conditional model, more exaggerates it.",
        "Guidance matters most at middle noise: an interval of steps leaves the first ones free to choose and the last ones free to finish, and saves evaluations."};
    info.equation =
        "min     E_{σ,y,n}[ λ(σ) ‖D(y + n; σ, c̃) − y‖² ],   c̃ = c, or nothing with probability p   (as EDM)\n"
        "play    D_s(x; σ, c) = D(x; σ) + s (D(x; σ, c) − D(x; σ))   in the steps of the interval, else D(x; σ, c)\n"
        "paper   (1 + w) ε(x, c) − w ε(x),   s = 1 + w";
    info.symbols = {
        "s: the scale (guidance.scale)",
        "the interval: guidance.from to guidance.to, as shares of the steps",
        "p: how often the class is left out (objective.drop_classes)",
        "c: class (class, class.blend)",
        "which prediction is followed: guidance.view"};
    info.try_first = "Choose a class and drag the guidance from 0 to 6; then narrow its interval to the middle and see variety come back.";
    info.presets = preset_infos();
    info.needs = {"classes"};
    info.lights = {"parity", "trains", "live", "exports", "explained"};
    return info;
  }

  void run_case(parity::Case& reference) const override { cfg::run_case(reference); }

 protected:
  diffusion::EdmConfig base() const override {
    diffusion::EdmConfig config;
    config.objective.drop_classes = 0.1;
    return config;
  }
};

}  // namespace

std::unique_ptr<System> make_system_cfg() { return std::make_unique<Cfg>(); }

namespace cfg {

void run_case(parity::Case& reference) {
  if (reference.has("out.zero_star.alpha")) return run_algebra_case(reference);
  if (reference.has("table.fast27")) return run_glide_case(reference);
  if (reference.args().contains("runs")) return run_guided_toy_case(reference);
  throw Error(ErrorCode::bad_input, "This case is of no kind that classifier-free guidance has.");
}

}  // namespace cfg
}  // namespace orrery
