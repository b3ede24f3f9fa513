#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <QtTest>

#include "kernels/affine_sample/affine_sample.h"

using orrery::kernels::affine_sample;

namespace {

// Small rotations, scalings and shifts: samples fall inside, on the edge and outside.
at::Tensor some_thetas(std::int64_t count) {
  at::Tensor theta = at::zeros({count, 2, 3}, at::kDouble);
  for (std::int64_t n = 0; n < count; ++n) {
    const double angle = 0.4 * static_cast<double>(n), scale = 0.7 + 0.3 * static_cast<double>(n);
    const double rows[6] = {scale * std::cos(angle), -scale * std::sin(angle), 0.13 * n, scale * std::sin(angle), scale * std::cos(angle), -0.21 * n};
    theta[n].copy_(at::tensor(at::ArrayRef<double>(rows, 6), at::kDouble).reshape({2, 3}));
  }
  return theta;
}

at::Tensor plain(const at::Tensor& x, const at::Tensor& theta, std::int64_t height, std::int64_t width) {
  const at::Tensor grid = at::affine_grid_generator(theta.to(x.scalar_type()), {x.size(0), x.size(1), height, width}, false);
  return at::grid_sampler_2d(x, grid, 0, 0, false);
}

double gap(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

}  // namespace

class TestAffineSample : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void equals_grid_sample_data() {
    QTest::addColumn<int>("height");
    QTest::addColumn<int>("width");
    QTest::newRow("smaller") << 5 << 7;
    QTest::newRow("larger") << 23 << 18;
    QTest::newRow("one pixel") << 1 << 1;
  }
  void equals_grid_sample() {
    QFETCH(int, height);
    QFETCH(int, width);
    at::manual_seed(1);
    const at::Tensor theta = some_thetas(4);
    const at::Tensor x = at::randn({4, 3, 11, 9}, at::kDouble);
    QVERIFY(gap(affine_sample(x, theta, height, width), plain(x, theta, height, width)) < 1e-12);
    QVERIFY(gap(affine_sample(x.to(at::kFloat), theta, height, width), plain(x, theta, height, width)) < 1e-5);
  }

  void identity_keeps_the_picture() {
    const at::Tensor x = at::randn({2, 3, 8, 6}, at::kDouble);
    at::Tensor theta = at::zeros({2, 2, 3}, at::kDouble);
    theta.select(1, 0).select(1, 0).fill_(1.0);
    theta.select(1, 1).select(1, 1).fill_(1.0);
    QVERIFY(gap(affine_sample(x, theta, 8, 6), x) < 1e-13);
  }

  void gradient_is_the_adjoint() {
    at::manual_seed(2);
    const at::Tensor theta = some_thetas(3);
    const at::Tensor x = at::randn({3, 2, 10, 12}, at::kDouble).requires_grad_(true);
    const at::Tensor y = at::randn({3, 2, 9, 7}, at::kDouble);
    const at::Tensor out = affine_sample(x, theta, 9, 7);
    const at::Tensor grad = torch::autograd::grad({(out * y).sum()}, {x}, {}, true)[0];
    const at::Tensor reference = torch::autograd::grad({(plain(x, theta, 9, 7) * y).sum()}, {x})[0];
    QVERIFY(gap(grad, reference) < 1e-12);
    QVERIFY(std::abs((out.detach() * y).sum().item<double>() - (x.detach() * grad).sum().item<double>()) < 1e-10);
  }

  void second_derivative_by_differences() {
    at::manual_seed(3);
    const at::Tensor theta = some_thetas(2);
    const at::Tensor start = at::randn({2, 1, 6, 5}, at::kDouble), direction = at::randn_like(start);
    // penalty(x) = |d sum(tanh(S x)) / dx|^2
    const auto penalty = [&](const at::Tensor& x) {
      const at::Tensor slope = torch::autograd::grad({at::tanh(affine_sample(x, theta, 8, 8)).sum()}, {x}, {}, true, true)[0];
      return slope.square().sum();
    };
    const at::Tensor x = start.clone().requires_grad_(true);
    const double along = (torch::autograd::grad({penalty(x)}, {x})[0] * direction).sum().item<double>();
    const double h = 1e-5;
    const auto at_step = [&](double t) { return penalty((start + direction * t).requires_grad_(true)).item<double>(); };
    const double difference = (at_step(h) - at_step(-h)) / (2 * h);
    QVERIFY2(std::abs(along - difference) < 1e-6 * std::max(1.0, std::abs(difference)), qPrintable(QString::number(along - difference)));
  }

  void takes_strided_and_empty_pictures() {
    const at::Tensor theta = some_thetas(2);
    const at::Tensor wide = at::randn({2, 3, 8, 16}, at::kDouble);
    const at::Tensor strided = wide.slice(3, 0, 16, 2);
    QVERIFY(gap(affine_sample(strided, theta, 8, 8), affine_sample(strided.contiguous(), theta, 8, 8)) == 0.0);
    QVERIFY(gap(affine_sample(strided.contiguous(at::MemoryFormat::ChannelsLast), theta, 8, 8), affine_sample(strided.contiguous(), theta, 8, 8)) == 0.0);
    QCOMPARE(affine_sample(at::empty({0, 3, 8, 8}), at::empty({0, 2, 3}, at::kDouble), 4, 4).numel(), std::int64_t{0});
    QCOMPARE(affine_sample(at::randn({2, 3, 8, 8}), theta, 0, 4).numel(), std::int64_t{0});
  }

  void refuses_wrong_shapes() {
    QVERIFY_EXCEPTION_THROWN(affine_sample(at::randn({2, 3, 8, 8}), some_thetas(3), 4, 4), c10::Error);
    QVERIFY_EXCEPTION_THROWN(affine_sample(at::randn({3, 8, 8}), some_thetas(3), 4, 4), c10::Error);
  }
};

QTEST_GUILESS_MAIN(TestAffineSample)
#include "test_affine_sample.moc"
