#include "engine/explore/token_player.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <numeric>

#include "engine/api/result.h"
#include "engine/explore/check_request.h"
#include "engine/explore/control_parts.h"
#include "engine/explore/generator_controls.h"
#include "engine/explore/tape_branches.h"
#include "engine/tokens/causal_decoding.h"
#include "engine/tokens/token_network.h"

namespace orrery {
namespace {

struct TokenSettings {
  std::int64_t seed = 0;
  std::vector<double> class_weights;  // sum 1; empty: unconditional
  tokens::DecodingOptions decoding;
};

std::vector<double> class_weights(const Request& request, const std::vector<std::string>& names) {
  std::vector<double> weights = request.get<std::vector<double>>("class.blend", {});
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (sum > 0.0) {
    for (double& weight : weights) weight /= sum;
    return weights;
  }
  weights.assign(names.size(), 0.0);
  if (names.empty()) return weights;
  const auto chosen = std::find(names.begin(), names.end(), request.get<std::string>("class", names.front()));
  weights[static_cast<std::size_t>(chosen - names.begin())] = 1.0;
  return weights;
}

std::vector<ControlSpec> token_controls(const TokenShape& shape, const std::vector<std::string>& names, bool ready) {
  std::vector<ControlSpec> specs;
  specs.push_back(seed_control("seed", "Picture", "Seed", "The number that all draws come from. The same seed always gives the same picture.", 0));
  auto one = control(ControlKind::choice, "class", "Class", "Class", "What the picture should show.", shape.classes > 0 ? names.front() : std::string());
  auto blend = expert(control(ControlKind::class_blend, "class.blend", "Class", "Class blend", "Weights of several classes at once; they need not sum to one. All zero: the class chosen above.",
                              std::vector<double>(static_cast<std::size_t>(shape.classes), 0.0)));
  one.choices = blend.choices = names;
  if (shape.classes == 0) one.unavailable = blend.unavailable = "This model was trained without classes.";
  specs.push_back(one);
  specs.push_back(blend);
  const char* section = "Tokens";
  specs.push_back(ranged(control(ControlKind::slider, "temperature", section, "Temperature", "How boldly tokens are drawn: 1 as the model learned them, less is safer, 0 always takes the most probable.", 1.0), 0.0, 2.0, 0.01));
  specs.push_back(ranged(control(ControlKind::integer, "top_k", section, "Top k", "Only so many of the most probable tokens are drawn from; 0: all.", std::int64_t{0}), 0.0, static_cast<double>(shape.codes), 1.0, "codes"));
  specs.push_back(ranged(control(ControlKind::slider, "top_p", section, "Top p", "Only the most probable tokens that together have this probability are drawn from; 1: all.", 1.0), 0.0, 1.0, 0.01));
  auto guidance = ranged(control(ControlKind::slider, "guidance.scale", "Guidance", "Guidance", "How far to go along the difference that the class makes: 0 forgets the class, 1 is the plain model, more exaggerates it.", 1.0), 0.0, 10.0, 0.1);
  if (shape.classes == 0) guidance.unavailable = "This model was trained without classes.";
  else if (!shape.unconditional) guidance.unavailable = "This model was trained with every class given: it knows no picture of nothing in particular.";
  specs.push_back(guidance);
  if (ready) return specs;
  for (std::size_t i = 1; i < specs.size(); ++i)
    if (specs[i].unavailable.empty()) specs[i].unavailable = "So far only the tokenizer is trained: a seed shows one of its training pictures, made of its codes.";
  return specs;
}

class TokenPlayer : public Player {
 public:
  TokenPlayer(std::shared_ptr<const Model> model, TokenNetwork& net) : model_(std::move(model)), net_(net) {
    const TokenShape shape = net_.prior->shape();
    names_ = distinct_class_names(model_->class_names, shape.classes);
    ready_ = net_.prior_ready();
    controls_ = token_controls(shape, names_, ready_);
    const at::Tensor first = net_.prior->parameters().front();
    options_ = at::TensorOptions().dtype(at::kFloat).device(first.device());
    unconditional_ = shape.unconditional;
  }

  std::vector<ControlSpec> controls() const override { return controls_; }
  PictureShape picture_shape() const override {
    const AutoencoderShape shape = net_.tokenizer->shape();
    const std::int64_t factor = shape.levels.front().factor;
    return {shape.channels, net_.rows() * factor, net_.cols() * factor};
  }

  at::Tensor render(const std::vector<Request>& requests, RenderObserver& observer) override {
    c10::InferenceMode inference;
    std::vector<at::Tensor> pictures;
    for (const auto& request : requests) {
      const at::Tensor tokens = drawn(request, observer);
      if (!tokens.defined() || observer.cancelled()) return {};
      pictures.push_back(net_.pictures_of(tokens).to(at::kFloat));
    }
    return pictures.size() == 1 ? pictures.front() : at::cat(pictures);
  }

 private:
  // Tells of rows and asks whether to go on.
  class Watcher : public tokens::DecodingObserver {
   public:
    Watcher(const TokenPlayer& player, RenderObserver& observer, std::int64_t evaluations) : player_(player), observer_(observer), evaluations_(evaluations) {}
    bool cancelled() override { return observer_.cancelled(); }
    void on_draw(std::int64_t, const at::Tensor&) override { ++evaluations_; }
    void on_token(std::int64_t position, const at::Tensor& tokens) override {
      const std::int64_t cols = player_.net_.cols();
      if ((position + 1) % cols == 0) tell((position + 1) / cols, tokens);
    }
    void tell(std::int64_t row, const at::Tensor& tokens) {
      RenderStep out;
      out.step = row;
      out.steps = player_.net_.rows();
      out.evaluations = evaluations_;
      out.level = 1.0 - static_cast<double>(row) / static_cast<double>(out.steps);
      out.state = tokens.to(at::kDouble);  // a copy
      out.output_norm = 0.0;
      if (row > 0) out.prediction = player_.net_.preview_of(tokens).to(at::kFloat);
      else out.preview = [&net = player_.net_, tokens = tokens.clone()] { return net.preview_of(tokens).to(at::kFloat); };
      observer_.on_step(out);
    }
    std::int64_t evaluations() const { return evaluations_; }

   private:
    const TokenPlayer& player_;
    RenderObserver& observer_;
    std::int64_t evaluations_;
  };

  TokenSettings settings_of(const Request& request) const {
    const Request checked = checked_request(controls_, request, UnknownControls::ignore);
    TokenSettings out;
    out.seed = checked.get<std::int64_t>("seed", 0);
    out.class_weights = class_weights(checked, names_);
    out.decoding.filter.temperature = checked.get<double>("temperature", 1.0);
    out.decoding.filter.top_k = checked.get<std::int64_t>("top_k", 0);
    out.decoding.filter.top_p = checked.get<double>("top_p", 1.0);
    if (unconditional_) out.decoding.guidance = checked.get<double>("guidance.scale", 1.0);
    return out;
  }

  // int64 [1, tokens]. A branch at row k goes on from there with other settings.
  at::Tensor drawn(const Request& request, RenderObserver& observer) {
    const auto row = stretches(request);
    const std::int64_t rows = net_.rows(), cols = net_.cols();
    const Beginning begin = beginning(row, observer, [](const Stretch&, std::int64_t) { return true; });
    Watcher watcher(*this, observer, begin.from ? begin.from->evaluations : 0);
    at::Tensor tokens;
    std::int64_t done = 0;  // rows
    if (begin.from) {
      tokens = begin.from->state.to(options_.device(), at::kLong).view({1, rows * cols});
      done = begin.from->step;
    } else {
      tokens = at::full({1, rows * cols}, kMasked, options_.dtype(at::kLong));
      watcher.tell(0, tokens);
    }
    for (std::size_t i = begin.stretch; i < row.size(); ++i) {
      const std::int64_t end = i + 1 < row.size() ? row[i + 1].first_step : rows;
      if (end > rows)
        throw Error(ErrorCode::wrong_use, "This request branches at row " + std::to_string(end) + ", but the picture has only " + std::to_string(rows) + " rows of tokens.", "The last picture stays.",
                    "Branch again from a step of the tape.");
      if (end <= done) continue;
      tokens = stretch_of(settings_of(row[i].settings), tokens, done, end, watcher);
      if (!tokens.defined()) return {};
      done = end;
    }
    return tokens;
  }

  at::Tensor stretch_of(TokenSettings settings, at::Tensor tokens, std::int64_t first_row, std::int64_t end_row, Watcher& watcher) {
    if (!ready_) tokens = net_.examples.narrow(0, settings.seed % TokenNetwork::kExamples, 1);
    settings.decoding.first = first_row * net_.cols();
    settings.decoding.until = end_row * net_.cols();
    TokenCondition condition;
    if (!settings.class_weights.empty()) condition.classes = at::tensor(settings.class_weights, at::kDouble).to(options_).unsqueeze(0);
    return tokens::decode_causal(*net_.prior, tokens, condition, tokens::seeded_token_noise({static_cast<std::uint64_t>(settings.seed)}), settings.decoding, watcher);
  }

  std::shared_ptr<const Model> model_;
  TokenNetwork& net_;
  at::TensorOptions options_;
  std::vector<std::string> names_;
  std::vector<ControlSpec> controls_;
  bool ready_ = false, unconditional_ = false;
};

}  // namespace

std::unique_ptr<Player> make_token_player(std::shared_ptr<const Model> model) {
  auto* net = dynamic_cast<TokenNetwork*>(model->network.get());
  if (net == nullptr || net->prior == nullptr || !net->prior->shape().causal) throw Error(ErrorCode::failed, "This model does not write tokens one after the other.");
  return std::make_unique<TokenPlayer>(std::move(model), *net);
}

}  // namespace orrery
