#include "engine/explore/token_painter.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <c10/core/InferenceMode.h>

#include "engine/explore/check_request.h"
#include "engine/explore/class_controls.h"
#include "engine/explore/error_map.h"
#include "engine/explore/token_controls.h"
#include "engine/tokens/quantizer.h"

namespace orrery {
namespace {

PictureShape shape_of(const TokenNetwork& net) {
  const AutoencoderShape shape = net.tokenizer->shape();
  const std::int64_t factor = shape.levels.front().factor;
  return {shape.channels, net.rows() * factor, net.cols() * factor};
}

}  // namespace

TokenPainter::TokenPainter(std::shared_ptr<const Model> model, TokenNetwork& net)
    : model_(std::move(model)), net_(net), shape_(net.prior->shape()), ready_(net.prior_ready()), options_(at::TensorOptions().dtype(at::kFloat).device(net.prior->parameters().front().device())),
      photos_(net, shape_of(net)) {
  names_ = distinct_class_names(model_->class_names, shape_.classes);
  controls_ = token_controls(shape_, names_);
}

PictureShape TokenPainter::picture_shape() const { return shape_of(net_); }

at::Tensor TokenPainter::render(const std::vector<Request>& requests, RenderObserver& observer) {
  c10::InferenceMode inference;
  std::vector<at::Tensor> pictures;
  for (const auto& request : requests) {
    const at::Tensor picture = painted(request, observer);
    if (!picture.defined() || observer.cancelled()) return {};
    pictures.push_back(picture);
  }
  return pictures.size() == 1 ? pictures.front() : at::cat(pictures);
}

at::Tensor TokenPainter::painted(const Request& request, RenderObserver& observer) {
  const auto row = stretches(request);
  const Request settings = checked_request(controls_, row.back().settings, UnknownControls::ignore);
  const TokenPhoto photo = photos_.of(settings);
  if (!ready_ || photo.view != PhotoView::generated) return undrawn(settings, photo, observer);
  const at::Tensor tokens = drawn(row, observer);
  return tokens.defined() ? picture_of(tokens, start_of(settings)) : at::Tensor();
}

// What the tokenizer alone makes: a photo's reconstruction or how far that is from it; of a model whose prior is not trained a photo with what is
// under the mask unknown, or one of the pictures it was trained on, chosen by the seed. Takes no steps; its tokens are those of the start.
at::Tensor TokenPainter::undrawn(const Request& settings, const TokenPhoto& photo, RenderObserver& observer) {
  TokenStart start;
  if (!photo.tokens.defined()) {
    start.tokens = net_.examples.narrow(0, settings.get<std::int64_t>("seed", 0) % TokenNetwork::kExamples, 1);
  } else if (photo.view == PhotoView::generated) {
    start = start_of(settings);
  } else {
    start = {photo.tokens, photo.vectors, photo.vectors.defined() ? photo.tokens.ge(0) : at::Tensor()};
  }
  if (observer.cancelled()) return {};
  const at::Tensor built = picture_of(start.tokens, start);
  const at::Tensor shown = photo.view == PhotoView::error ? error_map(photo.pixels, built) : built;
  RenderStep step = step_of(0, 0, 0, start.tokens.lt(0).to(at::kDouble).mean().item<double>(), start.tokens, start);
  step.preview = [shown] { return shown; };
  observer.on_step(step);
  return shown;
}

TokenStart TokenPainter::start_of(const Request& request) {
  TokenStart start{pinned_tokens(request, shape_).to(options_.device()), {}, {}};
  const TokenPhoto photo = photos_.of(request);
  if (!photo.tokens.defined()) return start;
  const at::Tensor pinned = start.tokens.ge(0);
  at::Tensor kept = pinned.logical_not();
  if (photo.open.defined()) kept = kept.logical_and(photo.open.logical_not());
  start.tokens = at::where(kept, photo.tokens, start.tokens);
  if (photo.vectors.defined()) start.vectors = photo.vectors, start.blended = kept;
  return start;
}

at::Tensor TokenPainter::classes_of(const std::vector<double>& weights) const {
  return weights.empty() ? at::Tensor() : at::tensor(weights, at::kDouble).to(options_).unsqueeze(0);
}

at::Tensor TokenPainter::picture_of(const at::Tensor& tokens, const TokenStart& start) {
  const bool same = last_.tokens.defined() && last_.vectors.is_same(start.vectors) && last_.blended.is_same(start.blended) && at::equal(last_.tokens, tokens);
  if (!same) last_ = {tokens.clone(), start.vectors, start.blended, decoded(tokens, start)};
  return last_.picture;
}

at::Tensor TokenPainter::decoded(const at::Tensor& tokens, const TokenStart& start) const {
  if (!start.vectors.defined()) return (tokens.ge(0).all().item<bool>() ? net_.pictures_of(tokens) : net_.preview_of(tokens)).to(at::kFloat);
  const auto on_grid = [&](const at::Tensor& cells) { return cells.view({-1, net_.rows(), net_.cols(), 1}); };
  const at::Tensor book = net_.tokenizer->codebook();
  at::Tensor vectors = tokens::look_up(tokens.clamp_min(0).view({-1, net_.rows(), net_.cols()}), book);
  vectors = at::where(on_grid(tokens.ge(0)), vectors, book.mean(0));
  // A branch may have brought other tokens there than the photo's.
  vectors = at::where(on_grid(start.blended.logical_and(tokens.eq(start.tokens))), start.vectors, vectors);
  return net_.tokenizer->decode({tokens::to_maps(vectors)}).to(at::kFloat);
}

RenderStep TokenPainter::step_of(std::int64_t number, std::int64_t of, std::int64_t evaluations, double level, const at::Tensor& tokens, const TokenStart& start) {
  RenderStep out;
  out.step = number;
  out.steps = of;
  out.evaluations = evaluations;
  out.level = level;
  out.state = tokens.to(at::kDouble);  // a copy
  out.output_norm = 0.0;
  if (number > 0) out.prediction = picture_of(tokens, start);
  else out.preview = [this, tokens = tokens.clone(), start] { return picture_of(tokens, start); };
  return out;
}

}  // namespace orrery
