#include "engine/explore/denoiser_player.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <stdexcept>

#include "engine/api/result.h"
#include "engine/explore/check_request.h"
#include "engine/explore/denoiser_controls.h"
#include "engine/explore/latent.h"
#include "engine/explore/point_picture.h"

namespace orrery {
namespace {

class DenoiserPlayer : public Player {
 public:
  DenoiserPlayer(std::shared_ptr<const Model> model, Denoiser& denoiser, const DenoiserDefaults& defaults) : model_(std::move(model)), denoiser_(denoiser) {
    traits_.shape = denoiser_.shape();
    traits_.ladder = denoiser_.ladder();
    traits_.defaults = defaults;
    traits_.class_names = distinct_class_names(model_->class_names, traits_.shape.classes);
    const auto parameters = denoiser_.parameters();
    options_ = at::TensorOptions().dtype(at::kFloat).device(parameters.empty() ? at::Device(at::kCPU) : parameters.front().device());
    controls_ = denoiser_controls(traits_);
  }

  std::vector<ControlSpec> controls() const override { return controls_; }
  PictureShape picture_shape() const override {
    if (traits_.points()) return {3, kPointPicture_px, kPointPicture_px};
    return {traits_.shape.sample[0], traits_.shape.sample[1], traits_.shape.sample[2]};
  }

  at::Tensor render(const std::vector<Request>& requests, RenderObserver& observer) override {
    c10::InferenceMode inference;
    std::vector<at::Tensor> pictures;
    for (const auto& request : requests) {
      const DenoiserSettings settings = read_settings(checked_request(controls_, request, UnknownControls::ignore), traits_);
      const at::Tensor sample = sampled(settings, observer);
      if (!sample.defined() || observer.cancelled()) return {};
      pictures.push_back(picture_of(sample));
    }
    return pictures.size() == 1 ? pictures.front() : at::cat(pictures);
  }

 private:
  // Passes previews on and asks whether to go on.
  class Watcher : public diffusion::SampleObserver {
   public:
    Watcher(const DenoiserPlayer& player, RenderObserver& observer) : player_(player), observer_(observer) {}
    bool cancelled() override { return observer_.cancelled(); }
    void on_step(const diffusion::SampleStep& step) override {
      if (step.step + 1 == step.steps) return;  // the finished picture follows
      observer_.on_step(player_.picture_of(step.x0), static_cast<int>(step.step + 1), static_cast<int>(step.steps));
    }

   private:
    const DenoiserPlayer& player_;
    RenderObserver& observer_;
  };

  at::Tensor picture_of(const at::Tensor& sample) const { return traits_.points() ? point_picture(sample) : sample.to(at::kFloat); }

  // The shape of the state of one picture: one sample, or a cloud of points.
  std::vector<std::int64_t> state_shape(const DenoiserSettings& s) const {
    std::vector<std::int64_t> shape{traits_.points() ? s.particles : 1};
    shape.insert(shape.end(), traits_.shape.sample.begin(), traits_.shape.sample.end());
    return shape;
  }

  at::Tensor noise_at(const PadPoint& point, std::int64_t values, bool keep_variance) const {
    const auto seeds = seeds_around(point.seed, point.x, point.y);
    std::vector<at::Tensor> corners;
    for (const auto& corner : seeds) corners.push_back(latent_of_seed(corner.seed, values, options_));
    return mix_weighted(corners, seeds, keep_variance);
  }

  at::Tensor initial_noise(const DenoiserSettings& s) const {
    const auto shape = state_shape(s);
    std::int64_t values = 1;
    for (const auto size : shape) values *= size;
    at::Tensor z;
    if (s.blend <= 0.0) {
      z = noise_at(s.point, values, s.on_sphere);
    } else if (s.blend >= 1.0) {
      z = noise_at(s.second, values, s.on_sphere);
    } else {
      const at::Tensor a = noise_at(s.point, values, s.on_sphere), b = noise_at(s.second, values, s.on_sphere);
      z = s.on_sphere ? slerp(a, b, s.blend) : lerp(a, b, s.blend);
    }
    return z.view(shape);
  }

  diffusion::NoiseSource fresh_noise(const DenoiserSettings& s) const {
    const auto seed = static_cast<std::uint64_t>(s.point.seed);
    const auto own = s.churn_seed == 0 ? seed : Rng(seed).fork(static_cast<std::uint64_t>(s.churn_seed)).stream();
    return [source = diffusion::seeded_noise({own})](std::int64_t draw, const at::Tensor& like) {
      return source(draw, like.reshape({1, -1})).reshape(like.sizes());
    };
  }

  Condition condition_of(const std::vector<double>& weights) const {
    Condition condition;
    if (!weights.empty()) condition.classes = at::tensor(weights, at::kDouble).to(options_).unsqueeze(0);
    return condition;
  }

  at::Tensor sampled(const DenoiserSettings& settings, RenderObserver& observer) {
    const at::Tensor sample = followed(settings, settings.guidance, observer);
    if (!settings.difference || !sample.defined()) return sample;
    diffusion::GuidanceOptions without = settings.guidance;
    without.view = diffusion::GuidanceView::unconditional;
    const at::Tensor other = followed(settings, without, observer);
    return other.defined() ? (sample - other) / 2.0 : at::Tensor();
  }

  at::Tensor followed(const DenoiserSettings& settings, const diffusion::GuidanceOptions& guidance, RenderObserver& observer) {
    const diffusion::Denoise denoise = diffusion::guided(denoiser_, condition_of(settings.class_weights), condition_of(settings.other_weights), guidance);
    diffusion::SamplerSettings sampling = settings.sampling;
    sampling.round_sigma = [this](double sigma) { return denoiser_.round_sigma(at::full({}, sigma, options_.dtype(at::kDouble))).item<double>(); };
    const auto& list = diffusion::samplers();
    const auto sampler = std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.name == settings.sampler; });
    Watcher watcher(*this, observer);
    try {
      return sampler->sample(denoise, initial_noise(settings), sampling, fresh_noise(settings), &watcher);
    } catch (const std::invalid_argument& error) {
      throw Error(ErrorCode::wrong_use, std::string("These sampler settings do not go together: ") + error.what() + ".", "The last picture stays.",
                  "Change sampler.sigma_min, sampler.sigma_max or sampler.spacing.");
    }
  }

  std::shared_ptr<const Model> model_;
  Denoiser& denoiser_;
  at::TensorOptions options_;
  DenoiserTraits traits_;
  std::vector<ControlSpec> controls_;
};

}  // namespace

std::unique_ptr<Player> make_denoiser_player(std::shared_ptr<const Model> model, const DenoiserDefaults& defaults) {
  auto* denoiser = model ? dynamic_cast<Denoiser*>(model->network.get()) : nullptr;
  if (!denoiser) {
    throw Error(ErrorCode::failed, "This model's network is not a denoiser.", "Nothing was changed.", "Open another model, and report this one's system.");
  }
  return std::make_unique<DenoiserPlayer>(std::move(model), *denoiser, defaults);
}

}  // namespace orrery
