#include "engine/explore/token_service.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <future>

#include "engine/api/result.h"
#include "engine/explore/class_controls.h"
#include "engine/explore/rgba_frame.h"
#include "engine/explore/tape_branches.h"
#include "engine/explore/token_controls.h"
#include "engine/jobs/boundary.h"
#include "engine/tokens/code_statistics.h"
#include "engine/tokens/token_network.h"

namespace orrery {
namespace {

constexpr std::size_t kKept = 64;       // looks
constexpr std::int64_t kDrawnAtOnce = 64;  // codes
constexpr std::int64_t kPatch_px = 8;   // of a code, at least

[[noreturn]] void no_tokens() {
  throw Error(ErrorCode::wrong_use, "This model does not paint with tokens.", "Nothing was changed.", "Open a model of tokens: VQ-VAE or MaskGIT.");
}

const TokenNetwork& network_of(const Model& model) {
  const auto* network = dynamic_cast<const TokenNetwork*>(model.network.get());
  if (!network) no_tokens();
  return *network;
}

// Runs on the lane's thread; waits for it. What it throws becomes an error.
template <class T, class Work>
Result<T> on_lane(LiveLane& lane, Work work) {
  auto promise = std::make_shared<std::promise<T>>();
  auto future = promise->get_future();
  lane.post([promise, work = std::move(work)](const LiveLane::Players&) {
    try {
      const c10::InferenceMode inference;
      promise->set_value(work());
    } catch (...) {
      promise->set_exception(std::current_exception());
    }
  });
  promise.reset();  // a lane that ends without running it lets the future know
  try {
    return future.get();
  } catch (...) {
    return error_of(std::current_exception());
  }
}

at::Tensor classes_of(const Request& request, const TokenShape& shape, const Model& model) {
  const auto names = distinct_class_names(model.class_names, shape.classes);
  const auto weights = read_token_settings(request, shape, names).class_weights;
  return weights.empty() ? at::Tensor() : at::tensor(weights, at::kDouble).to(at::kFloat).unsqueeze(0);
}

// Logarithms of the probabilities [rows, T, codes] for sequences int64 [rows, T].
at::Tensor log_probabilities(const TokenNetwork& network, const at::Tensor& sequences, const at::Tensor& classes) {
  TokenCondition condition;
  if (classes.defined()) condition.classes = classes.expand({sequences.size(0), classes.size(1)});
  const TokenShape shape = network.prior->shape();
  const at::Tensor logits = network.prior->logits(sequences, condition).slice(1, 0, shape.tokens());
  return at::log_softmax(logits.to(at::kFloat), -1);
}

// Row by row from the left: how many tokens are known without a gap.
std::int64_t known_prefix(const at::Tensor& tokens) {
  const auto* at = tokens.const_data_ptr<std::int64_t>();
  std::int64_t known = 0;
  while (known < tokens.numel() && at[known] >= 0) ++known;
  return known;
}

// The distribution of each cell, [T, codes] log-probabilities; see TokenService. `states`: int64 [T] after each step.
at::Tensor distributions(const TokenNetwork& network, const std::vector<at::Tensor>& states, const std::vector<std::int32_t>& came, const at::Tensor& classes) {
  const TokenShape shape = network.prior->shape();
  const auto cells = shape.tokens();
  if (shape.causal) {
    // A distribution knows the tokens before it only; after a gap nothing is known.
    const at::Tensor& now = states.back();
    const std::int64_t known = std::min(known_prefix(now), cells - 1);
    const at::Tensor some = log_probabilities(network, now.slice(0, 0, known).unsqueeze(0), classes)[0];
    at::Tensor all = at::full({cells, shape.codes}, -std::log(static_cast<double>(shape.codes)), some.options());
    all.slice(0, 0, some.size(0)).copy_(some);
    return all;
  }
  std::vector<std::size_t> rounds;  // the states that are asked
  std::vector<std::size_t> asked(static_cast<std::size_t>(cells));
  for (std::size_t cell = 0; cell < asked.size(); ++cell) {
    const std::size_t round = came[cell] < 0 ? states.size() - 1 : came[cell] == 0 ? 0 : static_cast<std::size_t>(came[cell]) - 1;
    const auto found = std::find(rounds.begin(), rounds.end(), round);
    asked[cell] = static_cast<std::size_t>(found - rounds.begin());
    if (found == rounds.end()) rounds.push_back(round);
  }
  std::vector<at::Tensor> sequences;
  for (const auto round : rounds) sequences.push_back(states[round]);
  const at::Tensor each = log_probabilities(network, at::stack(sequences), classes);
  std::vector<at::Tensor> chosen;
  for (std::size_t cell = 0; cell < asked.size(); ++cell) chosen.push_back(each[static_cast<std::int64_t>(asked[cell])][static_cast<std::int64_t>(cell)]);
  return at::stack(chosen);
}

// The settings in force where `step` was made.
const Request& settings_at(const std::vector<Stretch>& row, std::int64_t step) {
  std::size_t at = 0;
  while (at + 1 < row.size() && row[at + 1].first_step < step) ++at;
  return row[at].settings;
}

}  // namespace

Result<TokenLook> TokenService::look(TapeId tape, std::int64_t step, int candidates) {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& known : looks_) {
      if (known.tape == tape && known.step == step && (known.cells.empty() || static_cast<int>(known.cells.front().candidates.size()) == std::min(candidates, known.codes))) return known;
    }
  }
  auto result = on_lane<TokenLook>(lane_, [this, tape, step, candidates] {
    const TapeContents contents = tapes_.contents(tape);
    if (step < 0 || step >= static_cast<std::int64_t>(contents.steps.size())) throw Error(ErrorCode::wrong_use, "The tape has no step " + std::to_string(step) + ".", "Nothing was changed.", "Look at another step.");
    const auto row = stretches(contents.info.request);
    const Request& settings = settings_at(row, step);
    const auto model = source_.resolve(settings);
    const TokenNetwork& network = network_of(*model);
    const std::int64_t cells = network.rows() * network.cols();
    std::vector<at::Tensor> states;
    for (std::int64_t i = 0; i <= step; ++i) {
      const at::Tensor state = contents.steps[static_cast<std::size_t>(i)]->tensors().state;
      if (!state.defined() || state.numel() != cells) no_tokens();
      states.push_back(state.reshape({-1}).to(at::kLong).contiguous());
    }
    TokenLook look;
    look.tape = tape, look.step = step;
    look.rows = static_cast<int>(network.rows()), look.cols = static_cast<int>(network.cols()), look.codes = static_cast<int>(network.codes());
    look.causal = network.prior && network.prior->shape().causal;
    look.cells.resize(static_cast<std::size_t>(cells));
    std::vector<std::int32_t> came(static_cast<std::size_t>(cells), -1);
    for (std::size_t i = 0; i < states.size(); ++i) {
      const auto* at = states[i].const_data_ptr<std::int64_t>();
      for (std::size_t cell = 0; cell < came.size(); ++cell) {
        if (at[cell] < 0) came[cell] = -1;
        else if (came[cell] < 0) came[cell] = static_cast<std::int32_t>(i);
      }
    }
    const auto* now = states.back().const_data_ptr<std::int64_t>();
    for (std::size_t cell = 0; cell < came.size(); ++cell) look.cells[cell].code = static_cast<int>(now[cell]), look.cells[cell].came = came[cell];
    if (!network.prior || !network.prior_ready()) return look;  // reconstructions: nobody has thought of these tokens

    const at::Tensor log_p = distributions(network, states, came, classes_of(settings, network.prior->shape(), *model)).cpu().contiguous();
    const at::Tensor p = log_p.exp();
    const at::Tensor entropy = -(p * log_p.clamp_min(-1e4)).sum(-1) / std::log(2.0);
    const auto best = p.topk(std::min<std::int64_t>(candidates, p.size(1)), -1);
    const at::Tensor values = std::get<0>(best).contiguous(), codes = std::get<1>(best).contiguous();
    for (std::int64_t cell = 0; cell < cells; ++cell) {
      TokenCell& out = look.cells[static_cast<std::size_t>(cell)];
      if (out.code >= 0) out.probability = p[cell][out.code].item<float>();
      out.entropy_bits = std::max(0.0F, entropy[cell].item<float>());
      for (std::int64_t i = 0; i < values.size(1); ++i) out.candidates.push_back({static_cast<int>(codes[cell][i].item<std::int64_t>()), values[cell][i].item<float>()});
    }
    return look;
  });
  if (result) {
    const std::lock_guard lock(mutex_);
    looks_.push_front(result.value());
    if (looks_.size() > kKept) looks_.pop_back();
  }
  return result;
}

Result<Codebook> TokenService::codebook(const Request& request) {
  return on_lane<Codebook>(lane_, [this, request] {
    const auto model = source_.resolve(request);
    const TokenNetwork& network = network_of(*model);
    const at::Tensor vectors = network.tokenizer->codebook();
    const auto factor = network.tokenizer->shape().levels.front().factor;
    Codebook book;
    book.model = request.model, book.hash = model->hash;
    book.codes = static_cast<int>(network.codes());
    // A grid of one code with a cell around what is shown, so that no border is seen.
    const std::int64_t inside = std::max<std::int64_t>(1, (kPatch_px + factor - 1) / factor), grid = inside + 2, px = inside * factor;
    std::vector<at::Tensor> patches;
    for (std::int64_t first = 0; first < network.codes(); first += kDrawnAtOnce) {
      const std::int64_t many = std::min<std::int64_t>(kDrawnAtOnce, network.codes() - first);
      const at::Tensor latents = vectors.slice(0, first, first + many).unsqueeze(-1).unsqueeze(-1).expand({many, vectors.size(1), grid, grid}).contiguous();
      patches.push_back(network.tokenizer->decode({latents}).slice(2, factor, factor + px).slice(3, factor, factor + px).to(at::kFloat).cpu());
    }
    const at::Tensor all = at::cat(patches);
    book.columns = std::max(1, static_cast<int>(std::ceil(std::sqrt(static_cast<double>(book.codes)))));
    book.patch_px = static_cast<int>(px);
    const std::int64_t lines = (book.codes + book.columns - 1) / book.columns;
    at::Tensor atlas = at::zeros({all.size(1), lines * px, book.columns * px});
    for (std::int64_t code = 0; code < book.codes; ++code) {
      atlas.slice(1, code / book.columns * px, (code / book.columns + 1) * px).slice(2, code % book.columns * px, (code % book.columns + 1) * px).copy_(all[code]);
    }
    book.atlas = image_of(rgba8_on_host(atlas.clamp(-1.0, 1.0)));

    // How often codes are chosen: running counts where the codebook keeps them, else in the pictures kept as examples.
    for (const auto& buffer : network.tokenizer->named_buffers()) {
      const bool counts = buffer.key() == "cluster_size" || buffer.key().ends_with(".cluster_size");
      if (!counts || buffer.value().numel() != book.codes) continue;
      const at::Tensor share = (buffer.value() / buffer.value().sum().clamp_min(1e-12)).to(at::kFloat).cpu().contiguous();
      // A running mean never quite reaches 0: what is below a thousandth of an even share has not been chosen for long.
      const at::Tensor kept = share * (share * static_cast<double>(book.codes) > 1e-3);
      book.usage.assign(kept.const_data_ptr<float>(), kept.const_data_ptr<float>() + book.codes);
      book.usage_of = "the last pictures it was trained on";
    }
    const bool has_examples = network.examples.defined() && network.examples.numel() > 0 && network.examples.min().item<std::int64_t>() >= 0;
    if (book.usage.empty() && has_examples && network.examples.ne(network.examples.reshape({-1})[0]).any().item<bool>()) {
      const at::Tensor counts = tokens::count_codes(network.examples, network.codes()).to(at::kFloat).cpu();
      const at::Tensor share = (counts / counts.sum().clamp_min(1.0)).contiguous();
      book.usage.assign(share.const_data_ptr<float>(), share.const_data_ptr<float>() + book.codes);
      book.usage_of = std::to_string(network.examples.size(0)) + " pictures it was trained on";
    }

    const at::Tensor centred = (vectors - vectors.mean(0, true)).to(at::kDouble).cpu();
    const auto parts = at::linalg_svd(centred, false);
    at::Tensor plane = at::zeros({book.codes, 2}, at::kDouble);
    const std::int64_t axes = std::min<std::int64_t>(2, std::get<1>(parts).numel());
    plane.slice(1, 0, axes).copy_((std::get<0>(parts) * std::get<1>(parts)).slice(1, 0, axes));
    plane = (plane / plane.abs().amax(0, true).clamp_min(1e-12)).to(at::kFloat).contiguous();
    book.plane.assign(plane.const_data_ptr<float>(), plane.const_data_ptr<float>() + 2 * static_cast<std::ptrdiff_t>(book.codes));
    return book;
  });
}

}  // namespace orrery
