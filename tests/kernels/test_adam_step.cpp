#include "checks.h"

#include "kernels/adam_step/adam_step.h"
#include "kernels/plain/plain_ops.h"

using namespace orrery::kernels;
using checks::randn;

namespace {
struct State {
  checks::Tensors p, g, m, v;
};
State state(at::ScalarType type) {
  State s;
  std::uint64_t seed = 1;
  for (const auto& shape : std::vector<std::vector<std::int64_t>>{{3}, {40000}, {7, 5, 3, 3}, {1}, {0}, {16384}, {130, 257}}) {
    s.p.push_back(randn(shape, seed++, type));
    s.g.push_back(randn(shape, seed++, type));
    s.m.push_back(at::zeros(shape, type));
    s.v.push_back(at::zeros(shape, type));
  }
  return s;
}
checks::Tensors copy(const checks::Tensors& from) {
  checks::Tensors out;
  for (const auto& t : from) out.push_back(t.clone());
  return out;
}
}  // namespace

class TestAdamStep : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void ten_steps() {
    for (const auto type : {at::kFloat, at::kDouble}) {
      for (const double beta1 : {0.0, 0.9}) {
        const State s = state(type);
        Adam o;
        o.beta1 = beta1;
        State a{copy(s.p), copy(s.g), copy(s.m), copy(s.v)}, b{copy(s.p), copy(s.g), copy(s.m), copy(s.v)};
        for (std::int64_t step = 1; step <= 10; ++step) {
          for (std::size_t k = 0; k < s.g.size(); ++k) a.g[k] = b.g[k] = s.g[k] * std::sin(static_cast<double>(step));
          adam_step(a.p, a.g, a.m, a.v, step, o);
          plain::adam_step(b.p, b.g, b.m, b.v, step, o);
        }
        const double allowed = type == at::kFloat ? 1e-6 : 1e-14;
        for (std::size_t k = 0; k < s.p.size(); ++k) {
          QVERIFY(checks::distance(a.p[k], b.p[k]) <= allowed);
          QVERIFY(checks::distance(a.m[k], b.m[k]) <= allowed);
          QVERIFY(checks::distance(a.v[k], b.v[k]) <= allowed);
        }
      }
    }
  }

  // By hand: one parameter, one step: p - lr * sign(g) when beta1 = 0 and eps = 0.
  void first_step_has_the_size_of_lr() {
    const checks::Tensors p{at::tensor({1.0, 1.0}, at::kDouble)}, g{at::tensor({4.0, -0.001}, at::kDouble)}, m{at::zeros({2}, at::kDouble)}, v{at::zeros({2}, at::kDouble)};
    Adam o;
    o.eps = 0.0;
    adam_step(p, g, m, v, 1, o);
    QVERIFY(checks::distance(p[0], at::tensor({0.998, 1.002}, at::kDouble)) < 1e-12);
  }

  void non_finite_gradients() {
    const float inf = std::numeric_limits<float>::infinity();
    const at::Tensor g = at::tensor({std::numeric_limits<float>::quiet_NaN(), inf, -inf, 1.0f}).repeat({9}), clean = at::tensor({0.0f, 1e5f, -1e5f, 1.0f}).repeat({9});
    for (const double beta1 : {0.0, 0.9}) {
      Adam o;
      o.beta1 = beta1;
      checks::Tensors p{at::ones({36})}, m{at::zeros({36})}, v{at::zeros({36})}, q{at::ones({36})}, n{at::zeros({36})}, w{at::zeros({36})};
      adam_step(p, {g}, m, v, 1, o);
      adam_step(q, {clean}, n, w, 1, o);
      QVERIFY(checks::same_bits(p[0], q[0]) && checks::same_bits(v[0], w[0]));
      o.replace_non_finite = false;
      adam_step(p, {g}, m, v, 2, o);
      QVERIFY(p[0][0].isnan().item<bool>());
    }
  }

  void undefined_gradient_skips() {
    checks::Tensors p{at::ones({3}), at::ones({3})}, m{at::zeros({3}), at::zeros({3})}, v{at::zeros({3}), at::zeros({3})};
    adam_step(p, {at::Tensor(), at::ones({3})}, m, v, 1, {});
    QVERIFY(at::equal(p[0], at::ones({3})));
    QVERIFY(!at::equal(p[1], at::ones({3})));
  }

  void parameters_of_a_graph_are_marked_as_written() {
    at::Tensor p = at::ones({3}).requires_grad_();
    const at::Tensor y = (p * p).sum();
    adam_step({p}, {at::ones({3})}, {at::zeros({3})}, {at::zeros({3})}, 1, {});
    QVERIFY_EXCEPTION_THROWN(torch::autograd::backward({y}), c10::Error);
  }

  void average() {
    for (const auto type : {at::kFloat, at::kDouble}) {
      const checks::Tensors a{randn({50000}, 1, type), randn({3, 5}, 2, type)}, p{randn({50000}, 3, type), randn({3, 5}, 4, type)}, b = copy(a);
      ema_step(a, p, 0.002);
      plain::ema_step(b, p, 0.002);
      for (std::size_t k = 0; k < 2; ++k) QVERIFY(checks::distance(a[k], b[k]) <= (type == at::kFloat ? 1e-6 : 1e-15));
    }
  }

  void wrong_use() {
    const at::Tensor a = at::ones({4});
    QVERIFY_EXCEPTION_THROWN(adam_step({a}, {at::ones({5})}, {a}, {a}, 1, {}), c10::Error);
    QVERIFY_EXCEPTION_THROWN(adam_step({a}, {a}, {a}, {a}, 0, {}), c10::Error);
    QVERIFY_EXCEPTION_THROWN(adam_step({a}, {}, {a}, {a}, 1, {}), c10::Error);
    QVERIFY_EXCEPTION_THROWN(adam_step({at::ones({4, 4}).t()[0].unsqueeze(0).expand({4, 4})}, {a}, {a}, {a}, 1, {}), c10::Error);
    QVERIFY_EXCEPTION_THROWN(ema_step({a}, {a.to(at::kDouble)}, 0.5), c10::Error);
  }
};

QTEST_GUILESS_MAIN(TestAdamStep)
#include "test_adam_step.moc"
