// What the players of causal and of masked priors have in common: a request becomes tokens, tokens become a picture.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/explore/photo_tokens.h"
#include "engine/explore/player.h"
#include "engine/explore/tape_branches.h"
#include "engine/systems/model.h"
#include "engine/tokens/token_network.h"

namespace orrery {

// What a picture begins with: pinned tokens, and around them those of a photo.
struct TokenStart {
  at::Tensor tokens;    // int64 [1, tokens], kMasked where they are made
  at::Tensor vectors;   // [1, rows, cols, dim] what is decoded in place of their codes, where `blended`; undefined: the codes everywhere
  at::Tensor blended;   // bool [1, tokens]
};

class TokenPainter : public Player {
 public:
  // `net` is the model's network and has a prior.
  TokenPainter(std::shared_ptr<const Model> model, TokenNetwork& net);
  std::vector<ControlSpec> controls() const override { return controls_; }
  PictureShape picture_shape() const override;
  at::Tensor render(const std::vector<Request>& requests, RenderObserver& observer) override;

 protected:
  // Of a trained prior. int64 [1, tokens], all of them known; undefined when cancelled. Under InferenceMode.
  virtual at::Tensor drawn(const std::vector<Stretch>& row, RenderObserver& observer) = 0;
  // `request` must have been checked.
  TokenStart start_of(const Request& request);
  // [1, classes]; undefined for no weights.
  at::Tensor classes_of(const std::vector<double>& weights) const;
  // [1, C, H, W], unknown cells drawn with the mean of the codebook. What was drawn last is not drawn again.
  at::Tensor picture_of(const at::Tensor& tokens, const TokenStart& start);
  // A step whose picture is `tokens`; the first, before any evaluation, is drawn when it is asked for.
  RenderStep step_of(std::int64_t number, std::int64_t of, std::int64_t evaluations, double level, const at::Tensor& tokens, const TokenStart& start);

  std::shared_ptr<const Model> model_;
  TokenNetwork& net_;
  TokenShape shape_;
  bool ready_;  // the prior is trained
  at::TensorOptions options_;
  std::vector<std::string> names_;       // of the classes
  std::vector<ControlSpec> controls_;    // those of every model of tokens (engine/explore/token_controls.h)

 private:
  at::Tensor painted(const Request& request, RenderObserver& observer);
  at::Tensor decoded(const at::Tensor& tokens, const TokenStart& start) const;
  at::Tensor undrawn(const Request& settings, const TokenPhoto& photo, RenderObserver& observer);

  PhotoTokens photos_;
  struct Drawn {
    at::Tensor tokens, vectors, blended, picture;
  };
  Drawn last_;
};

}  // namespace orrery
