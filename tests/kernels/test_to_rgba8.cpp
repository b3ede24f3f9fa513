#include "checks.h"

#include "kernels/plain/plain_ops.h"
#include "kernels/to_rgba8/to_rgba8.h"

using namespace orrery::kernels;
using checks::randn;

class TestToRgba8 : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void values() {
    for (const std::int64_t channels : {1, 3, 4}) {
      for (const auto& size : std::vector<std::vector<std::int64_t>>{{1, 1}, {7, 13}, {64, 64}, {33, 257}, {1, 5000}, {0, 4}}) {
        const at::Tensor x = randn({channels, size[0], size[1]}, 1);
        const at::Tensor theirs = plain::to_rgba8(x);
        QVERIFY(checks::same_bits(to_rgba8(x), theirs));
        QVERIFY(checks::same_bits(to_rgba8(x.permute({1, 2, 0}).contiguous().permute({2, 0, 1})), theirs));
        QVERIFY(checks::same_bits(to_rgba8(x.flip({2}).flip({2})), theirs));
        QVERIFY(checks::same_bits(to_rgba8(x.transpose(1, 2).contiguous().transpose(1, 2)), theirs));
        QVERIFY(to_rgba8(x).is_contiguous());
      }
    }
    const at::Tensor wide = randn({3, 20, 40}, 2);
    QVERIFY(checks::same_bits(to_rgba8(wide.slice(1, 3, 17).slice(2, 5, 29)), plain::to_rgba8(wide.slice(1, 3, 17).slice(2, 5, 29))));
  }

  void every_byte_comes_back() {
    const at::Tensor bytes = at::arange(256, at::kFloat);
    const at::Tensor out = to_rgba8(((bytes - 127.5) / 127.5).view({1, 16, 16}));
    for (int c = 0; c < 3; ++c) QVERIFY(at::equal(out.select(2, c).reshape({-1}).to(at::kFloat), bytes));
    QVERIFY((out.select(2, 3) == 255).all().item<bool>());
  }

  void edges() {
    const float inf = std::numeric_limits<float>::infinity();
    const at::Tensor x = at::tensor({-inf, -1.0f, -2.0f, 0.0f, 1.0f, 2.0f, inf, std::numeric_limits<float>::quiet_NaN()}).view({1, 1, 8});
    const at::Tensor red = to_rgba8(x).select(2, 0).view({-1});
    const int expected[] = {0, 0, 0, 128, 255, 255, 255, 0};
    for (int k = 0; k < 8; ++k) QCOMPARE(red[k].item<int>(), expected[k]);
  }

  void wrong_use() {
    QVERIFY_EXCEPTION_THROWN(to_rgba8(at::zeros({2, 4, 4})), c10::Error);
    QVERIFY_EXCEPTION_THROWN(to_rgba8(at::zeros({4, 4})), c10::Error);
    QVERIFY_EXCEPTION_THROWN(to_rgba8(at::zeros({3, 4, 4}, at::kDouble)), c10::Error);
  }
};

QTEST_GUILESS_MAIN(TestToRgba8)
#include "test_to_rgba8.moc"
