#include "engine/explore/denoiser_player.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "engine/api/result.h"
#include "engine/diffusion/inpainting.h"
#include "engine/explore/check_request.h"
#include "engine/explore/class_controls.h"
#include "engine/explore/denoiser_controls.h"
#include "engine/explore/latent.h"
#include "engine/explore/photo_codes.h"
#include "engine/explore/picture_value.h"
#include "engine/explore/plane_player.h"
#include "engine/explore/point_picture.h"
#include "engine/explore/tape_branches.h"

namespace orrery {
namespace {

class DenoiserPlayer : public Player, public PlanePlayer {
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
      const at::Tensor sample = sampled(parts_of(request), observer);
      if (!sample.defined() || observer.cancelled()) return {};
      pictures.push_back(picture_of(sample));
    }
    return pictures.size() == 1 ? pictures.front() : at::cat(pictures);
  }

  // PlanePlayer
  bool in_the_plane() const override { return traits_.shape.sample == std::vector<std::int64_t>{2}; }
  std::vector<double> levels(const Request& request) const override { return parts_of(request).parts.front().levels; }
  std::vector<double> class_weights(const Request& request) const override { return parts_of(request).parts.back().settings.class_weights; }

  at::Tensor denoise_points(const Request& request, const at::Tensor& points, double level) override {
    c10::InferenceMode inference;
    const Parts rest = rest_from(parts_of(request), level);
    const Part& part = rest.parts.front();
    const double known = part.settings.sampling.round_sigma(std::clamp(level, traits_.shape.sigma_min, traits_.shape.sigma_max));
    const diffusion::Denoise denoise = diffusion::guided(denoiser_, condition_of(part.settings.class_weights), condition_of(part.settings.other_weights), part.guidance);
    return denoise(points.to(options_.dtype(at::kDouble)), known, rest.row.front().first_step);
  }

  at::Tensor follow_points(const Request& request, const at::Tensor& points, double level, RenderObserver& observer) override {
    c10::InferenceMode inference;
    const Parts rest = rest_from(parts_of(request), level);
    RenderStep start;
    start.step = rest.row.front().first_step;
    start.level = level;
    start.state = points.to(options_.dtype(at::kDouble));
    if (level <= 0.0) return start.state;
    return followed(rest, {0, start, level}, observer, true);
  }

 private:
  // A stretch of the trajectory in the sampler's terms.
  struct Part {
    DenoiserSettings settings;
    diffusion::GuidanceOptions guidance;
    const diffusion::NamedSampler* sampler = nullptr;
    std::vector<double> levels;  // of the whole ladder, falling, the final 0 included
    at::Tensor photo, mask;      // [1, C, H, W] and [1, 1, H, W] float64; a mask only with a photo
  };
  struct Parts {
    std::vector<Stretch> row;
    std::vector<Part> parts;
  };

  // Runs something of a sampler's; settings that do not go together become a sentence.
  template <class Work>
  static auto possible(const Work& work) {
    try {
      return work();
    } catch (const std::invalid_argument& error) {
      throw Error(ErrorCode::wrong_use, std::string("These sampler settings do not go together: ") + error.what() + ".", "",
                  "Change sampler.sigma_min, sampler.sigma_max or sampler.spacing.");
    }
  }

  Parts parts_of(const Request& request) const {
    Parts out;
    out.row = stretches(request);
    for (const auto& stretch : out.row) {
      Part part;
      part.settings = read_settings(checked_request(controls_, stretch.settings, UnknownControls::ignore), traits_);
      part.guidance = part.settings.guidance;
      part.settings.sampling.round_sigma = [this](double sigma) { return denoiser_.round_sigma(at::full({}, sigma, options_.dtype(at::kDouble))).item<double>(); };
      part.sampler = &diffusion::sampler_named(part.settings.sampler);
      part.levels = possible([&] { return diffusion::levels_of(part.settings.sampling); });
      part.levels.push_back(0.0);
      const PhotoSettings& photo = part.settings.photo;
      if (!photo.picture.empty()) part.photo = photo_of_value(photo.picture, picture_shape()).to(options_.device());
      if (!photo.picture.empty() && !photo.mask.empty()) part.mask = mask_of_value(photo.mask, picture_shape()).to(options_.device());
      out.parts.push_back(std::move(part));
    }
    return out;
  }

  // What is left of a trajectory where its noise has fallen to `level`: its first stretch begins there, at the step that comes to it or passes it.
  static Parts rest_from(Parts all, double level) {
    double begins = all.parts.front().levels.front();  // noise level where stretch i begins
    for (std::size_t i = 0; i < all.parts.size(); ++i) {
      const auto levels = rest_of_ladder(all.parts[i].levels, begins);
      const auto until = i + 1 < all.parts.size() ? static_cast<std::size_t>(all.row[i + 1].first_step - all.row[i].first_step) : levels.size() - 1;
      std::size_t step = 0;
      while (step + 1 < levels.size() && step < until && levels[step + 1] >= level * (1.0 - 1e-9)) ++step;
      if (i + 1 < all.parts.size() && step >= until) {
        begins = levels[until];
        continue;
      }
      all.row.erase(all.row.begin(), all.row.begin() + static_cast<std::ptrdiff_t>(i));
      all.parts.erase(all.parts.begin(), all.parts.begin() + static_cast<std::ptrdiff_t>(i));
      all.row.front().first_step += static_cast<std::int64_t>(step);
      break;
    }
    return all;
  }

  // Tells of the steps and asks whether to go on.
  class Watcher : public diffusion::SampleObserver {
   public:
    Watcher(const DenoiserPlayer& player, RenderObserver& observer, bool tells) : player_(player), observer_(observer), tells_(tells) {}
    bool cancelled() override { return observer_.cancelled(); }
    void on_start(double sigma, const at::Tensor& x) override { tell(0, steps, sigma, x, {}); }
    void on_step(const diffusion::SampleStep& step) override {
      state = step.x;
      level = step.sigma;
      latest_ = step.evaluations;
      tell(step.step + 1, step.steps, step.sigma, step.x, step.x0);
    }
    void next_part() { evaluations += latest_, latest_ = 0; }

    at::Tensor state;              // where the last step ended, unscaled
    double level = 0.0;
    std::int64_t evaluations = 0;  // before this part
    std::int64_t steps = 0;

   private:
    void tell(std::int64_t number, std::int64_t of, double sigma, const at::Tensor& x, const at::Tensor& x0) {
      if (!tells_) return;
      RenderStep out;
      out.step = number;
      out.steps = of;
      out.evaluations = evaluations + latest_;
      out.level = sigma;
      out.state = x;
      out.state_scale = 1.0 / std::sqrt(1.0 + sigma * sigma);
      out.prediction = x0;
      if (player_.traits_.points()) out.preview = [&player = player_, points = x0.defined() ? x0 : x] { return point_picture(points); };
      observer_.on_step(out);
    }

    const DenoiserPlayer& player_;
    RenderObserver& observer_;
    bool tells_;
    std::int64_t latest_ = 0;
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
    return blended(s, [&] { return noise_at(s.point, values, s.on_sphere); }).view(shape);
  }

  // On the way from the first noise [1, D] to that of the second seed.
  template <class First>
  at::Tensor blended(const DenoiserSettings& s, const First& first) const {
    if (s.blend <= 0.0) return first();
    const at::Tensor a = first(), b = noise_at(s.second, a.numel(), s.on_sphere).to(a.scalar_type());
    if (s.blend >= 1.0) return b;
    return s.on_sphere ? slerp(a, b, s.blend) : lerp(a, b, s.blend);
  }

  // How many of the ladder's steps a photo leaves out.
  static std::int64_t skipped_steps(const Part& part) {
    if (!part.photo.defined()) return 0;
    const auto steps = static_cast<std::int64_t>(part.levels.size()) - 1;
    return steps - static_cast<std::int64_t>(std::ceil(part.settings.photo.strength * static_cast<double>(steps) - 1e-9));
  }

  // The state that a photo begins with: photo + sigma noise (Meng et al. 2022, SDEdit), the noise that of the seed, or what inversion finds. Nothing
  // where the photo leaves out nothing: pure noise. Undefined when cancelled.
  std::optional<at::Tensor> photo_state(const Part& part, diffusion::SampleObserver& observer) {
    const std::int64_t skipped = skipped_steps(part);
    const DenoiserSettings& s = part.settings;
    if (!part.photo.defined() || (skipped == 0 && !s.photo.inverted)) return std::nullopt;
    const double level = part.levels[static_cast<std::size_t>(skipped)];
    if (level == 0.0) return part.photo;
    if (!s.photo.inverted) return part.photo + initial_noise(s).to(at::kDouble) * level;
    PhotoWay way{s.photo.picture, s.photo.as_chosen ? s.class_weights : s.photo.shown_weights, part.sampler, s.sampling};
    way.sampling.levels = part.levels;
    way.sampling.levels.pop_back();
    const diffusion::Denoise denoise = diffusion::guided(denoiser_, condition_of(way.class_weights), {}, {});
    const at::Tensor code = possible([&] { return codes_.state(way, part.photo, skipped, denoise, observer); });
    if (!code.defined() || s.blend <= 0.0) return code;
    return part.photo + blended(s, [&] { return ((code - part.photo) / level).view({1, -1}); }).view(code.sizes()) * level;
  }

  // Draws of round 1 are the usual ones.
  diffusion::NoiseSource fresh_noise(const DenoiserSettings& s, std::int64_t round = 1) const {
    const auto seed = static_cast<std::uint64_t>(s.point.seed);
    auto own = s.churn_seed == 0 ? seed : Rng(seed).fork(static_cast<std::uint64_t>(s.churn_seed)).stream();
    if (round != 1) own = Rng(own).fork("rounds").fork(static_cast<std::uint64_t>(round)).stream();
    return [source = diffusion::seeded_noise({own})](std::int64_t draw, const at::Tensor& like) {
      return source(draw, like.reshape({1, -1})).reshape(like.sizes());
    };
  }

  Condition condition_of(const std::vector<double>& weights) const {
    Condition condition;
    if (!weights.empty()) condition.classes = at::tensor(weights, at::kDouble).to(options_).unsqueeze(0);
    return condition;
  }

  at::Tensor sampled(Parts all, RenderObserver& observer) {
    // Only what a state alone determines can be gone on with bit for bit: a scaled state is recorded unscaled.
    const Beginning begin = beginning(all.row, observer, [&](const Stretch& stretch, std::int64_t) {
      const auto at = static_cast<std::size_t>(&stretch - all.row.data());
      return all.parts[at].settings.sampling.scaling == diffusion::Scaling::none;
    });
    const at::Tensor sample = followed(all, begin, observer, true);
    if (!all.parts.back().settings.difference || !sample.defined()) return sample;
    for (auto& part : all.parts) part.guidance.view = diffusion::GuidanceView::unconditional;
    const at::Tensor other = followed(all, {}, observer, false);
    return other.defined() ? (sample - other) / 2.0 : at::Tensor();
  }

  // The trajectory from `begin` on. Undefined when cancelled.
  at::Tensor followed(const Parts& all, const Beginning& begin, RenderObserver& observer, bool tells) {
    Watcher watcher(*this, observer, tells);
    std::int64_t number = 0;
    const Part& head = all.parts.front();
    const std::int64_t skipped = skipped_steps(head);
    if (begin.from) {
      watcher.state = begin.from->state;
      watcher.level = begin.from->level;
      watcher.evaluations = begin.from->evaluations;
      number = begin.from->step;
    } else if (const auto state = photo_state(head, watcher)) {
      if (!state->defined()) return {};
      watcher.state = *state;
      watcher.level = head.levels[static_cast<std::size_t>(skipped)];
      watcher.steps = static_cast<std::int64_t>(head.levels.size()) - 1 - skipped;
      watcher.on_start(watcher.level, watcher.state);
    }
    for (std::size_t i = begin.stretch; i < all.parts.size(); ++i) {
      const Part& part = all.parts[i];
      const bool starts = !watcher.state.defined(), inside = begin.from && i == begin.stretch;
      std::vector<double> levels = starts ? part.levels : rest_of_ladder(part.levels, inside ? begin.level : watcher.level);
      levels.pop_back();
      diffusion::SamplerSettings sampling = part.settings.sampling;
      sampling.levels = levels;
      sampling.churn_steps = static_cast<std::int64_t>(part.levels.size()) - 1;  // a branch churns as the whole would
      sampling.state = watcher.state;
      sampling.span.base = all.row[i].first_step;
      sampling.span.first = number;
      const std::int64_t end = sampling.span.base + static_cast<std::int64_t>(levels.size());
      sampling.span.until = i + 1 < all.row.size() ? all.row[i + 1].first_step : end;
      if (sampling.span.until > end) {
        throw Error(ErrorCode::wrong_use, "This request branches at step " + std::to_string(sampling.span.until) + ", but it has only " + std::to_string(end) + " steps there.",
                    "", "Branch again from a step of the tape.");
      }
      watcher.steps = end;
      if (sampling.span.until > number || starts) {
        if (!possible([&] { return sampled_part(part, sampling, skipped, watcher); }).defined()) return {};
      }
      watcher.next_part();
      number = sampling.span.until;
    }
    const Part& last = all.parts.back();
    return last.mask.defined() ? at::where(last.mask == 0.0, last.photo, watcher.state) : watcher.state;
  }

  at::Tensor sampled_part(const Part& part, const diffusion::SamplerSettings& sampling, std::int64_t skipped, Watcher& watcher) const {
    diffusion::Denoise denoise = diffusion::guided(denoiser_, condition_of(part.settings.class_weights), condition_of(part.settings.other_weights), part.guidance);
    // Guidance counts the steps of the whole ladder.
    if (skipped > 0) denoise = [inner = std::move(denoise), skipped](const at::Tensor& x, double sigma, std::int64_t step) { return inner(x, sigma, step + skipped); };
    const std::int64_t rounds = part.mask.defined() ? part.settings.photo.rounds : 1;
    if (part.mask.defined()) denoise = diffusion::keep_known(std::move(denoise), part.photo, part.mask);
    if (rounds == 1) return part.sampler->sample(denoise, initial_noise(part.settings), sampling, fresh_noise(part.settings), &watcher);
    const auto noise = [&](std::int64_t round, std::int64_t draw, const at::Tensor& like) { return fresh_noise(part.settings, round)(draw, like); };
    return diffusion::sample_in_rounds(*part.sampler, denoise, initial_noise(part.settings), sampling, rounds, noise, watcher);
  }

  std::shared_ptr<const Model> model_;
  Denoiser& denoiser_;
  at::TensorOptions options_;
  DenoiserTraits traits_;
  std::vector<ControlSpec> controls_;
  PhotoCodes codes_;
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
