#include "engine/explore/token_player.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>

#include "engine/api/result.h"
#include "engine/explore/check_request.h"
#include "engine/explore/generator_controls.h"
#include "engine/explore/masked_player.h"
#include "engine/explore/tape_branches.h"
#include "engine/explore/token_controls.h"
#include "engine/tokens/causal_decoding.h"
#include "engine/tokens/token_network.h"

namespace orrery {
namespace {

struct CausalSettings {
  std::int64_t seed = 0;
  std::vector<double> class_weights;  // sum 1; empty: unconditional
  at::Tensor pinned;                  // int64 [1, tokens], kMasked where free
  tokens::DecodingOptions decoding;
};

class TokenPlayer : public Player {
 public:
  TokenPlayer(std::shared_ptr<const Model> model, TokenNetwork& net) : model_(std::move(model)), net_(net) {
    const TokenShape shape = net_.prior->shape();
    names_ = distinct_class_names(model_->class_names, shape.classes);
    ready_ = net_.prior_ready();
    controls_ = token_controls(shape, names_);
    if (!ready_) only_the_seed(controls_);
    const at::Tensor first = net_.prior->parameters().front();
    options_ = at::TensorOptions().dtype(at::kFloat).device(first.device());
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

  CausalSettings settings_of(const Request& request) const {
    const Request checked = checked_request(controls_, request, UnknownControls::ignore);
    const TokenSettings common = read_token_settings(checked, net_.prior->shape(), names_);
    CausalSettings out{common.seed, common.class_weights, pinned_tokens(checked, net_.prior->shape()).to(options_.device()), {}};
    out.decoding.filter = common.filter;
    out.decoding.guidance = common.guidance;
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
      tokens = settings_of(row.front().settings).pinned;
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

  at::Tensor stretch_of(CausalSettings settings, at::Tensor tokens, std::int64_t first_row, std::int64_t end_row, Watcher& watcher) {
    settings.decoding.first = first_row * net_.cols();
    // Rows that are written stay; what comes after is what is pinned now.
    tokens = at::cat({tokens.narrow(1, 0, settings.decoding.first), settings.pinned.narrow(1, settings.decoding.first, tokens.size(1) - settings.decoding.first)}, 1);
    if (!ready_) tokens = net_.examples.narrow(0, settings.seed % TokenNetwork::kExamples, 1);
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
  bool ready_ = false;
};

}  // namespace

std::unique_ptr<Player> make_token_player(std::shared_ptr<const Model> model) {
  auto* net = dynamic_cast<TokenNetwork*>(model->network.get());
  if (net == nullptr || net->prior == nullptr) throw Error(ErrorCode::failed, "This model does not make pictures of tokens.");
  if (!net->prior->shape().causal) return make_masked_player(std::move(model));
  return std::make_unique<TokenPlayer>(std::move(model), *net);
}

}  // namespace orrery
