// What sampling costs beside its network: all evaluations of one picture through the player, against the same evaluations alone.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "engine/bench/bench.h"
#include "engine/bench/networks.h"
#include "engine/diffusion/preconditioning.h"
#include "engine/explore/denoiser_player.h"
#include "engine/explore/rgba_frame.h"

namespace orrery::bench {
namespace {

// Remembers what the network was asked, once.
class Asked : public nn::RawNetwork {
 public:
  explicit Asked(std::shared_ptr<nn::RawNetwork> inner) : inner_(register_module("inner", std::move(inner))) {}
  at::Tensor forward(const nn::NetworkInput& input, const LayerTap& tap) override {
    if (remembers) inputs.push_back(input);
    return last = inner_->forward(input, tap);
  }
  at::Tensor again() {
    const c10::InferenceMode inference;
    for (const auto& input : inputs) last = inner_->forward(input, {});
    return last;
  }

  bool remembers = false;
  std::vector<nn::NetworkInput> inputs;
  at::Tensor last;

 private:
  std::shared_ptr<nn::RawNetwork> inner_;
};

// Turns every step's prediction into the picture that the window shows.
class Previews : public RenderObserver {
 public:
  explicit Previews(bool wanted) : wanted_(wanted) {}
  void on_step(const RenderStep& step) override {
    if (wanted_ && step.prediction.defined()) frame_image(step.prediction[0].to(at::kFloat), false);
  }

 private:
  bool wanted_;
};

Contest sampling(bool previews) {
  const auto net = ddpmpp_32px();
  net->eval();
  const auto asked = std::make_shared<Asked>(net);
  diffusion::PreconditionOptions options;
  DenoiserShape shape;
  shape.sample = {3, kDdpmppSide_px, kDdpmppSide_px};
  diffusion::set_sigma_range(options, shape);
  shape.sigma_min = 0.002, shape.sigma_max = 80.0;
  const auto model = std::make_shared<Model>();
  model->network = std::make_shared<diffusion::PreconditionedDenoiser>(asked, options, shape);
  model->network->eval();
  const std::shared_ptr<Player> player = make_denoiser_player(model);
  const Request request{"bench", {{"sampler.steps", std::int64_t{8}}}};
  const auto ours = [=] {
    Previews observer(previews);
    player->render({request}, observer);
  };
  asked->remembers = true;
  ours();
  asked->remembers = false;
  return {ours, [=] { asked->again(); },
          [=] {
            ours();
            const at::Tensor end = asked->last.clone();
            return relative_distance(end, asked->again());
          },
          1e-6};
}

}  // namespace

std::vector<Benchmark> sampler_benchmarks() {
  const std::string peer = "its 15 evaluations alone", what = "a picture of 8 steps of Heun, DDPM++, 32 px";
  return {{"sampler/picture", what, peer, [] { return sampling(false); }, 5}, {"sampler/previews", what + ", every step shown", peer, [] { return sampling(true); }, 5}};
}

}  // namespace orrery::bench
