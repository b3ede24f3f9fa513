// The augmentation pipe and the adaptive probability against recorded numbers, and what training relies on beyond them.
#include <ATen/ops/zeros.h>

#include <QTemporaryDir>
#include <QTest>
#include <filesystem>
#include <fstream>

#include "engine/gan/augment_pipe.h"
#include "engine/io/safetensors.h"
#include "engine/parity/case.h"

using namespace orrery;
namespace fs = std::filesystem;

namespace {

const std::string vectors = ORRERY_TEST_DIR "/vectors/ada/";

parity::Report run(const std::string& folder) {
  std::vector<std::string> unknown;
  return parity::run_folder(folder, "cpu", unknown).at(0);
}

at::Tensor pictures(std::int64_t count, std::uint64_t seed = 3) { return Rng(seed).uniform({count, 3, 24, 24}, at::kFloat) * 2 - 1; }

}  // namespace

class TestAda : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void referenceCases_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<int>("tensors");
    const std::pair<const char*, int> cases[] = {{"adaptive_p", 4}, {"all_ops", 48}, {"each_op", 105}, {"filters", 20}, {"random", 10}};
    for (const auto& [name, tensors] : cases) QTest::newRow(name) << name << tensors;
  }
  void referenceCases() {
    QFETCH(QString, name);
    QFETCH(int, tensors);
    const auto report = run(vectors + name.toStdString());
    QVERIFY2(report.error.empty(), report.error.c_str());
    QCOMPARE(static_cast<int>(report.lines.size()), tensors);
    for (const auto& line : report.lines) QVERIFY2(line.ok, qPrintable(QString("%1: %2, allowed %3. %4").arg(line.name.c_str()).arg(line.max_error).arg(line.tolerance).arg(line.note.c_str())));
    QVERIFY(report.ok);
  }

  // The cases are read, not recognised: another probability gives other pictures, and the comparison says so.
  void anotherProbabilityFails() {
    QTemporaryDir dir;
    const fs::path copy = fs::path(dir.path().toStdString()) / "random";
    fs::copy(vectors + "random", copy);
    auto file = io::read_safetensors((copy / "io.safetensors").string());
    file.tensors["in.p"].fill_(0.2);
    io::write_safetensors((copy / "io.safetensors").string(), file);
    const auto report = run(copy.string());
    QVERIFY(!report.ok);
    for (const auto& line : report.lines)
      if (line.name == "out.img") QVERIFY(!line.ok);
  }

  void equalStreamsGiveEqualPictures() {
    const gan::AugmentConfig config;
    const at::Tensor x = pictures(4);
    const at::Tensor once = gan::augment(x, config, 0.8, Rng(5));
    QVERIFY(once.equal(gan::augment(x, config, 0.8, Rng(5))));
    QVERIFY(!once.equal(gan::augment(x, config, 0.8, Rng(6))));
    QVERIFY(!once.equal(x));
    QVERIFY(once.isfinite().all().item<bool>());
  }

  // With p = 0 only the resampling filters touch the picture; colour operations alone then leave it as it is.
  void nothingActsAtZero() {
    gan::AugmentConfig colours;
    colours.xflip = colours.rotate90 = colours.xint = colours.scale = colours.rotate = colours.aniso = colours.xfrac = 0;
    const at::Tensor x = pictures(3);
    QVERIFY((gan::augment(x, colours, 0.0, Rng(1)) - x).abs().max().item<double>() < 1e-6);
    QVERIFY((gan::augment(x, gan::AugmentConfig{}, 0.0, Rng(1)) - x).abs().mean().item<double>() < 0.05);
  }
};

QTEST_GUILESS_MAIN(TestAda)
#include "test_ada.moc"
