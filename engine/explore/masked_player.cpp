#include "engine/explore/masked_player.h"

#include <ATen/ops/where.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/api/result.h"
#include "engine/explore/check_request.h"
#include "engine/explore/control_parts.h"
#include "engine/explore/tape_branches.h"
#include "engine/explore/token_controls.h"
#include "engine/explore/token_painter.h"
#include "engine/tokens/masked_decoding.h"
#include "engine/tokens/token_network.h"

namespace orrery {
namespace {

constexpr std::int64_t kRounds = 8;
constexpr double kChoiceTemperature = 4.5;

// The cosine schedule. As it stands it leaves the word to the schedule chosen by name.
const std::vector<double>& own_curve() {
  static const std::vector<double> curve = [] {
    std::vector<double> samples;
    for (int i = 0; i <= 8; ++i) samples.push_back(std::round(1e4 * std::cos(i * std::numbers::pi / 16.0)) / 1e4);
    return samples;
  }();
  return curve;
}

void add_rounds(std::vector<ControlSpec>& specs, const TokenShape& shape) {
  const char* section = "Rounds";
  const double most = static_cast<double>(std::min<std::int64_t>(shape.tokens(), 256));
  specs.push_back(ranged(control(ControlKind::integer, "steps", section, "Rounds", "In how many rounds the picture is filled in.", std::min<std::int64_t>(kRounds, shape.tokens())), 1.0, most, 1.0, "steps"));
  specs.push_back(choice_control("schedule", section, "Schedule", "How many tokens are still masked as the rounds go on. Concave ones (cosine, pow2) begin slowly; convex ones (log, exp, pow0.5) leave the last for late.", tokens::MaskSchedule::names()));
  specs.push_back(expert(ranged(control(ControlKind::curve, "schedule.curve", section, "Own schedule", "The masked part from the first round to the last, drawn by hand; it cannot rise again. Untouched: the schedule chosen above.", own_curve()), 0.0, 1.0, 0.01)));
  specs.push_back(choice_control("order", section, "Order", "Which tokens stay after a round: those the model is surest of, or cells far apart from each other, in Halton's order.", {"confidence", "halton"}));
  specs.push_back(ranged(control(ControlKind::slider, "choice.temperature", section, "Choice temperature", "Noise on what counts as sure, less with every round: 0 keeps the likeliest tokens only and makes pictures tame, much of it makes them wild.", kChoiceTemperature), 0.0, 20.0, 0.1));
}

struct Settings {
  TokenSettings common;
  tokens::MaskedDecoding decoding;
  TokenStart start;
};

class MaskedPlayer : public TokenPainter {
 public:
  MaskedPlayer(std::shared_ptr<const Model> model, TokenNetwork& net) : TokenPainter(std::move(model), net) {
    add_rounds(controls_, shape_);
    if (!ready_) only_the_seed(controls_);
  }

 private:
  // Tells of rounds and asks whether to go on.
  class Watcher : public tokens::RoundObserver {
   public:
    Watcher(MaskedPlayer& player, RenderObserver& observer, std::int64_t evaluations) : evaluations_(evaluations), player_(player), observer_(observer) {}
    bool cancelled() override { return observer_.cancelled(); }
    void on_round(const tokens::DecodingRound& round) override {
      if (open) evaluations_ += per_round;  // where nothing is masked nobody is asked
      open = round.masked > 0.0;
      tell(round.round + 1, round.rounds, round.tokens);
    }
    void tell(std::int64_t number, std::int64_t of, const at::Tensor& tokens) {
      observer_.on_step(player_.step_of(number, of, evaluations_, tokens.lt(0).to(at::kDouble).mean().item<double>(), tokens, start));
    }
    std::int64_t per_round = 1;
    TokenStart start;  // of the stretch
    bool open = true;  // tokens are masked before the round

   private:
    std::int64_t evaluations_;
    MaskedPlayer& player_;
    RenderObserver& observer_;
  };

  Settings settings_of(const Request& request) {
    const Request checked = checked_request(controls_, request, UnknownControls::ignore);
    Settings out;
    out.common = read_token_settings(checked, shape_, names_);
    auto& d = out.decoding;
    d.rounds = checked.get<std::int64_t>("steps", std::min<std::int64_t>(kRounds, shape_.tokens()));
    const auto curve = checked.get<std::vector<double>>("schedule.curve", own_curve());
    d.schedule = curve.empty() || curve == own_curve() ? tokens::MaskSchedule::named(checked.get<std::string>("schedule", "cosine")) : tokens::MaskSchedule::curve(curve);
    d.order = checked.get<std::string>("order", "confidence") == "halton" ? tokens::MaskedDecoding::Order::halton : tokens::MaskedDecoding::Order::confidence;
    d.rows = shape_.rows;
    d.cols = shape_.cols;
    d.filter = out.common.filter;
    d.choice_temperature = checked.get<double>("choice.temperature", kChoiceTemperature);
    out.start = start_of(checked);
    d.masked_before = out.start.tokens.lt(0).sum().item<std::int64_t>();
    return out;
  }

  // int64 [1, tokens]. A branch at round k goes on from there with other settings.
  at::Tensor drawn(const std::vector<Stretch>& row, RenderObserver& observer) override {
    std::vector<Settings> settings;
    for (const auto& stretch : row) settings.push_back(settings_of(stretch.settings));
    const Beginning begin = beginning(row, observer, [](const Stretch&, std::int64_t) { return true; });
    Watcher watcher(*this, observer, begin.from ? begin.from->evaluations : 0);
    at::Tensor tokens;
    std::int64_t done = 0;  // rounds
    if (begin.from) {
      tokens = begin.from->state.to(options_.device(), at::kLong).view({1, shape_.tokens()});
      done = begin.from->step;
    } else {
      watcher.start = settings.front().start;
      tokens = watcher.start.tokens;
      watcher.tell(0, settings.front().decoding.rounds, tokens);
    }
    for (std::size_t i = begin.stretch; i < row.size(); ++i) {
      Settings& s = settings[i];
      // What a branch with fewer rounds than were done has left to do, it does in one.
      s.decoding.rounds = std::max(s.decoding.rounds, row[i].first_step + 1);
      const bool last = i + 1 == row.size();
      const std::int64_t end = last ? s.decoding.rounds : row[i + 1].first_step;
      if (end > s.decoding.rounds)
        throw Error(ErrorCode::wrong_use, "This request branches at round " + std::to_string(end) + ", but it has only " + std::to_string(s.decoding.rounds) + " rounds there.", "",
                    "Branch again from a step of the tape.");
      if (end <= done) continue;
      if (i > 0 && done == row[i].first_step) {  // what is known now stands; what was and is no more, is free
        const at::Tensor &before = settings[i - 1].start.tokens, &now = s.start.tokens;
        tokens = at::where(now.ge(0), now, at::where(before.ge(0).logical_and(now.lt(0)), kMasked, tokens));
      }
      s.decoding.first_round = done;
      s.decoding.until_round = end;
      tokens = stretch_of(s, tokens, watcher);
      if (!tokens.defined()) return {};
      done = end;
    }
    return tokens;
  }

  at::Tensor stretch_of(const Settings& s, const at::Tensor& tokens, Watcher& watcher) {
    const at::Tensor classes = classes_of(s.common.class_weights);
    watcher.start = s.start;
    watcher.open = tokens.lt(0).any().item<bool>();
    watcher.per_round = s.common.guidance == 1.0 || s.common.guidance == 0.0 || !classes.defined() ? 1 : 2;
    tokens::SeededNoise noise({static_cast<std::uint64_t>(s.common.seed)});
    return tokens::decode_masked(tokens::guided_logits(*net_.prior, classes, s.common.guidance), tokens, s.decoding, noise, watcher);
  }
};

}  // namespace

std::unique_ptr<Player> make_masked_player(std::shared_ptr<const Model> model) {
  auto* net = dynamic_cast<TokenNetwork*>(model->network.get());
  if (net == nullptr || net->prior == nullptr || net->prior->shape().causal) throw Error(ErrorCode::failed, "This model does not fill in masked tokens.");
  return std::make_unique<MaskedPlayer>(std::move(model), *net);
}

}  // namespace orrery
