#include "engine/explore/token_painter.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>

#include "engine/explore/class_controls.h"
#include "engine/explore/token_controls.h"

namespace orrery {

TokenPainter::TokenPainter(std::shared_ptr<const Model> model, TokenNetwork& net)
    : model_(std::move(model)), net_(net), shape_(net.prior->shape()), ready_(net.prior_ready()), options_(at::TensorOptions().dtype(at::kFloat).device(net.prior->parameters().front().device())) {
  names_ = distinct_class_names(model_->class_names, shape_.classes);
  controls_ = token_controls(shape_, names_);
}

PictureShape TokenPainter::picture_shape() const {
  const AutoencoderShape shape = net_.tokenizer->shape();
  const std::int64_t factor = shape.levels.front().factor;
  return {shape.channels, net_.rows() * factor, net_.cols() * factor};
}

at::Tensor TokenPainter::render(const std::vector<Request>& requests, RenderObserver& observer) {
  c10::InferenceMode inference;
  std::vector<at::Tensor> pictures;
  for (const auto& request : requests) {
    const at::Tensor tokens = drawn(request, observer);
    if (!tokens.defined() || observer.cancelled()) return {};
    pictures.push_back(net_.pictures_of(tokens).to(at::kFloat));
  }
  return pictures.size() == 1 ? pictures.front() : at::cat(pictures);
}

at::Tensor TokenPainter::classes_of(const std::vector<double>& weights) const {
  return weights.empty() ? at::Tensor() : at::tensor(weights, at::kDouble).to(options_).unsqueeze(0);
}

RenderStep TokenPainter::step_of(std::int64_t number, std::int64_t of, std::int64_t evaluations, double level, const at::Tensor& tokens) const {
  RenderStep out;
  out.step = number;
  out.steps = of;
  out.evaluations = evaluations;
  out.level = level;
  out.state = tokens.to(at::kDouble);  // a copy
  out.output_norm = 0.0;
  if (number > 0) out.prediction = net_.preview_of(tokens).to(at::kFloat);
  else out.preview = [&net = net_, tokens = tokens.clone()] { return net.preview_of(tokens).to(at::kFloat); };
  return out;
}

}  // namespace orrery
