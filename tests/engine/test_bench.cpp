#include <ATen/ATen.h>
#include <QtTest>

#include <set>
#include <thread>

#include "engine/bench/bench.h"
#include "engine/bench/kernel_check.h"
#include "engine/device/host_memory.h"

using namespace orrery;

namespace {
bench::Options quick() {
  bench::Options o;
  o.seconds = 0.0;
  o.fewest = 9;
  o.warm_up = 1;
  return o;
}
void sleep_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }
}  // namespace

class TestBench : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void both_sides_take_turns() {
    std::string order;
    const auto m = bench::compare({[&] { order += 'A'; }, [&] { order += 'B'; sleep_ms(2); }, [] { return 0.0; }, 0.0}, quick());
    QCOMPARE(m.pairs, 9);
    QVERIFY(m.agree);
    QVERIFY(m.ratio > 1.0);
    QVERIFY(m.ratio_low <= m.ratio && m.ratio <= m.ratio_high);
    QCOMPARE(order.substr(0, 20), std::string("ABABABABABABABABABAB"));  // one pair to warm up, nine timed
  }

  void no_gate_no_time() {
    for (const double error : {0.2, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
      int runs = 0;
      const auto m = bench::compare({[&] { ++runs; }, [&] { ++runs; }, [error] { return error; }, 0.1}, quick());
      QVERIFY(!m.agree);
      QCOMPARE(runs, 0);
      const bench::Benchmark b{"name", "what", "peer", {}};
      QVERIFY(!bench::as_json(b, m).contains("ratio"));
      QVERIFY(bench::table_line(b, m).find("not timed") != std::string::npos);
    }
  }

  void memory_is_what_a_call_touches() {
    keep_host_memory();
    const double none = bench::peak_mib([] {});
    if (none < 0.0) QFAIL("/proc/self/clear_refs cannot be written here");
    const double much = bench::peak_mib([] { at::empty({64 << 20}, at::kByte).fill_(1); });
    QVERIFY2(much > 62.0 && much < 80.0, qPrintable(QString::number(much)));
    QVERIFY2(none < 8.0, qPrintable(QString::number(none)));
    const double again = bench::peak_mib([] { at::empty({64 << 20}, at::kByte).fill_(1); });  // kept blocks do not hide it
    QVERIFY2(again > 62.0, qPrintable(QString::number(again)));
  }

  // Every kernel benchmark's two sides agree; nothing is timed here.
  void gates_hold() {
    std::set<std::string> names;
    for (const auto& b : bench::kernel_benchmarks()) {
      QVERIFY(names.insert(b.name).second);
      if (b.name.find("64px") != std::string::npos || b.name.find("256px") != std::string::npos || b.name.find("1024px") != std::string::npos || b.name.find("_step") != std::string::npos) continue;  // large
      const auto contest = b.make();
      const double error = contest.error();
      QVERIFY2(error <= contest.allowed_error, qPrintable(QString::fromStdString(b.name) + " " + QString::number(error)));
    }
    QVERIFY(names.size() > 20);
  }

  void operators_agree_with_plain_aten() {
    const auto checks = bench::check_kernels_on_cpu();
    QVERIFY(checks.size() > 25);
    for (const auto& c : checks) QVERIFY2(c.ok, qPrintable(QString::fromStdString(c.name + " " + c.note) + " " + QString::number(c.error)));
  }

  void the_machine_is_named() {
    const auto m = bench::machine();
    QVERIFY(m.at("cores").get<int>() >= 1);
    QVERIFY(m.at("isa") == "baseline" || m.at("isa") == "avx2" || m.at("isa") == "avx512");
    QVERIFY(bench::machine_line(m).find("LibTorch 2.") != std::string::npos);
  }
};

QTEST_GUILESS_MAIN(TestBench)
#include "test_bench.moc"
