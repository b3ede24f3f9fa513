#include "checks.h"

#include "kernels/plain/plain_ops.h"
#include "kernels/upfirdn2d/upfirdn2d.h"

using namespace orrery::kernels;
using checks::randn;

namespace {
const at::Tensor k1331() { return setup_filter({1, 3, 3, 1}); }

struct Case {
  const char* name;
  at::Tensor filter;
  UpFirDn o;
};

std::vector<Case> cases() {
  const at::Tensor square = randn({3, 5}, 5) * 0.3, one = setup_filter({1, 2, 5, 2, 1, -1, 3, 1, 1, 2, 0, 4}, true, false, 1.0, true), small = setup_filter({1, 2, 1});
  return {{"plain", k1331(), {}},
          {"up", k1331(), {2, 2, 1, 1, {2, 1, 2, 1}, false, 4.0}},
          {"down", k1331(), {1, 1, 2, 2, {1, 1, 1, 1}, false, 1.0}},
          {"blur after up", k1331(), {1, 1, 1, 1, {1, 1, 1, 1}, true, 4.0}},
          {"3 taps", small, {1, 1, 1, 1, {1, 1, 1, 1}, false, 1.0}},
          {"3 taps up", small, {2, 2, 1, 1, {2, 1, 2, 1}, false, 4.0}},
          {"3 taps up 3 down 2", small, {3, 3, 2, 2, {2, 1, 2, 1}, false, 1.0}},
          {"not separable", square, {1, 1, 1, 1, {2, 2, 1, 1}, false, 1.0}},
          {"not separable, up and down", square, {2, 3, 3, 2, {5, 2, 3, 4}, false, 2.5}},
          {"not separable, flipped", square, {1, 1, 2, 3, {0, 3, 2, 1}, true, 1.0}},
          {"12 taps up", one, {2, 2, 1, 1, {6, 5, 6, 5}, false, 4.0}},
          {"12 taps down", one, {1, 1, 2, 2, {5, 5, 7, 4}, true, 1.7}},
          {"12 taps up 4", one, {4, 4, 1, 1, {6, 5, 6, 5}, false, 1.0}},
          {"crop", square, {1, 1, 1, 1, {-2, 3, 1, -1}, false, 1.0}},
          {"crop up", k1331(), {2, 2, 1, 1, {-3, -2, -1, 4}, false, 4.0}},
          {"far padding", k1331(), {1, 1, 1, 1, {30, 25, 21, 24}, false, 1.0}},
          {"far padding up", k1331(), {2, 2, 1, 1, {31, 25, 22, 24}, false, 1.0}},
          {"no filter", {}, {2, 2, 3, 3, {1, 0, 0, 2}, false, 1.5}},
          {"one axis", k1331(), {2, 1, 1, 2, {2, 1, 1, 1}, false, 1.0}}};
}
}  // namespace

class TestUpFirDn2d : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void filters() {
    const at::Tensor f = k1331();
    QCOMPARE(f.sizes(), at::IntArrayRef({4, 4}));
    QCOMPARE(f.sum().item<float>(), 1.0f);
    QCOMPARE(f[1][2].item<float>(), 9.0f / 64.0f);
    QCOMPARE(setup_filter({1, 3, 3, 1}, false, false, 9.0, true)[1].item<float>(), 9.0f);  // 3, times the root of 9
    const at::Tensor turned = setup_filter(at::arange(1, 7, at::kFloat).view({2, 3}), false, true, 2.0);
    QCOMPARE(turned[0][0].item<float>(), 12.0f);
    QCOMPARE(turned[1][2].item<float>(), 2.0f);
  }

  void values_data() {
    QTest::addColumn<int>("index");
    const auto all = cases();
    for (std::size_t k = 0; k < all.size(); ++k) QTest::newRow(all[k].name) << static_cast<int>(k);
  }
  void values() {
    QFETCH(int, index);
    const Case c = cases()[static_cast<std::size_t>(index)];
    for (const auto type : {at::kFloat, at::kDouble}) {
      const double allowed = type == at::kFloat ? 2e-6 : 1e-14;
      for (const auto& shape : std::vector<std::vector<std::int64_t>>{{2, 4, 7, 10}, {1, 1, 16, 16}, {2, 3, 33, 65}, {1, 19, 9, 8}, {0, 3, 8, 8}, {2, 0, 8, 8}}) {
        const at::Tensor x = randn(shape, 11, type);
        const at::Tensor theirs = shape[0] && shape[1] ? plain::upfirdn2d(x, c.filter, c.o) : at::Tensor();
        for (const at::Tensor& in : {x, x.contiguous(at::MemoryFormat::ChannelsLast), x.transpose(2, 3).contiguous().transpose(2, 3)}) {
          const at::Tensor y = upfirdn2d(in, c.filter, c.o);
          if (theirs.defined()) {
            QVERIFY2(checks::distance(y, theirs) <= allowed, qPrintable(QString::number(checks::distance(y, theirs))));
          } else {
            QCOMPARE(y.numel(), std::int64_t{0});
          }
        }
      }
    }
  }

  void derivatives_data() { values_data(); }
  void derivatives() {
    QFETCH(int, index);
    const Case c = cases()[static_cast<std::size_t>(index)];
    const checks::Function f = [&c](const checks::Tensors& in) { return upfirdn2d(in[0], c.filter, c.o); };
    const at::Tensor x = randn({1, 1, 5, 6}, 21, at::kDouble);
    QVERIFY(checks::gradient_error(f, {x}) < 1e-7);
    QVERIFY(checks::second_gradient_error(f, {x}) < 1e-7);
    // Larger, in float32, against ATen's derivative; both layouts.
    for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
      const at::Tensor big = randn({2, 5, 31, 34}, 22).contiguous(format).requires_grad_();
      const at::Tensor weights = randn(f({big}).sizes(), 23);
      const auto ours = checks::gradients(f, {big}, weights, false);
      const auto theirs = checks::gradients([&c](const checks::Tensors& in) { return plain::upfirdn2d(in[0], c.filter, c.o); }, {big}, weights, false);
      QVERIFY(checks::distance(ours[0], theirs[0]) < 5e-6);
    }
  }

  void usual_forms() {
    const at::Tensor x = randn({2, 3, 8, 12}, 31);
    for (const at::Tensor& f : {k1331(), setup_filter({1, 2, 1}), setup_filter({1, 3, 3, 1}, true, false, 1.0, true), at::Tensor()}) {
      QCOMPARE(upsample2d(x, f).sizes(), at::IntArrayRef({2, 3, 16, 24}));
      QCOMPARE(downsample2d(x, f).sizes(), at::IntArrayRef({2, 3, 4, 6}));
      QCOMPARE(filter2d(x, f).sizes(), at::IntArrayRef({2, 3, 8, 12}));
    }
    // [1, 3, 3, 1] keeps pictures centred: the mirror image of the result is the result of the mirror image.
    QVERIFY(checks::distance(upsample2d(x.flip({2, 3}), k1331()), upsample2d(x, k1331()).flip({2, 3})) < 1e-6);
    QVERIFY(checks::distance(downsample2d(x.flip({2, 3}), k1331()), downsample2d(x, k1331()).flip({2, 3})) < 1e-6);
    // A constant stays itself away from the borders.
    QVERIFY(checks::distance(upsample2d(at::ones({1, 1, 8, 8}), k1331()).slice(2, 2, 14).slice(3, 2, 14), at::ones({1, 1, 12, 12})) < 1e-6);
  }

  void wrong_use() {
    const at::Tensor x = randn({1, 1, 4, 4}, 1);
    QVERIFY_EXCEPTION_THROWN(upfirdn2d(x, at::ones({9}), {}), c10::Error);
    QVERIFY_EXCEPTION_THROWN(upfirdn2d(x[0], k1331(), {}), c10::Error);
    QVERIFY_EXCEPTION_THROWN(upfirdn2d(x.to(at::kInt), k1331(), {}), c10::Error);
    UpFirDn o;
    o.up_x = 0;
    QVERIFY_EXCEPTION_THROWN(upfirdn2d(x, k1331(), o), c10::Error);
    o = {};
    o.padding = {-3, -2, 0, 0};
    QVERIFY_EXCEPTION_THROWN(upfirdn2d(x, {}, o), c10::Error);
  }
};

QTEST_GUILESS_MAIN(TestUpFirDn2d)
#include "test_upfirdn2d.moc"
