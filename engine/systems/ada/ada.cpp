#include <ATen/ops/full.h>

#include <algorithm>

#include "engine/api/result.h"
#include "engine/gan/adaptive_p.h"
#include "engine/gan/augment_pipe.h"
#include "engine/gan/stylegan2_system.h"
#include "engine/systems/ada/cases.h"

namespace orrery {
namespace ada {

struct AugmentSection {
  gan::AugmentConfig operations;
  gan::AdaptiveConfig adaptive;
  double start_p = 0.0;
  bool fixed = false;
};

struct Config {
  gan::StyleGan2NetworkConfig network;
  gan::StyleGan2ObjectiveConfig objective;
  gan::StyleGan2TrainConfig train;
  gan::StyleGan2DataConfig data;
  AugmentSection augment;
};

template <class Visitor>
void visit_fields(Visitor& v, AugmentSection& c) {
  v("operations", c.operations);
  v("adaptive", c.adaptive);
  v("start_p", c.start_p, {.help = "probability p at the start", .min = 0, .max = 1});
  v("fixed", c.fixed, {.help = "keep p as it is instead of following r_t"});
}

template <class Visitor>
void visit_fields(Visitor& v, Config& c) {
  v("network", c.network);
  v("objective", c.objective);
  v("train", c.train);
  v("data", c.data);
  v("augment", c.augment);
}

}  // namespace ada

namespace {

constexpr const char* kP = "ada.p";  // [] float32 in TrainState::tensors

class Ada : public gan::StyleGan2System<ada::Config> {
 public:
  SystemInfo info() const override {
    SystemInfo info;
    info.id = "ada";
    info.name = "StyleGAN2-ADA";
    info.kind = Kind::generator;
    info.year = 2020;
    info.authors = "Tero Karras, Miika Aittala, Janne Hellsten, Samuli Laine, Jaakko Lehtinen, Timo Aila";
    info.paper = "Training Generative Adversarial Networks with Limited Data";
    info.url = "https://arxiv.org/abs/2006.06676";
    info.sentence = "StyleGAN2 for small collections: D only ever sees augmented pictures, as strongly as its over-fitting calls for.";
    info.idea = {
        "With few pictures D learns them by heart and its gradient stops teaching G; so every picture that D sees, real or generated, first goes through the same random "
        "augmentations, each applied with probability p.",
        "As long as p stays below about 0.8 the augmentations do not leak into the generated pictures, because each one leaves some pictures untouched.",
        "p follows the data: r_t, the mean sign of D on real pictures, is held at its target by raising p when D becomes too sure and lowering it when D struggles."};
    info.equation =
        "D(x)    becomes  D(T_p(x)) for real and generated x, in every term of StyleGAN2's objective (R1 goes through T_p)\n"
        "r_t     = E_x[ sign D(T_p(x)) ]   over real pictures since the last adjustment\n"
        "p       ← max(0, p + sign(r_t − target) · pictures / (1000 · speed))   every `interval` steps\n"
        "T_p     mirror, quarter turn, shift, scale, rotate, stretch, rotate, fractional shift; brightness, contrast, luma flip, hue, saturation;\n"
        "        four frequency bands; noise; cutout: in this order, each with probability p · its multiplier";
    info.symbols = {"p, r_t: live in the training plots (ada.p, ada.r_t)",
                    "target, interval, speed: augment.adaptive.target, augment.adaptive.interval, augment.adaptive.speed_kimg",
                    "the multipliers and strengths of T_p: augment.operations.*",
                    "z, w, ψ: as in StyleGAN2 (seed, latent.pad, truncation.psi)"};
    info.try_first = "In the Data workspace draw the leak view up to p = 1 and see what D would be shown; then train on a few hundred pictures and watch p settle.";
    info.presets = preset_infos();
    info.lights = {"parity", "trains", "live", "exports", "explained"};
    return info;
  }

  void run_case(parity::Case& reference) const override { run_ada_case(reference); }

 protected:
  gan::AdversarialObjective::Hooks make_hooks(const ada::Config& config) const override {
    const ada::AugmentSection section = config.augment;
    gan::AdversarialObjective::Hooks hooks;
    hooks.make_state = [section](TrainState& state) { state.tensors[kP] = at::full({}, section.start_p, at::kFloat); };
    hooks.augment = [section](const at::Tensor& images, Rng rng, TrainState& state) {
      const double p = state.tensors.at(kP).item<float>();
      // At p = 0 nothing acts; what the resampling filters alone would change is below what an eye or D can use, and costs a third of a step.
      return p > 0.0 ? gan::augment(images, section.operations, p, rng) : images;
    };
    hooks.after_step = [section](TrainState& state, const StepInfo& info, std::map<std::string, double>& watched) {
      at::Tensor& p = state.tensors.at(kP);
      at::Tensor& sum = state.tensors.at("d.sign_sum");
      at::Tensor& count = state.tensors.at("d.sign_count");
      if (info.step % section.adaptive.interval == 0 && count.item<double>() > 0.0) {
        const double r_t = sum.item<double>() / count.item<double>();
        const double pictures = static_cast<double>(info.batch * section.adaptive.interval);
        if (!section.fixed) p.fill_(gan::adjusted_p(p.item<float>(), r_t, pictures, section.adaptive));
        sum.zero_();
        count.zero_();
        watched["ada.r_t"] = r_t;
      }
      watched["ada.p"] = p.item<float>();
    };
    return hooks;
  }

  void check(const ada::Config& config) const override {
    constexpr std::int64_t kBandFilterReach = 21;
    if (config.augment.operations.imgfilter > 0 && config.network.resolution_px <= kBandFilterReach) {
      config::refuse("augment.operations.imgfilter", "needs pictures of at least 22 px");
    }
    if (config.augment.operations.imgfilter_bands.size() != 4) config::refuse("augment.operations.imgfilter_bands", "must have four numbers");
    if (config.network.channels == 2 || config.network.channels == 4) config::refuse("network.channels", "must be 1 or 3 for the colour operations");
  }
};

}  // namespace

std::unique_ptr<System> make_system_ada() { return std::make_unique<Ada>(); }

}  // namespace orrery
