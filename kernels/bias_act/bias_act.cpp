#include "kernels/bias_act/bias_act.h"

#include <torch/csrc/autograd/custom_function.h>

#include <array>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>

#include "kernels/bias_act/bias_act_op.h"

namespace orrery::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::array<std::string_view, 9> kNames{"linear", "relu", "lrelu", "tanh", "sigmoid", "elu", "selu", "softplus", "swish"};

// Autograd takes a tensor that is not there as an empty optional.
using MaybeTensor = std::optional<at::Tensor>;
MaybeTensor maybe(const at::Tensor& t) { return t.defined() ? MaybeTensor(t) : MaybeTensor(); }
at::Tensor value(const MaybeTensor& t) { return t ? *t : at::Tensor(); }

// The options as autograd keeps them between the passes.
void keep(AutogradContext* ctx, const BiasAct& o) {
  ctx->saved_data["options"] = std::vector<double>{static_cast<double>(o.dim), static_cast<double>(o.activation), o.alpha, o.gain, o.clamp};
}
BiasAct kept(AutogradContext* ctx) {
  const auto values = ctx->saved_data["options"].toDoubleVector();
  return {static_cast<std::int64_t>(values[0]), static_cast<Activation>(static_cast<int>(values[1])), values[2], values[3], values[4]};
}

at::Tensor along(const at::Tensor& b, const at::Tensor& x, std::int64_t dim) {
  std::vector<std::int64_t> shape(x.dim(), 1);
  shape[dim] = b.numel();
  return b.view(shape);
}

at::Tensor sum_to_bias(const at::Tensor& x, std::int64_t dim) {
  std::vector<std::int64_t> others;
  for (std::int64_t d = 0; d < x.dim(); ++d) {
    if (d != dim) others.push_back(d);
  }
  return others.empty() ? x : x.sum(others);
}

bool wants_graph(std::initializer_list<const at::Tensor*> tensors) {
  if (!at::GradMode::is_enabled()) return false;
  for (const auto* t : tensors) {
    if (t->defined() && t->requires_grad()) return true;
  }
  return false;
}

// ddx * dy * d(dy/dx)/d saved. The last order that is written out.
struct Second : torch::autograd::Function<Second> {
  static at::Tensor forward(AutogradContext*, const at::Tensor& ddx, const at::Tensor& dy, const at::Tensor& saved, const MaybeTensor& b, const std::vector<double>& o) {
    const BiasAct options{static_cast<std::int64_t>(o[0]), static_cast<Activation>(static_cast<int>(o[1])), o[2], o[3], o[4]};
    return call(bias_act_second_op, saved.device(), ddx, dy, saved, value(b), options);
  }
  static variable_list backward(AutogradContext*, const variable_list&) {
    throw std::logic_error("bias_act has no third derivative of a curved activation; use lrelu, relu or linear, or differentiate twice at most.");
  }
};

// (dy, saved, b) -> (dx, db). `saved` is the output where that tells the derivative, so the input need not be kept.
struct Gradient : torch::autograd::Function<Gradient> {
  static variable_list forward(AutogradContext* ctx, const at::Tensor& dy, const at::Tensor& saved, const MaybeTensor& b, const std::vector<double>& o, bool want_db) {
    const BiasAct options{static_cast<std::int64_t>(o[0]), static_cast<Activation>(static_cast<int>(o[1])), o[2], o[3], o[4]};
    ctx->saved_data["options"] = o;
    ctx->save_for_backward({dy, saved, value(b)});
    ctx->set_materialize_grads(false);
    auto [dx, db] = call(bias_act_gradient_op, saved.device(), dy, saved, value(b), options, want_db);
    return want_db ? variable_list{dx, db} : variable_list{dx};
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved_tensors = ctx->get_saved_variables();
    const at::Tensor &dy = saved_tensors[0], &saved = saved_tensors[1], &b = saved_tensors[2];
    const BiasAct options = kept(ctx);
    at::Tensor outer = grads[0];  // gradient of dx; db is its sum, so its gradient spreads
    if (grads.size() > 1 && grads[1].defined()) {
      const at::Tensor spread = along(grads[1], saved, options.dim).expand_as(saved);
      outer = outer.defined() ? outer.add(spread) : spread;
    }
    if (!outer.defined()) return {{}, {}, {}, {}, {}};
    const auto o = ctx->saved_data["options"].toDoubleVector();
    const at::Tensor in_dy = Gradient::apply(outer, saved, maybe(b), o, false)[0];
    if (piecewise_linear(options.activation) || !(saved.requires_grad() || (b.defined() && b.requires_grad()))) return {in_dy, {}, {}, {}, {}};
    const at::Tensor in_saved = Second::apply(outer, dy, saved, maybe(b), o);
    const bool through_bias = b.defined() && derivatives_need_input(options);
    return {in_dy, in_saved, through_bias ? sum_to_bias(in_saved, options.dim) : at::Tensor(), {}, {}};
  }
};

struct Forward : torch::autograd::Function<Forward> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const MaybeTensor& maybe_b, const BiasAct& options) {
    const at::Tensor b = value(maybe_b);
    at::Tensor y = call(bias_act_forward_op, x.device(), x, b, options);
    keep(ctx, options);
    ctx->saved_data["bias"] = b.defined();
    const bool by_input = derivatives_need_input(options);
    ctx->save_for_backward({by_input ? x : y, by_input ? b : at::Tensor()});
    return y;
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved_tensors = ctx->get_saved_variables();
    const at::Tensor &dy = grads[0], &saved = saved_tensors[0], &b = saved_tensors[1];
    const BiasAct options = kept(ctx);
    const bool want_db = ctx->saved_data["bias"].toBool() && ctx->needs_input_grad(1);
    if (options.gain == 0.0) {
      const at::Tensor none = dy.mul(0.0);
      return {none, want_db ? sum_to_bias(none, options.dim) : at::Tensor(), {}};
    }
    const auto o = ctx->saved_data["options"].toDoubleVector();
    if (wants_graph({&dy, &saved, &b})) {
      const auto out = Gradient::apply(dy, saved, maybe(b), o, want_db);
      return {out[0], want_db ? out[1] : at::Tensor(), {}};
    }
    auto [dx, db] = call(bias_act_gradient_op, saved.device(), dy, saved, b, options, want_db);
    return {dx, db, {}};
  }
};

void check(const at::Tensor& x, const at::Tensor& b, const BiasAct& options) {
  TORCH_CHECK(x.defined() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble), "bias_act: x must be float32 or float64.");
  TORCH_CHECK(!b.defined() || (options.dim >= 0 && options.dim < x.dim()), "bias_act: dim ", options.dim, " is not a dimension of x.");
  if (!b.defined()) return;
  TORCH_CHECK(b.dim() == 1 && b.numel() == x.size(options.dim), "bias_act: b must hold ", x.size(options.dim), " values.");
  TORCH_CHECK(b.scalar_type() == x.scalar_type() && b.device() == x.device(), "bias_act: x and b must have one type and one device.");
}

}  // namespace

Activation activation_from_name(std::string_view name) {
  for (std::size_t k = 0; k < kNames.size(); ++k) {
    if (kNames[k] == name) return static_cast<Activation>(k);
  }
  throw std::invalid_argument("'" + std::string(name) + "' is not an activation.");
}

double default_gain(Activation activation) {
  switch (activation) {
    case Activation::relu:
    case Activation::lrelu:
    case Activation::swish: return std::sqrt(2.0);
    default: return 1.0;
  }
}

at::Tensor bias_act(const at::Tensor& x, const at::Tensor& b, const BiasAct& options) {
  check(x, b, options);
  BiasAct o = options;
  if (!b.defined()) o.dim = x.dim() > 1 ? 1 : 0;  // only the memory layout depends on it
  if (x.dim() == 0) return bias_act(x.view({1}), b, o).view(at::IntArrayRef{});
  if (wants_graph({&x, &b})) return Forward::apply(x, maybe(b), o);
  return call(bias_act_forward_op, x.device(), x, b, o);
}

}  // namespace orrery::kernels
