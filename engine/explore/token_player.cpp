#include "engine/explore/token_player.h"

#include <ATen/ops/cat.h>

#include "engine/api/result.h"
#include "engine/explore/check_request.h"
#include "engine/explore/masked_player.h"
#include "engine/explore/tape_branches.h"
#include "engine/explore/token_controls.h"
#include "engine/explore/token_painter.h"
#include "engine/tokens/causal_decoding.h"
#include "engine/tokens/token_network.h"

namespace orrery {
namespace {

struct CausalSettings {
  std::int64_t seed = 0;
  std::vector<double> class_weights;  // sum 1; empty: unconditional
  TokenStart start;
  tokens::DecodingOptions decoding;
};

class TokenPlayer : public TokenPainter {
 public:
  TokenPlayer(std::shared_ptr<const Model> model, TokenNetwork& net) : TokenPainter(std::move(model), net) {
    if (!ready_) only_the_seed(controls_);
  }

 private:
  // Tells of rows and asks whether to go on.
  class Watcher : public tokens::DecodingObserver {
   public:
    Watcher(TokenPlayer& player, RenderObserver& observer, std::int64_t evaluations) : player_(player), observer_(observer), evaluations_(evaluations) {}
    bool cancelled() override { return observer_.cancelled(); }
    void on_draw(std::int64_t, const at::Tensor&) override { ++evaluations_; }
    void on_token(std::int64_t position, const at::Tensor& tokens) override {
      const std::int64_t cols = player_.net_.cols();
      if ((position + 1) % cols == 0) tell((position + 1) / cols, tokens);
    }
    void tell(std::int64_t row, const at::Tensor& tokens) {
      const std::int64_t rows = player_.net_.rows();
      observer_.on_step(player_.step_of(row, rows, evaluations_, 1.0 - static_cast<double>(row) / static_cast<double>(rows), tokens, start));
    }
    TokenStart start;  // of the stretch

   private:
    TokenPlayer& player_;
    RenderObserver& observer_;
    std::int64_t evaluations_;
  };

  CausalSettings settings_of(const Request& request) {
    const Request checked = checked_request(controls_, request, UnknownControls::ignore);
    const TokenSettings common = read_token_settings(checked, shape_, names_);
    CausalSettings out{common.seed, common.class_weights, start_of(checked), {}};
    out.decoding.filter = common.filter;
    out.decoding.guidance = common.guidance;
    return out;
  }

  // int64 [1, tokens]. A branch at row k goes on from there with other settings.
  at::Tensor drawn(const std::vector<Stretch>& row, RenderObserver& observer) override {
    const std::int64_t rows = net_.rows(), cols = net_.cols();
    const Beginning begin = beginning(row, observer, [](const Stretch&, std::int64_t) { return true; });
    Watcher watcher(*this, observer, begin.from ? begin.from->evaluations : 0);
    at::Tensor tokens;
    std::int64_t done = 0;  // rows
    if (begin.from) {
      tokens = begin.from->state.to(options_.device(), at::kLong).view({1, rows * cols});
      done = begin.from->step;
    } else {
      watcher.start = settings_of(row.front().settings).start;
      tokens = watcher.start.tokens;
      watcher.tell(0, tokens);
    }
    for (std::size_t i = begin.stretch; i < row.size(); ++i) {
      const std::int64_t end = i + 1 < row.size() ? row[i + 1].first_step : rows;
      if (end > rows)
        throw Error(ErrorCode::wrong_use, "This request branches at row " + std::to_string(end) + ", but the picture has only " + std::to_string(rows) + " rows of tokens.", "",
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
    // Rows that are written stay; what comes after is what is known now.
    tokens = at::cat({tokens.narrow(1, 0, settings.decoding.first), settings.start.tokens.narrow(1, settings.decoding.first, tokens.size(1) - settings.decoding.first)}, 1);
    watcher.start = settings.start;
    settings.decoding.until = end_row * net_.cols();
    TokenCondition condition;
    condition.classes = classes_of(settings.class_weights);
    return tokens::decode_causal(*net_.prior, tokens, condition, tokens::seeded_token_noise({static_cast<std::uint64_t>(settings.seed)}), settings.decoding, watcher);
  }
};

}  // namespace

std::unique_ptr<Player> make_token_player(std::shared_ptr<const Model> model) {
  auto* net = dynamic_cast<TokenNetwork*>(model->network.get());
  if (net == nullptr || net->prior == nullptr) throw Error(ErrorCode::failed, "This model does not make pictures of tokens.");
  if (!net->prior->shape().causal) return make_masked_player(std::move(model));
  return std::make_unique<TokenPlayer>(std::move(model), *net);
}

}  // namespace orrery
