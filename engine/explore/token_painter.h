// What the players of causal and of masked priors have in common: a request becomes tokens, tokens become a picture.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/explore/player.h"
#include "engine/systems/model.h"
#include "engine/tokens/token_network.h"

namespace orrery {

class TokenPainter : public Player {
 public:
  // `net` is the model's network and has a prior.
  TokenPainter(std::shared_ptr<const Model> model, TokenNetwork& net);
  std::vector<ControlSpec> controls() const override { return controls_; }
  PictureShape picture_shape() const override;
  at::Tensor render(const std::vector<Request>& requests, RenderObserver& observer) override;

 protected:
  // int64 [1, tokens], all of them known; undefined when cancelled. Under InferenceMode.
  virtual at::Tensor drawn(const Request& request, RenderObserver& observer) = 0;
  // While only the tokenizer is trained: the codes of one of its training pictures, chosen by the seed.
  at::Tensor example(std::int64_t seed) const { return net_.examples.narrow(0, seed % TokenNetwork::kExamples, 1); }
  // [1, classes]; undefined for no weights.
  at::Tensor classes_of(const std::vector<double>& weights) const;
  // A step whose picture is `tokens`, its unknown cells drawn with the mean of the codebook; the first, before any evaluation, when it is asked for.
  RenderStep step_of(std::int64_t number, std::int64_t of, std::int64_t evaluations, double level, const at::Tensor& tokens) const;

  std::shared_ptr<const Model> model_;
  TokenNetwork& net_;
  TokenShape shape_;
  bool ready_;  // the prior is trained
  at::TensorOptions options_;
  std::vector<std::string> names_;       // of the classes
  std::vector<ControlSpec> controls_;    // those of every model of tokens (engine/explore/token_controls.h)
};

}  // namespace orrery
