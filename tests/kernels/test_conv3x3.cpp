#include "checks.h"

#include "kernels/conv3x3/conv3x3.h"
#include "kernels/plain/plain_ops.h"
#include "kernels/upfirdn2d/upfirdn2d.h"

using namespace orrery::kernels;
using checks::randn;

namespace {

const Conv3x3Form kForms[] = {Conv3x3Form::same, Conv3x3Form::up, Conv3x3Form::down};

// The definition, by LibTorch in float64.
at::Tensor plain_conv(const at::Tensor& x, const at::Tensor& w, Conv3x3Form form) {
  const std::vector<std::int64_t> one{1, 1};
  at::Tensor in = x.to(at::kDouble);
  if (form == Conv3x3Form::down) {
    std::vector<at::Tensor> groups;
    for (int a = 0; a < 2; ++a) {
      for (int b = 0; b < 2; ++b) groups.push_back(in.slice(2, a, in.size(2), 2).slice(3, b, in.size(3), 2));
    }
    in = at::cat(groups, 1);
  }
  const at::Tensor y = at::conv2d(in, w.to(at::kDouble), {}, one, one);
  if (form != Conv3x3Form::up) return y;
  const auto o = y.size(1) / 4;
  at::Tensor out = at::zeros({y.size(0), o, 2 * y.size(2), 2 * y.size(3)}, at::kDouble);
  for (int a = 0; a < 2; ++a) {
    for (int b = 0; b < 2; ++b) out.slice(2, a, out.size(2), 2).slice(3, b, out.size(3), 2).copy_(y.narrow(1, (2 * a + b) * o, o));
  }
  return out;
}

at::Tensor input(Conv3x3Form form, std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w, std::uint64_t seed, at::ScalarType type = at::kFloat) {
  const int fine = form == Conv3x3Form::down ? 2 : 1;
  return randn({n, c, h * fine, w * fine}, seed, type);
}
at::Tensor weights(Conv3x3Form form, std::int64_t in, std::int64_t out, std::uint64_t seed, at::ScalarType type = at::kFloat) {
  return randn({out * (form == Conv3x3Form::up ? 4 : 1), in * (form == Conv3x3Form::down ? 4 : 1), 3, 3}, seed, type) / std::sqrt(9.0 * static_cast<double>(in));
}

struct Shape {
  std::int64_t n, in, out, h, w;
};
const std::vector<Shape> kShapes{{1, 16, 16, 8, 8}, {2, 3, 5, 7, 10}, {3, 33, 65, 4, 4}, {1, 1, 1, 1, 1}, {2, 20, 130, 9, 33}, {1, 100, 48, 17, 16}, {0, 4, 4, 8, 8}};

}  // namespace

class TestConv3x3 : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void values() {
    for (const auto form : kForms) {
      for (const auto& s : kShapes) {
        const at::Tensor x = input(form, s.n, s.in, s.h, s.w, 1), w = weights(form, s.in, s.out, 2), right = plain_conv(x, w, form).to(at::kFloat);
        for (const at::Tensor& in : {x, x.contiguous(at::MemoryFormat::ChannelsLast), x.transpose(2, 3).contiguous().transpose(2, 3)}) {
          const double error = checks::distance(conv3x3(in, w, form), right);
          QVERIFY2(error <= 1e-5, qPrintable(QString("form %1, %2 -> %3: %4").arg(int(form)).arg(s.in).arg(s.out).arg(error)));
        }
        QVERIFY(checks::distance(conv3x3(x.to(at::kDouble), w.to(at::kDouble), form).to(at::kFloat), right) <= 1e-6);
      }
    }
  }

  void derivatives_in_double() {
    for (const auto form : kForms) {
      const at::Tensor x = input(form, 2, 2, 3, 2, 3, at::kDouble), w = weights(form, 2, 3, 4, at::kDouble);
      const checks::Function f = [form](const checks::Tensors& in) { return conv3x3(in[0], in[1], form); }, turned = [form](const checks::Tensors& in) { return conv3x3(in[1], in[0], form); };
      QVERIFY(checks::gradient_error(f, {x, w}) < 1e-7);
      QVERIFY(checks::second_gradient_error(f, {x, w}) < 1e-7);
      QVERIFY(checks::second_gradient_error(turned, {w, x}) < 1e-7);
    }
  }

  // First and second derivatives of the loops, against those in float64.
  void derivatives_of_the_loops() {
    for (const auto form : kForms) {
      for (const auto& s : std::vector<Shape>{{2, 16, 32, 8, 8}, {1, 18, 7, 13, 10}, {3, 65, 16, 4, 5}}) {
        const auto all = [&](at::ScalarType type) {
          checks::Tensors in{input(form, s.n, s.in, s.h, s.w, 5).to(type).requires_grad_(), weights(form, s.in, s.out, 6).to(type).requires_grad_()};
          const at::Tensor y = conv3x3(in[0], in[1], form), dy = randn(y.sizes(), 7).to(type).requires_grad_();
          in.push_back(dy);
          checks::Tensors first = torch::autograd::grad({(y * dy).sum()}, {in[0], in[1]}, {}, true, true);
          const checks::Tensors second = torch::autograd::grad({first[0].square().sum() + first[1].square().sum()}, in);
          first.insert(first.end(), second.begin(), second.end());
          return first;
        };
        const auto ours = all(at::kFloat), right = all(at::kDouble);
        for (std::size_t k = 0; k < ours.size(); ++k) {
          const double error = checks::distance(ours[k], right[k].to(at::kFloat));
          QVERIFY2(error <= 2e-5, qPrintable(QString("form %1, derivative %2: %3").arg(int(form)).arg(k).arg(error)));
        }
      }
    }
  }

  void a_layer_in_one_pass() {
    for (const auto form : kForms) {
      for (const auto activation : {Activation::linear, Activation::relu, Activation::lrelu}) {
        const std::int64_t n = 3, in = 20, out = 18;
        const at::Tensor x = input(form, n, in, 9, 8, 11), w = weights(form, in, out, 12), styles = randn({n, in}, 13), scale = randn({n, out}, 14), bias = randn({out}, 15);
        const at::Tensor y = plain_conv(x * styles.view({n, in, 1, 1}), w, form).to(at::kFloat);
        const BiasAct act{1, activation, 0.2, 1.4, 0.9};
        const Conv3x3Weights packed = conv3x3_weights(w);
        for (const at::Tensor& noise : {randn({n, 1, y.size(2), y.size(3)}, 16), randn({y.size(2), y.size(3)}, 17), at::Tensor()}) {
          const at::Tensor scaled = y * scale.view({n, out, 1, 1}), right = plain::bias_act(noise.defined() ? scaled + noise : scaled, bias, act);
          QVERIFY(checks::distance(conv3x3_layer(x, packed, form, styles, scale, noise, bias, act), right) <= 3e-5);
        }
        QVERIFY(checks::distance(conv3x3_layer(x, packed, form, {}, {}, {}, {}, {1, Activation::linear, 0.0, 1.0, -1.0}), plain_conv(x, w, form).to(at::kFloat)) <= 1e-5);
      }
    }
  }

  void small_maps_as_products() {
    const std::vector<std::int64_t> one{1, 1}, two{2, 2}, none{0, 0};
    for (const auto& s : std::vector<Shape>{{2, 20, 130, 4, 4}, {1, 5, 3, 9, 33}, {3, 64, 16, 1, 2}, {0, 4, 4, 8, 8}, {1, 8, 8, 40, 20}}) {
      const at::Tensor x = randn({s.n, s.in, s.h, s.w}, 25), w = weights(Conv3x3Form::same, s.in, s.out, 26), styles = randn({s.n, s.in}, 27);
      const Conv3x3Weights packed = conv3x3_plain_weights(w);
      const at::Tensor wide = x.to(at::kDouble), scaled = (x * styles.view({s.n, s.in, 1, 1})).to(at::kDouble);
      QVERIFY(checks::distance(conv3x3_plain(x, packed, Conv3x3Form::same, {}), at::conv2d(wide, w.to(at::kDouble), {}, one, one).to(at::kFloat)) <= 2e-6);
      QVERIFY(checks::distance(conv3x3_plain(x, packed, Conv3x3Form::up, styles), at::conv_transpose2d(scaled, w.to(at::kDouble).transpose(0, 1), {}, two, none).to(at::kFloat)) <= 5e-6);
    }
  }

  // The filter merged into the kernel gives what filter and convolution give one after the other.
  void filters_merge() {
    const at::Tensor filter = setup_filter({1, 3, 3, 1}).to(at::kDouble), w = randn({3, 2, 3, 3}, 21, at::kDouble), x = randn({2, 2, 6, 8}, 22, at::kDouble);
    const std::vector<std::int64_t> one{1, 1}, two{2, 2}, none{0, 0};
    const at::Tensor up = at::conv2d(plain::upfirdn2d(x, filter, {2, 2, 1, 1, {3, 2, 3, 2}, false, 4.0}), w);
    QVERIFY(checks::distance(conv3x3(x, conv3x3_up_weights(w, filter), Conv3x3Form::up), up) < 1e-12);
    const at::Tensor down = at::conv2d(plain::upfirdn2d(x, filter, {1, 1, 1, 1, {2, 2, 2, 2}, false, 1.0}), w, {}, two);
    QVERIFY(checks::distance(conv3x3(x, conv3x3_down_weights(w, filter), Conv3x3Form::down), down) < 1e-12);
    const at::Tensor odd = randn({4, 4}, 23, at::kDouble);  // not symmetric
    QVERIFY(checks::distance(conv3x3(x, conv3x3_up_weights(w, odd), Conv3x3Form::up), at::conv2d(plain::upfirdn2d(x, odd, {2, 2, 1, 1, {3, 2, 3, 2}, false, 4.0}), w)) < 1e-12);
    QVERIFY(checks::distance(conv3x3(x, conv3x3_down_weights(w, odd), Conv3x3Form::down), at::conv2d(plain::upfirdn2d(x, odd, {1, 1, 1, 1, {2, 2, 2, 2}, false, 1.0}), w, {}, two)) < 1e-12);
  }

  void samples_and_threads_do_not_matter() {
    for (const auto form : kForms) {
      const at::Tensor x = input(form, 5, 24, 12, 16, 31), w = weights(form, 24, 40, 32), y = conv3x3(x, w, form);
      for (std::int64_t k = 0; k < 5; ++k) QVERIFY(checks::same_bits(conv3x3(x.narrow(0, k, 1), w, form), y.narrow(0, k, 1)));
      const auto gradients = [&] {
        const at::Tensor a = x.detach().requires_grad_(), b = w.detach().requires_grad_();
        return torch::autograd::grad({conv3x3(a, b, form).square().sum()}, {a, b});
      };
      const int threads = at::get_num_threads();
      const auto many = gradients();
      at::set_num_threads(1);
      const auto one = gradients();
      at::set_num_threads(threads);
      for (std::size_t k = 0; k < 2; ++k) QVERIFY(checks::same_bits(many[k], one[k]));
    }
  }

  void wrong_use() {
    const at::Tensor x = randn({1, 4, 5, 6}, 41), w = randn({8, 4, 3, 3}, 42);
    QVERIFY_EXCEPTION_THROWN(conv3x3(x, w, Conv3x3Form::down), c10::Error);
    QVERIFY_EXCEPTION_THROWN(conv3x3(x, randn({8, 3, 3, 3}, 43)), c10::Error);
    QVERIFY_EXCEPTION_THROWN(conv3x3(x, randn({6, 4, 3, 3}, 44), Conv3x3Form::up), c10::Error);
    QVERIFY_EXCEPTION_THROWN(conv3x3(x, w.to(at::kDouble)), c10::Error);
    QVERIFY_EXCEPTION_THROWN(conv3x3_plain(x, conv3x3_plain_weights(w), Conv3x3Form::down, {}), c10::Error);
    QVERIFY_EXCEPTION_THROWN(conv3x3_layer(x, conv3x3_weights(w), Conv3x3Form::same, {}, {}, {}, {}, {1, Activation::swish, 0.2, 1.0, -1.0}), c10::Error);
  }
};

QTEST_GUILESS_MAIN(TestConv3x3)
#include "test_conv3x3.moc"
