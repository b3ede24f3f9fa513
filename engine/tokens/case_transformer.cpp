#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include "engine/api/result.h"
#include "engine/diffusion/ddpm_case_tools.h"
#include "engine/io/module_weights.h"
#include "engine/parity/arguments.h"
#include "engine/tokens/masked_decoding.h"
#include "engine/tokens/maskgit_cases.h"
#include "engine/tokens/token_losses.h"

namespace orrery::tokens {

nn::BertOptions bert_options(const nlohmann::json& json) {
  nn::BertOptions o;
  parity::Arguments args(json, "args");
  std::vector<std::int64_t> grid{o.rows, o.cols};
  double eps = 1e-12;
  args.read("vocab_size", o.vocabulary);
  args.read("hidden_size", o.width);
  args.read("num_hidden_layers", o.layers);
  args.read("num_attention_heads", o.heads);
  args.read("intermediate_size", o.mlp_width);
  args.read("max_position_embeddings", o.positions);
  args.read("codebook_size", o.codes);
  args.read("num_class", o.classes);
  args.read("latent", grid);
  args.read("layernorm_eps", eps);
  for (const char* other : {"label_smoothing", "weights_case", "weights_cases"}) args.ignore(other);  // of the loss, or the file
  args.done();
  if (grid.size() != 2) throw Error(ErrorCode::bad_input, "args.latent is not two numbers.");
  if (eps != 1e-12) throw Error(ErrorCode::bad_input, "args.layernorm_eps is not the published 1e-12.");
  o.rows = grid[0];
  o.cols = grid[1];
  return o;
}

std::shared_ptr<nn::BertTransformer> loaded_bert(const parity::Case& reference, at::ScalarType type) {
  const auto network = std::make_shared<nn::BertTransformer>(bert_options(reference.args()));
  const auto& weights = reference.weights.empty() && !reference.other_weights.empty() ? reference.other_weights.begin()->second : reference.weights;
  io::load_weights(*network, nn::bert_from_flax(weights, network->options()));
  network->to(at::Device(reference.device), type);
  network->eval();
  return network;
}

void run_transformer_case(parity::Case& reference) {
  const double smoothing = reference.args().value("label_smoothing", 0.1);
  const at::Tensor ids = reference.in("in.ids").to(at::kLong), tokens = reference.in("in.tokens").to(at::kLong);
  const at::Tensor label = reference.in("in.label").to(at::kLong).unsqueeze(1);
  for (const auto type : {at::kFloat, at::kDouble}) {
    const auto net = loaded_bert(reference, type);
    const auto& o = net->options();
    const std::string twin = type == at::kDouble ? "_f64" : "";
    const at::Tensor mask = reference.in("in.mask").to(type);
    const at::Tensor logits = net->word_logits(ids, [&](const std::string& name, const at::Tensor& x) { if (twin.empty()) reference.report("tap." + name, x.detach()); });
    // The class stands before the tokens, and no loss is on it.
    const at::Tensor targets = at::cat({label + o.codes, tokens}, 1), weights = at::cat({at::zeros({mask.size(0), 1}, mask.options()), mask}, 1);
    const at::Tensor loss = masked_cross_entropy(logits, targets, weights, smoothing).mean();
    const at::Tensor own = logits.narrow(1, 1, tokens.size(1)).narrow(2, 0, o.codes);
    reference.report("out.logits" + twin, logits.detach());
    reference.report("out.loss_all" + twin, loss.detach());
    reference.report("out.loss_tok" + twin, masked_cross_entropy(own, tokens, mask, smoothing).mean().detach());
    reference.report("out.loss_tok_nosmooth" + twin, masked_cross_entropy(own, tokens, mask, 0.0).mean().detach());
    reference.report("out.seq_ce" + twin, smoothed_cross_entropy(logits, targets, 0.0).mean().detach());
    if (!twin.empty()) continue;
    for (const auto& [name, gradient] : nn::bert_to_flax(diffusion::gradients_of(loss, *net), o)) reference.report_gradient("grad." + name, gradient, 1e-6);
  }
}

namespace {

class RecordedNoise : public DecodingNoise {
 public:
  RecordedNoise(at::Tensor sampling, at::Tensor choice, std::int64_t first) : sampling_(std::move(sampling)), choice_(std::move(choice)), first_(first) {}
  // The published noise has a column for the class.
  at::Tensor sampling(std::int64_t round, const at::Tensor& like) override { return sampling_[round - first_].narrow(1, 1, like.size(1)).to(like.scalar_type()); }
  at::Tensor choice(std::int64_t round, const at::Tensor& like) override { return choice_[round - first_].narrow(1, 1, like.size(1)).to(like.scalar_type()); }

 private:
  at::Tensor sampling_, choice_;
  std::int64_t first_;
};

struct Rounds : RoundObserver {
  std::vector<at::Tensor> sampled, next;
  void on_round(const DecodingRound& round) override {
    sampled.push_back(round.sampled);
    next.push_back(round.tokens);
  }
};

}  // namespace

void run_masked_decoding_case(parity::Case& reference) {
  const at::NoGradGuard no_grad;
  const auto net = loaded_bert(reference, at::kFloat);
  const auto length = net->options().rows * net->options().cols, codes = net->options().codes;
  for (const auto& [name, run] : reference.meta.at("runs").items()) {
    const at::Tensor ids = reference.in("in." + name + ".ids").to(at::kLong), head = ids.narrow(1, 0, 1);
    MaskedDecoding o;
    o.rounds = run.at("num_iter");
    o.first_round = run.at("start_iter");
    o.choice_temperature = run.at("temp");
    o.schedule = MaskSchedule::named(run.at("method"));
    RecordedNoise noise(reference.in("in." + name + ".gumbel_token"), reference.in("in." + name + ".gumbel_choice"), o.first_round);
    Rounds rounds;
    bool first = true;
    const auto logits = [&](const at::Tensor& tokens, std::int64_t) {
      const at::Tensor all = net->word_logits(at::cat({head, tokens}, 1)).narrow(2, 0, codes);
      if (std::exchange(first, false)) reference.report("tap." + name + ".logits_first", all);
      return all.narrow(1, 1, length);
    };
    decode_masked(logits, ids.narrow(1, 1, length), o, noise, rounds);
    const auto column = [&](const at::Tensor& tokens) { return at::cat({head, tokens}, 1).unsqueeze(1); };
    std::vector<at::Tensor> final_rows, cur_rows;
    for (std::int64_t i = 0; i < o.first_round; ++i) final_rows.push_back(ids.unsqueeze(1));
    for (const auto& tokens : rounds.sampled) final_rows.push_back(column(tokens));
    for (std::size_t i = 0; i + 1 < rounds.next.size(); ++i) cur_rows.push_back(column(rounds.next[i]));
    reference.report("out." + name + ".final", at::cat(final_rows, 1).to(reference.in("out." + name + ".final").scalar_type()));
    reference.report("out." + name + ".cur", at::cat(cur_rows, 1).to(reference.in("out." + name + ".cur").scalar_type()));
  }
}

}  // namespace orrery::tokens
