#include "checks.h"

#include "kernels/bias_act/bias_act.h"
#include "kernels/plain/plain_ops.h"

using namespace orrery::kernels;
using checks::randn;

namespace {
constexpr const char* kNames[] = {"linear", "relu", "lrelu", "tanh", "sigmoid", "elu", "selu", "softplus", "swish"};

BiasAct options_for(Activation activation, double gain, double clamp, double alpha = kLeakySlope, std::int64_t dim = 1) { return {dim, activation, alpha, gain, clamp}; }
// Away from the corners of the piecewise ones, where no derivative exists.
at::Tensor off_corners(at::Tensor x) { return x + x.sign() * 0.05; }
}  // namespace

class TestBiasAct : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void names() {
    for (int k = 0; k < 9; ++k) QCOMPARE(static_cast<int>(activation_from_name(kNames[k])), k);
    QVERIFY_EXCEPTION_THROWN(activation_from_name("gelu"), std::invalid_argument);
    QCOMPARE(default_gain(Activation::lrelu), std::sqrt(2.0));
    QCOMPARE(default_gain(Activation::tanh), 1.0);
  }

  void values_data() {
    QTest::addColumn<int>("activation");
    for (int k = 0; k < 9; ++k) QTest::newRow(kNames[k]) << k;
  }
  void values() {
    QFETCH(int, activation);
    const auto a = static_cast<Activation>(activation);
    for (const auto type : {at::kFloat, at::kDouble}) {
      const double allowed = type == at::kFloat ? 1e-6 : 1e-14;
      for (const auto& o : {options_for(a, 1.0, -1), options_for(a, default_gain(a), 0.7), options_for(a, -1.5, 1.0), options_for(a, 0.8, -1, 0.35), options_for(a, 1.0, -1, -0.3), options_for(a, 1.0, 0.0)}) {
        const at::Tensor x = randn({3, 5, 7, 11}, 1, type) * 3, b = randn({5}, 2, type);
        QVERIFY(checks::distance(bias_act(x, b, o), plain::bias_act(x, b, o)) <= allowed);
        QVERIFY(checks::distance(bias_act(x, {}, o), plain::bias_act(x, {}, o)) <= allowed);
      }
      const at::Tensor extremes = at::tensor({-1e4, -200.0, -100.0, -89.0, -30.0, -1e-4, -1e-8, 0.0, 1e-8, 1e-4, 21.0, 88.0, 100.0, 1e4}, at::kDouble).to(type);
      for (const auto& o : {options_for(a, 1.0, -1), options_for(a, 1.0, 50.0)}) {
        const at::Tensor ours = bias_act(extremes, {}, o), theirs = plain::bias_act(extremes, {}, o);
        // ATen's softplus is the identity above 20, which is e^-20 off: more than float64 rounds.
        const double slack = a == Activation::softplus ? std::max(allowed, std::exp(-20.0)) : allowed;
        QVERIFY(((ours - theirs).abs() <= slack * (1 + theirs.abs())).all().item<bool>());
      }
    }
  }

  void not_a_number_stays() {
    for (int k = 0; k < 9; ++k) {
      at::Tensor x = at::zeros({40});
      x[3] = std::numeric_limits<float>::quiet_NaN();
      const at::Tensor y = bias_act(x, {}, options_for(static_cast<Activation>(k), 1.0, 2.0));
      QVERIFY(std::isnan(y[3].item<float>()));
      QVERIFY(!y.slice(0, 4).isnan().any().item<bool>());
    }
  }

  void shapes_and_layouts() {
    const auto o = options_for(Activation::lrelu, std::sqrt(2.0), 0.9);
    const auto agree = [&](const at::Tensor& x, const at::Tensor& b, BiasAct options) {
      const at::Tensor y = bias_act(x, b, options);
      return checks::distance(y, plain::bias_act(x, b, options)) <= 1e-6;
    };
    for (const std::int64_t dim : {0, 1, 2, 3}) {
      const at::Tensor x = randn({2, 3, 5, 4}, 3), b = randn({x.size(dim)}, 4);
      BiasAct options = o;
      options.dim = dim;
      QVERIFY(agree(x, b, options));
      QVERIFY(agree(x.transpose(1, 3), randn({x.transpose(1, 3).size(dim)}, 5), options));
      QVERIFY(agree(x.contiguous(at::MemoryFormat::ChannelsLast), b, options));
    }
    for (const std::int64_t channels : {1, 2, 3, 17, 255, 256, 257, 700}) {
      QVERIFY(agree(randn({2, channels, 6, 5}, 6).contiguous(at::MemoryFormat::ChannelsLast), randn({channels}, 7), o));
      QVERIFY(agree(randn({9, channels}, 8), randn({channels}, 9), o));
      QVERIFY(agree(randn({2, channels, 1, 1}, 10), randn({channels}, 11), o));
    }
    QVERIFY(agree(randn({2, 3, 4, 5, 6}, 12), randn({3}, 13), o));
    QVERIFY(agree(randn({2, 3, 200, 301}, 14), randn({3}, 15), o));
    QVERIFY(agree(randn({0, 3, 4, 4}, 16), randn({3}, 17), o));
    QVERIFY(agree(randn({2, 0}, 18), randn({0}, 19), o));
    const at::Tensor last = randn({2, 8, 4, 4}, 20).contiguous(at::MemoryFormat::ChannelsLast);
    QVERIFY(bias_act(last, randn({8}, 21), o).is_contiguous(at::MemoryFormat::ChannelsLast));
    QCOMPARE(bias_act(at::full({}, -1.0), {}, options_for(Activation::lrelu, 1.0, -1)).item<float>(), -0.2f);
  }

  void wrong_use() {
    const at::Tensor x = randn({2, 3}, 1);
    QVERIFY_EXCEPTION_THROWN(bias_act(x, randn({4}, 2), {}), c10::Error);
    QVERIFY_EXCEPTION_THROWN(bias_act(x, randn({3}, 2, at::kDouble), {}), c10::Error);
    QVERIFY_EXCEPTION_THROWN(bias_act(x.to(at::kLong), {}, {}), c10::Error);
    BiasAct options;
    options.dim = 2;
    QVERIFY_EXCEPTION_THROWN(bias_act(x, randn({3}, 2), options), c10::Error);
  }

  void derivatives_data() { values_data(); }
  void derivatives() {
    QFETCH(int, activation);
    const auto a = static_cast<Activation>(activation);
    std::vector<BiasAct> cases{options_for(a, 1.0, -1), options_for(a, 1.3, 0.8), options_for(a, -0.7, -1), options_for(a, 0.0, -1)};
    if (a == Activation::lrelu) cases.push_back(options_for(a, 1.1, -1, -0.3));
    for (const auto& o : cases) {
      const at::Tensor x = off_corners(randn({2, 3, 2, 2}, 31, at::kDouble)), b = randn({3}, 32, at::kDouble) * 0.01;
      const checks::Function with_bias = [&o](const checks::Tensors& in) { return bias_act(in[0], in[1], o); };
      const checks::Function alone = [&o](const checks::Tensors& in) { return bias_act(in[0].contiguous(at::MemoryFormat::ChannelsLast), {}, o); };
      QVERIFY(checks::gradient_error(with_bias, {x, b}) < 1e-8);
      QVERIFY(checks::gradient_error(alone, {x}) < 1e-8);
      QVERIFY(checks::second_gradient_error(with_bias, {x, b}) < 1e-8);
      QVERIFY(checks::second_gradient_error(alone, {x}) < 1e-8);
      // Through the gradient of the bias, too.
      const checks::Function of_bias = [&o](const checks::Tensors& in) { return bias_act(in[1], in[0], o); };
      QVERIFY(checks::second_gradient_error(of_bias, {b, x}) < 1e-8);
    }
  }

  // Against ATen's own derivatives, on shapes that take every path of the sums.
  void gradients_of_large() {
    const auto o = options_for(Activation::lrelu, std::sqrt(2.0), 1.5);
    for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
      for (const auto& shape : std::vector<std::vector<std::int64_t>>{{2, 3, 150, 130}, {4, 64, 4, 4}, {3, 300, 9, 9}, {2, 7, 1, 1}}) {
        const checks::Tensors in{randn(shape, 41).contiguous(format).requires_grad_(), randn({shape[1]}, 42).requires_grad_()};
        const at::Tensor weights = randn(shape, 43);
        const auto ours = checks::gradients([&o](const checks::Tensors& t) { return bias_act(t[0], t[1], o); }, in, weights, false);
        const auto theirs = checks::gradients([&o](const checks::Tensors& t) { return plain::bias_act(t[0], t[1], o); }, in, weights, false);
        QVERIFY(checks::distance(ours[0], theirs[0]) < 1e-6);
        QVERIFY(checks::distance(ours[1], theirs[1]) < 1e-5);
        QVERIFY(checks::same_bits(ours[1], checks::gradients([&o](const checks::Tensors& t) { return bias_act(t[0], t[1], o); }, in, weights, false)[1]));
      }
    }
  }

  // The output is kept, not the input: a convolution's result is freed as soon as it was used.
  void keeps_the_output_only() {
    at::Tensor x = randn({4, 4}, 51).requires_grad_();
    at::Tensor product = x * 2.0;
    const at::Tensor y = bias_act(product, {}, options_for(Activation::lrelu, 1.0, -1));
    QCOMPARE(product.storage().use_count(), std::size_t{1});
    QVERIFY(y.requires_grad());
  }

  void third_derivative_says_so() {
    const auto third = [](Activation a) {
      at::Tensor x = randn({5}, 61, at::kDouble).requires_grad_();
      at::Tensor g = bias_act(x, {}, options_for(a, 1.0, -1)).sum();
      for (int k = 0; k < 3; ++k) g = torch::autograd::grad({g.sum()}, {x}, {}, true, true, true)[0];
      return g;
    };
    QVERIFY_EXCEPTION_THROWN(third(Activation::tanh), std::exception);
  }
};

QTEST_GUILESS_MAIN(TestBiasAct)
#include "test_bias_act.moc"
