#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>

#include <QTemporaryDir>
#include <QTest>
#include <filesystem>
#include <fstream>
#include <limits>

#include "engine/api/result.h"
#include "engine/io/safetensors.h"
#include "engine/parity/case.h"
#include "engine/parity/compare.h"

using namespace orrery;
using parity::compare;
namespace fs = std::filesystem;

namespace {

parity::Rule within(double tolerance) {
  parity::Rule rule;
  rule.tolerance = tolerance;
  return rule;
}

at::Tensor numbers(std::vector<double> values) { return at::tensor(values, at::kDouble); }

// A copy of a stored case that a test may damage.
struct Copy {
  QTemporaryDir dir;
  fs::path path;
  explicit Copy(const std::string& name, const std::string& as = "") {
    path = fs::path(dir.path().toStdString()) / (as.empty() ? name : as);
    fs::copy(std::string(ORRERY_TEST_DIR "/vectors/stylegan2/") + name, path);
  }
  nlohmann::json meta() const { return nlohmann::json::parse(std::ifstream(path / "meta.json")); }
  void write_meta(const nlohmann::json& meta) const { std::ofstream(path / "meta.json") << meta.dump(); }
  parity::Report run() const {
    std::vector<std::string> unknown;
    return parity::run_folder(path.string(), "cpu", unknown).at(0);
  }
};

}  // namespace

class TestParity : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void errorsAreMeasuredByTheSpread() {
    const at::Tensor a = numbers({0, 2, 4, 6});  // standard deviation sqrt(5)
    const auto line = compare("x", a, a + numbers({0, 0, 0, 0.1}), within(0.05));
    QVERIFY(std::fabs(line.max_error - 0.1 / std::sqrt(5.0)) < 1e-12);
    QVERIFY(line.ok);
    QVERIFY(!compare("x", a, a + 0.2, within(0.05)).ok);
  }
  void oneElementIsRelative() {
    QVERIFY(std::fabs(compare("x", numbers({200}), numbers({201}), within(1)).max_error - 0.005) < 1e-12);
    QCOMPARE(compare("x", numbers({0}), numbers({0.25}), within(1)).max_error, 0.25);
  }
  void equalElementsAreAbsolute() { QCOMPARE(compare("x", numbers({3, 3}), numbers({3, 3.5}), within(1)).max_error, 0.5); }
  void wholeNumbersAreExact() {
    const at::Tensor a = at::tensor(std::vector<std::int64_t>{1, 5}, at::kLong);
    QVERIFY(compare("x", a, a.clone(), {}).ok);
    QVERIFY(!compare("x", a, a + 1, {}).ok);
    QVERIFY(!compare("x", a, a.to(at::kDouble), {}).ok);  // another kind of number
  }
  void nanAndInfinity() {
    const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
    QVERIFY(compare("x", numbers({nan, inf, 1, 2}), numbers({nan, inf, 1, 2}), within(1e-9)).ok);
    QVERIFY(!compare("x", numbers({0, 1}), numbers({nan, 1}), within(1e9)).ok);
    QVERIFY(!compare("x", numbers({nan, 1, 2}), numbers({0, 1, 2}), within(1e9)).ok);
    QVERIFY(!compare("x", numbers({inf, 1, 2}), numbers({-inf, 1, 2}), within(1e9)).ok);
  }
  void shapesMustAgree() {
    const auto line = compare("x", numbers({1, 2}), numbers({1, 2, 3}), within(1e9));
    QVERIFY(!line.ok);
    QVERIFY(line.note.find("shape") != std::string::npos);
    QVERIFY(!compare("x", numbers({1, 2}), {}, within(1e9)).ok);
  }
  void zeroButForRounding() {
    const nlohmann::json meta = {
        {"tolerances", nlohmann::json::object()},
        {"tensors",
         {{"grad.k", {{"doc", "d / dk [mathematically zero, only rounding noise here: expect absolute values below 3.0e-07]"}}}}}};
    const auto rule = parity::rule_for(meta, "grad.k");
    QVERIFY(rule.absolute_bound.has_value());
    QVERIFY(compare("grad.k", numbers({1e-8, 0}), numbers({-2e-7, 0}), rule).ok);
    QVERIFY(!compare("grad.k", numbers({1e-8, 0}), numbers({-4e-7, 0}), rule).ok);
  }

  void aWrongNumberFails() {
    const Copy copy("generator_orig");
    auto file = io::read_safetensors((copy.path / "io.safetensors").string());
    file.tensors["tap.b8.conv0"][0][0][0][0] += 0.01;
    io::write_safetensors((copy.path / "io.safetensors").string(), file);
    const auto report = copy.run();
    QVERIFY(!report.ok);
    for (const auto& line : report.lines) QCOMPARE(line.ok, line.name != "tap.b8.conv0");
  }
  void whatNobodyComputesFails() {
    const Copy copy("generator_orig");
    auto file = io::read_safetensors((copy.path / "io.safetensors").string());
    file.tensors["out.something_else"] = at::arange(5, at::kFloat);
    io::write_safetensors((copy.path / "io.safetensors").string(), file);
    auto meta = copy.meta();
    meta["tolerances"]["out.something_else"] = 1e-5;
    copy.write_meta(meta);
    const auto report = copy.run();
    QVERIFY(!report.ok);
    int failed = 0;
    for (const auto& line : report.lines) {
      if (line.ok) continue;
      ++failed;
      QCOMPARE(line.name, std::string("out.something_else"));
      QCOMPARE(line.note, std::string("not computed"));
    }
    QCOMPARE(failed, 1);
  }
  void unknownArgumentsFail() {
    const Copy copy("generator_orig");
    auto meta = copy.meta();
    meta["args"]["synthesis_kwargs"]["wobble"] = 3;
    copy.write_meta(meta);
    const auto report = copy.run();
    QVERIFY(!report.ok);
    QVERIFY2(report.error.find("wobble") != std::string::npos, report.error.c_str());
  }
  void unmappableCasesFail() {
    const Copy copy("projection");
    auto meta = copy.meta();
    meta["args"] = {{"something", 1}};
    copy.write_meta(meta);
    QVERIFY(!copy.run().ok);
  }
  void leftOverWeightsFail() {
    const Copy copy("generator_orig");
    auto file = io::read_safetensors((copy.path / "weights.safetensors").string());
    file.tensors["synthesis.b32.conv0.weight"] = at::zeros({2, 2});
    io::write_safetensors((copy.path / "weights.safetensors").string(), file);
    const auto report = copy.run();
    QVERIFY(!report.ok);
    QVERIFY2(report.error.find("synthesis.b32.conv0.weight") != std::string::npos, report.error.c_str());
  }
  void systemsNotInTheCatalogueAreListed() {
    const Copy copy("projection");
    auto meta = copy.meta();
    meta["system"] = "perpetuum_mobile";
    copy.write_meta(meta);
    std::vector<std::string> unknown;
    QVERIFY(parity::run_folder(copy.dir.path().toStdString(), "cpu", unknown).empty());
    QCOMPARE(unknown.size(), std::size_t{1});
  }
  void damagedFoldersAreReported() {
    const Copy copy("projection");
    std::ofstream(copy.path / "meta.json") << "{\"system\": 3";
    QVERIFY(!copy.run().ok);
    auto meta = nlohmann::json{{"system", "stylegan2"}, {"case", "x"}, {"args", {{"weights_case", "../../etc"}}}};
    copy.write_meta(meta);
    QVERIFY(copy.run().error.find("not the name of a case") != std::string::npos);
    fs::remove(copy.path / "io.safetensors");
    QVERIFY(copy.run().error.find("io.safetensors") != std::string::npos);
    std::vector<std::string> unknown;
    QVERIFY_THROWS_EXCEPTION(Error, parity::run_folder(copy.path.string() + "/nothing", "cpu", unknown));
    QTemporaryDir empty;
    QVERIFY_THROWS_EXCEPTION(Error, parity::run_folder(empty.path().toStdString(), "cpu", unknown));
  }
};

QTEST_GUILESS_MAIN(TestParity)
#include "test_parity.moc"
