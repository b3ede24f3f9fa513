#include "engine/explore/generator_player.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>

#include "engine/api/result.h"
#include "engine/explore/check_request.h"
#include "engine/explore/class_controls.h"
#include "engine/explore/generator_controls.h"
#include "engine/explore/latent.h"

namespace orrery {
namespace {

class GeneratorPlayer : public Player {
 public:
  GeneratorPlayer(std::shared_ptr<const Model> model, Generator& generator)
      : model_(std::move(model)), generator_(generator), directions_(load_directions(model_->hash)) {
    traits_.shape = generator_.shape();
    traits_.class_names = distinct_class_names(model_->class_names, traits_.shape.c_dim);
    const auto parameters = generator_.parameters();
    options_ = at::TensorOptions().dtype(at::kFloat).device(parameters.empty() ? at::Device(at::kCPU) : parameters.front().device());
    if (at::Tensor average = generator_.w_average(); average.defined()) average_ = average.detach().to(options_);
    traits_.has_average = average_.defined();
    traits_.directions = directions_.get();
    controls_ = generator_controls(traits_);
  }

  std::vector<ControlSpec> controls() const override { return controls_; }
  PictureShape picture_shape() const override { return {traits_.shape.channels, traits_.shape.resolution_px, traits_.shape.resolution_px}; }

  at::Tensor render(const std::vector<Request>& requests, RenderObserver& observer) override {
    c10::InferenceMode inference;
    std::vector<at::Tensor> pictures;
    for (const auto& request : requests) {
      if (uses_directions(request)) find_directions();
      const GeneratorSettings settings = read_settings(checked_request(controls_, request, UnknownControls::ignore), traits_);
      const at::Tensor ws = styles(settings, observer);
      if (!ws.defined() || observer.cancelled()) return {};
      const SynthesisNoise noise{settings.noise_mode, settings.noise_strength, {static_cast<std::uint64_t>(settings.noise_seed)}};
      pictures.push_back(generator_.synthesise(ws, noise));
    }
    return pictures.size() == 1 ? pictures.front() : at::cat(pictures);
  }

 private:
  void find_directions() {
    if (directions_) return;
    directions_ = directions_of(*model_);
    traits_.directions = directions_.get();
    controls_ = generator_controls(traits_);
  }

  at::Tensor latent(std::uint64_t seed) const { return latent_of_seed(seed, traits_.shape.z_dim, options_); }

  at::Tensor latent(const PadPoint& point, bool keep_variance) const {
    const auto seeds = seeds_around(point.seed, point.x, point.y);
    std::vector<at::Tensor> corners;
    for (const auto& corner : seeds) corners.push_back(latent(corner.seed));
    return mix_weighted(corners, seeds, keep_variance);
  }

  at::Tensor mapped(const PadPoint& point, const at::Tensor& c, RenderObserver& observer) const {
    const auto seeds = seeds_around(point.seed, point.x, point.y);
    std::vector<at::Tensor> corners;
    for (const auto& corner : seeds) {
      if (observer.cancelled()) return {};
      corners.push_back(generator_.map(latent(corner.seed), c));
    }
    return mix_weighted(corners, seeds, false);
  }

  // w of the point that seed, pad, second seed and blend describe. [1, num_ws, w_dim]
  at::Tensor map_point(const GeneratorSettings& s, const at::Tensor& c, RenderObserver& observer) const {
    const bool first_only = s.blend <= 0.0, second_only = s.blend >= 1.0;
    if (s.space == MixSpace::w_lerp) {
      if (first_only || second_only) return mapped(first_only ? s.point : s.second, c, observer);
      const at::Tensor a = mapped(s.point, c, observer), b = mapped(s.second, c, observer);
      return a.defined() && b.defined() ? lerp(a, b, s.blend) : at::Tensor();
    }
    const bool on_sphere = s.space == MixSpace::z_slerp;
    at::Tensor z;
    if (first_only || second_only) {
      z = latent(first_only ? s.point : s.second, on_sphere);
    } else {
      const at::Tensor a = latent(s.point, on_sphere), b = latent(s.second, on_sphere);
      z = on_sphere ? slerp(a, b, s.blend) : lerp(a, b, s.blend);
    }
    return generator_.map(z, c);
  }

  at::Tensor truncated(const at::Tensor& ws, const GeneratorSettings& s, const at::Tensor& c) const {
    if (s.psi == 1.0 || s.cutoff <= 0 || !average_.defined()) return ws;
    const at::Tensor centre = average_.dim() == 2 ? c.matmul(average_).unsqueeze(1) : average_.view({1, 1, -1});
    at::Tensor out = ws.clone();
    at::Tensor part = out.narrow(1, 0, s.cutoff);
    part.copy_(centre + (part - centre) * s.psi);
    return out;
  }

  at::Tensor stepped(const at::Tensor& ws, const GeneratorSettings& s) const {
    at::Tensor step;
    const auto add = [&](const std::vector<double>& amounts, const at::Tensor& rows) {
      for (std::size_t k = 0; k < amounts.size(); ++k) {
        if (amounts[k] == 0.0) continue;
        const at::Tensor one = rows[static_cast<std::int64_t>(k)] * amounts[k];
        step = step.defined() ? step + one : one;
      }
    };
    if (directions_) {
      add(s.pca, directions_->pca);
      add(s.closed, directions_->closed);
    }
    if (!step.defined()) return ws;
    at::Tensor out = ws.clone();
    out.narrow(1, s.direction_layers.first, s.direction_layers.last - s.direction_layers.first + 1).add_(step.to(options_));
    return out;
  }

  // Everything up to the synthesis network. Undefined when cancelled.
  at::Tensor styles(const GeneratorSettings& s, RenderObserver& observer) const {
    at::Tensor c;
    if (!s.class_weights.empty()) c = at::tensor(s.class_weights, at::kDouble).to(options_).unsqueeze(0);
    at::Tensor ws = map_point(s, c, observer);
    if (!ws.defined() || observer.cancelled()) return {};
    ws = truncated(ws, s, c);
    if (s.mix_strength > 0.0) {
      const at::Tensor other = truncated(generator_.map(latent(static_cast<std::uint64_t>(s.mix_seed)), c), s, c);
      const auto first = s.mix_layers.first, count = s.mix_layers.last - first + 1;
      const at::Tensor mixed = lerp(ws.narrow(1, first, count), other.narrow(1, first, count), s.mix_strength);
      ws = ws.clone();
      ws.narrow(1, first, count).copy_(mixed);
    }
    return stepped(ws, s);
  }

  std::shared_ptr<const Model> model_;
  Generator& generator_;
  std::shared_ptr<const Directions> directions_;
  at::TensorOptions options_;
  at::Tensor average_;
  GeneratorTraits traits_;
  std::vector<ControlSpec> controls_;
};

}  // namespace

std::unique_ptr<Player> make_generator_player(std::shared_ptr<const Model> model) {
  auto* generator = model ? dynamic_cast<Generator*>(model->network.get()) : nullptr;
  if (!generator) {
    throw Error(ErrorCode::failed, "This model's network is not a generator.", "Nothing was changed.", "Open another model, and report this one's system.");
  }
  return std::make_unique<GeneratorPlayer>(std::move(model), *generator);
}

}  // namespace orrery
