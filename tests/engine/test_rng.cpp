#include <ATen/ATen.h>
#include <QtTest>
#include <array>
#include <set>

#include "engine/device/rng.h"

using orrery::Rng;

class TestRng : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_value_depends_on_seed_stream_and_position_only() {
    Rng a(7, 2), b(7, 2);
    const at::Tensor first = a.normal({3, 5}, at::kFloat), second = a.normal({3, 5}, at::kFloat);
    QVERIFY(at::equal(first, b.normal({3, 5}, at::kFloat)));
    QVERIFY(at::equal(second, b.normal({3, 5}, at::kFloat)));
    QVERIFY(!at::equal(first, second));
    QVERIFY(!at::equal(first, Rng(8, 2).normal({3, 5}, at::kFloat)));
    QVERIFY(!at::equal(first, Rng(7, 3).normal({3, 5}, at::kFloat)));
  }

  void draws_do_not_overlap() {
    Rng rng(1);
    at::Tensor all = at::cat({rng.uniform({5}, at::kDouble), rng.uniform({6}, at::kDouble), rng.uniform({1}, at::kDouble), at::full({1}, rng.uniform01(), at::kDouble)});
    QCOMPARE(std::get<0>(at::sort(all)).diff().eq(0).sum().item<int>(), 0);
    QVERIFY(rng.uniform01() != rng.uniform01());
  }

  void forks() {
    const Rng root(5);
    QVERIFY(root.fork(1).stream() != root.fork(2).stream());
    QCOMPARE(root.fork("noise").stream(), Rng(5).fork("noise").stream());
    QVERIFY(root.fork("noise").stream() != root.fork("nois").stream());
    QVERIFY(root.fork("a").fork("b").stream() != root.fork("b").fork("a").stream());
    QVERIFY(root.fork(0).stream() != root.stream());
    QCOMPARE(root.fork(3).seed(), std::uint64_t{5});
    Rng drawn(5);
    drawn.uniform01();
    QCOMPARE(drawn.fork(9).stream(), root.fork(9).stream());
    std::set<std::uint64_t> streams;
    for (std::uint64_t k = 0; k < 10000; ++k) streams.insert(root.fork(k).stream());
    QCOMPARE(streams.size(), std::size_t{10000});
  }

  void whole_numbers() {
    Rng rng(3);
    std::array<int, 7> counts{};
    for (int k = 0; k < 70000; ++k) {
      const auto n = rng.below(7);
      QVERIFY(n >= 0 && n < 7);
      ++counts[static_cast<std::size_t>(n)];
    }
    double chi = 0;
    for (const int c : counts) chi += (c - 10000.0) * (c - 10000.0) / 10000.0;
    QVERIFY2(chi < 27.9, qPrintable(QString::number(chi)));  // 6 degrees of freedom, p = 1e-4
    QCOMPARE(rng.below(1), std::int64_t{0});
    QVERIFY(rng.below(std::int64_t{1} << 62) >= 0);
    QVERIFY_EXCEPTION_THROWN(rng.below(0), std::invalid_argument);
  }

  void shapes_and_types() {
    Rng rng(4);
    QCOMPARE(rng.normal({}, at::kFloat).dim(), std::int64_t{0});
    QCOMPARE(rng.normal({0, 3}, at::kFloat).sizes(), at::IntArrayRef({0, 3}));
    QCOMPARE(rng.normal({4, 2}, at::kDouble).scalar_type(), at::kDouble);
    QCOMPARE(rng.normal({4, 2}, at::kBFloat16).scalar_type(), at::kBFloat16);
  }

  void sample_seven_of_sixteen() {
    std::vector<std::uint64_t> seeds(16);
    for (std::size_t k = 0; k < 16; ++k) seeds[k] = 1000 + k * k;
    const at::Tensor all = orrery::normal_per_sample(seeds, 9, {3, 33, 7}, at::kFloat);
    QCOMPARE(all.sizes(), at::IntArrayRef({16, 3, 33, 7}));
    QVERIFY(at::equal(all[7], orrery::normal_per_sample({seeds[7]}, 9, {3, 33, 7}, at::kFloat)[0]));
    QVERIFY(!at::equal(all[7], all[8]));
  }
};

QTEST_GUILESS_MAIN(TestRng)
#include "test_rng.moc"
