#include "checks.h"

#include "kernels/nearest_code/nearest_code.h"
#include "kernels/plain/plain_ops.h"

using namespace orrery::kernels;
using checks::randn;

namespace {

// Squared distances of rows to the codes found for them, in float64.
at::Tensor distances(const at::Tensor& x, const at::Tensor& codes, const at::Tensor& found) {
  return (x.to(at::kDouble) - codes.to(at::kDouble).index_select(0, found)).square().sum(1);
}

}  // namespace

class TestNearestCode : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  // Nobody is nearer, but for rounding.
  void against_all_distances() {
    for (const auto type : {at::kFloat, at::kDouble}) {
      for (const auto& size : std::vector<std::vector<std::int64_t>>{{1, 1, 1}, {5, 3, 2}, {64, 16, 8}, {67, 33, 7}, {130, 257, 64}, {300, 1024, 64}, {9, 31, 300}, {1000, 4, 3}}) {
        const at::Tensor x = randn({size[0], size[2]}, 1, type), codes = randn({size[1], size[2]}, 2, type);
        const at::Tensor ours = nearest_code(x, codes), theirs = plain::nearest_code(x.to(at::kDouble), codes.to(at::kDouble));
        QVERIFY(ours.scalar_type() == at::kLong && ours.sizes() == theirs.sizes());
        QVERIFY(ours.min().item<std::int64_t>() >= 0 && ours.max().item<std::int64_t>() < size[1]);
        const double worst = (distances(x, codes, ours) - distances(x, codes, theirs)).max().item<double>();
        QVERIFY2(worst <= (type == at::kFloat ? 1e-5 : 1e-13) * static_cast<double>(size[2]), std::to_string(worst).c_str());
        if (type == at::kDouble) QVERIFY(at::equal(ours, theirs));
      }
    }
  }

  // Whole numbers have many equal distances, and no rounding.
  void the_first_of_equals() {
    for (const auto type : {at::kFloat, at::kDouble}) {
      const at::Tensor x = randn({211, 3}, 1, type).mul(2.0).round(), codes = randn({97, 3}, 2, type).mul(2.0).round();
      QVERIFY(at::equal(nearest_code(x, codes), plain::nearest_code(x, codes)));
      // Codes that are the same score the same, wherever they stand and whatever the numbers.
      const at::Tensor y = randn({211, 37}, 3, type), book = randn({45, 37}, 4, type);
      const at::Tensor once = nearest_code(y, book);
      QVERIFY(at::equal(nearest_code(y, at::cat({book, book, book})), once));
    }
  }

  void a_row_alone_or_among_others() {
    const at::Tensor x = randn({133, 20}, 5), codes = randn({70, 20}, 6), all = nearest_code(x, codes);
    for (const std::int64_t i : {0, 1, 3, 64, 127, 132}) QVERIFY(at::equal(nearest_code(x.narrow(0, i, 1), codes), all.narrow(0, i, 1)));
    at::set_num_threads(1);
    const at::Tensor one = nearest_code(x, codes);
    at::set_num_threads(2);
    QVERIFY(at::equal(one, nearest_code(x, codes)) && at::equal(one, all));
  }

  void odd_inputs() {
    const at::Tensor x = randn({40, 12}, 7), codes = randn({9, 12}, 8), expected = nearest_code(x, codes);
    QVERIFY(at::equal(nearest_code(x.t().contiguous().t(), codes.t().contiguous().t()), expected));
    QVERIFY(at::equal(nearest_code(randn({40, 24}, 9).slice(1, 3, 15).copy_(x), codes), expected));
    QCOMPARE(nearest_code(at::zeros({0, 12}), codes).numel(), std::int64_t{0});
    QVERIFY(at::equal(nearest_code(at::zeros({3, 0}), at::zeros({4, 0})), at::zeros({3}, at::kLong)));
    const at::Tensor wants = x.clone().requires_grad_();
    QVERIFY(!nearest_code(wants, codes).requires_grad());
    QVERIFY(at::equal(nearest_code(at::full({2, 12}, std::numeric_limits<float>::quiet_NaN()), codes), at::zeros({2}, at::kLong)));
  }

  void wrong_use() {
    QVERIFY_EXCEPTION_THROWN(nearest_code(at::zeros({3, 4}), at::zeros({5, 3})), c10::Error);
    QVERIFY_EXCEPTION_THROWN(nearest_code(at::zeros({3, 4}), at::zeros({0, 4})), c10::Error);
    QVERIFY_EXCEPTION_THROWN(nearest_code(at::zeros({3, 4}), at::zeros({5, 4}, at::kDouble)), c10::Error);
    QVERIFY_EXCEPTION_THROWN(nearest_code(at::zeros({4}), at::zeros({5, 4})), c10::Error);
  }
};

QTEST_GUILESS_MAIN(TestNearestCode)
#include "test_nearest_code.moc"
