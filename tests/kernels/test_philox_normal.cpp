#include "checks.h"

#include <ATen/Parallel.h>

#include <array>

#include "kernels/philox_normal/philox_normal.h"

using namespace orrery::kernels;

namespace {
at::Tensor seeds(std::vector<std::int64_t> values) { return at::tensor(values, at::kLong); }
constexpr std::int64_t kMany = 1 << 20;
}  // namespace

class TestPhiloxNormal : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  // The known answers that Random123 publishes for philox4x32-10.
  void known_answers() {
    const auto check = [](std::uint64_t key, std::uint64_t low, std::uint64_t high, std::array<std::uint32_t, 4> expected) {
      std::array<std::uint32_t, 4> out{};
      philox4x32_10(key, low, high, out.data());
      return out == expected;
    };
    QVERIFY(check(0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    QVERIFY(check(~0ull, ~0ull, ~0ull, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    QVERIFY(check(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
  }

  void bits_follow_the_definition() {
    const std::int64_t per_row = 1037;
    const at::Tensor bits = philox_bits(seeds({5, -7, 1ll << 40}), 11, per_row, at::kCPU, (1ull << 32) - 3);
    const std::int64_t keys[] = {5, -7, 1ll << 40};
    for (int row = 0; row < 3; ++row) {
      for (std::int64_t e = 0; e < per_row; ++e) {
        std::uint32_t out[4];
        philox4x32_10(static_cast<std::uint64_t>(keys[row]), (1ull << 32) - 3 + static_cast<std::uint64_t>(e / 4), 11, out);
        QCOMPARE(static_cast<std::uint32_t>(bits[row].const_data_ptr<std::int32_t>()[e]), out[e % 4]);
      }
    }
  }

  void rows_do_not_depend_on_their_company() {
    for (const auto type : {at::kFloat, at::kDouble}) {
      for (const std::int64_t per_row : {1, 2, 3, 63, 64, 65, 1000, 70001}) {
        std::vector<std::int64_t> sixteen(16);
        for (int k = 0; k < 16; ++k) sixteen[static_cast<std::size_t>(k)] = 100 + k;
        const at::Tensor all = philox_normal(seeds(sixteen), 3, per_row, type);
        QVERIFY(checks::same_bits(all.slice(0, 7, 8), philox_normal(seeds({107}), 3, per_row, type)));
        QVERIFY(checks::same_bits(all.slice(1, 0, per_row / 2), philox_normal(seeds(sixteen), 3, per_row / 2, type)));
        const std::int64_t block = type == at::kFloat ? 4 : 2;
        if (per_row > 8 * block) {
          QVERIFY(checks::same_bits(all.slice(1, 8 * block), philox_normal(seeds(sixteen), 3, per_row - 8 * block, type, 8)));
        }
        const int threads = at::get_num_threads();
        at::set_num_threads(1);
        QVERIFY(checks::same_bits(all, philox_normal(seeds(sixteen), 3, per_row, type)));
        at::set_num_threads(threads);
      }
    }
  }

  // Written once from this program: they must never change, on any processor, or old recipes would give other pictures.
  void pinned_values() {
    const at::Tensor f = philox_normal(seeds({42}), 1, 4, at::kFloat), d = philox_normal(seeds({42}), 1, 2, at::kDouble), u = philox_uniform(seeds({42}), 1, 4, at::kFloat);
    QString got;
    for (int k = 0; k < 4; ++k) got += QString::number(static_cast<double>(f[0][k].item<float>()), 'g', 9) + ' ';
    for (int k = 0; k < 2; ++k) got += QString::number(d[0][k].item<double>(), 'g', 17) + ' ';
    for (int k = 0; k < 4; ++k) got += QString::number(static_cast<double>(u[0][k].item<float>()), 'g', 9) + ' ';
    QCOMPARE(got, QString("2.12769079 2.16137409 -0.408270836 -1.65975308 -0.48595370776513414 -1.9755590917286681 0.0100588202 0.12624985 0.232066154 0.711612701 "));
  }

  // Box-Muller by the C library, in float64, from the same words.
  void box_muller() {
    std::uint32_t w[4];
    double worst = 0.0, worst_double = 0.0;
    const at::Tensor f = philox_normal(seeds({9}), 2, 4000, at::kFloat), d = philox_normal(seeds({9}), 2, 2000, at::kDouble);
    for (std::uint64_t block = 0; block < 1000; ++block) {
      philox4x32_10(9, block, 2, w);
      for (int pair = 0; pair < 2; ++pair) {
        const double r = std::sqrt(-2 * std::log((w[2 * pair] + 0.5) / 4294967296.0)), angle = 2 * M_PI * w[2 * pair + 1] / 4294967296.0;
        const float* got = f.const_data_ptr<float>() + block * 4 + static_cast<std::uint64_t>(2 * pair);
        worst = std::max({worst, std::abs(got[0] - r * std::cos(angle)), std::abs(got[1] - r * std::sin(angle))});
      }
      const double u = (static_cast<double>((w[0] | static_cast<std::uint64_t>(w[1]) << 32) >> 11) + 0.5) / 9007199254740992.0;
      const double r = std::sqrt(-2 * std::log(u)), angle = 2 * M_PI * (static_cast<double>(w[2] | static_cast<std::uint64_t>(w[3]) << 32) / 18446744073709551616.0);
      const double* got = d.const_data_ptr<double>() + block * 2;
      worst_double = std::max({worst_double, std::abs(got[0] - r * std::cos(angle)), std::abs(got[1] - r * std::sin(angle))});
    }
    QVERIFY2(worst < 1e-6, qPrintable(QString::number(worst)));
    QVERIFY2(worst_double < 5e-15, qPrintable(QString::number(worst_double)));
  }

  void moments() {
    for (const auto type : {at::kFloat, at::kDouble}) {
      const at::Tensor n = philox_normal(seeds({1}), 0, kMany, type).to(at::kDouble), u = philox_uniform(seeds({1}), 0, kMany, type).to(at::kDouble);
      const double root = std::sqrt(static_cast<double>(kMany));
      QVERIFY(std::abs(n.mean().item<double>()) < 4 / root);
      QVERIFY(std::abs(n.pow(2).mean().item<double>() - 1) < 4 * std::sqrt(2.0) / root);
      QVERIFY(std::abs(n.pow(3).mean().item<double>()) < 4 * std::sqrt(15.0) / root);
      QVERIFY(std::abs(n.pow(4).mean().item<double>() - 3) < 4 * std::sqrt(96.0) / root);
      QVERIFY(std::abs((n.slice(1, 0, kMany - 1) * n.slice(1, 1)).mean().item<double>()) < 4 / root);
      QVERIFY(std::abs(u.mean().item<double>() - 0.5) < 4 * std::sqrt(1.0 / 12) / root);
      QVERIFY(u.min().item<double>() >= 0.0 && u.max().item<double>() < 1.0);
    }
    const at::Tensor a = philox_normal(seeds({1, 2}), 0, kMany, at::kFloat), b = philox_normal(seeds({1}), 1, kMany, at::kFloat);
    QVERIFY(std::abs((a[0] * a[1]).mean().item<double>()) < 4e-3);
    QVERIFY(std::abs((a[0] * b[0]).mean().item<double>()) < 4e-3);
  }

  void empty_and_wrong() {
    QCOMPARE(philox_normal(seeds({}), 0, 5, at::kFloat).sizes(), at::IntArrayRef({0, 5}));
    QCOMPARE(philox_normal(seeds({1}), 0, 0, at::kFloat).sizes(), at::IntArrayRef({1, 0}));
    QVERIFY_EXCEPTION_THROWN(philox_normal(seeds({1}), 0, 4, at::kLong), c10::Error);
    QVERIFY_EXCEPTION_THROWN(philox_normal(at::ones({1}), 0, 4, at::kFloat), c10::Error);
  }
};

QTEST_GUILESS_MAIN(TestPhiloxNormal)
#include "test_philox_normal.moc"
