#include <ATen/Parallel.h>
#include <ATen/ops/rand.h>

#include <QTemporaryDir>
#include <QtTest>

#include "engine/api/result.h"
#include "engine/features/cases.h"
#include "engine/features/efficientnet_lite.h"
#include "engine/features/weights.h"
#include "engine/parity/case.h"

using namespace orrery;
using namespace orrery::features;

class TestFeatures : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void initTestCase() { at::set_num_threads(1); }  // other tests run beside this one

  void reference_cases_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"efficientnet_lite0_same", "efficientnet_lite0_nominal"}) QTest::newRow(name) << QString(name);
  }
  void reference_cases() {
    QFETCH(QString, name);
    parity::Case reference = parity::Case::load(ORRERY_TEST_DIR "/vectors/features/" + name.toStdString());
    run_features_case(reference);
    const auto lines = reference.lines();
    QVERIFY(lines.size() >= 12);
    for (const auto& line : lines) QVERIFY2(line.ok, (line.name + " " + std::to_string(line.max_error) + " " + line.note).c_str());
  }

  void timm_names_name_the_same_network() {
    QCOMPARE(EfficientNetLite0::timm_name("_blocks.0._depthwise_conv.weight"), std::string("blocks.0.0.conv_dw.weight"));
    QCOMPARE(EfficientNetLite0::timm_name("_blocks.0._project_conv.weight"), std::string("blocks.0.0.conv_pw.weight"));
    QCOMPARE(EfficientNetLite0::timm_name("_blocks.3._expand_conv.weight"), std::string("blocks.2.0.conv_pw.weight"));
    QCOMPARE(EfficientNetLite0::timm_name("_blocks.15._bn2.running_mean"), std::string("blocks.6.0.bn3.running_mean"));
    QCOMPARE(EfficientNetLite0::timm_name("_bn1.bias"), std::string("bn2.bias"));
    const auto weights = load_part("efficientnet_lite0");
    std::map<std::string, at::Tensor> renamed;
    for (const auto& [name, tensor] : weights) renamed[EfficientNetLite0::timm_name(name)] = tensor;
    QCOMPARE(renamed.size(), weights.size());
    QCOMPARE(EfficientNetLite0::names().size(), weights.size());
    const at::Tensor x = at::rand({1, 3, 40, 56}) * 2 - 1;
    QVERIFY(EfficientNetLite0(weights).pool(x).equal(EfficientNetLite0(renamed).pool(x)));
  }

  void parts_agree_and_samples_are_independent() {
    const auto network = EfficientNetLite0::load();
    const at::Tensor x = at::rand({3, 3, 33, 65}) * 2 - 1;
    const auto out = network->forward(x);
    QVERIFY(out.maps[0].sizes() == at::IntArrayRef({3, 24, 9, 17}));
    QVERIFY(out.maps[3].sizes() == at::IntArrayRef({3, 320, 2, 3}));
    QVERIFY(network->pool(x).equal(out.pool));
    QVERIFY(network->maps(x)[2].equal(out.maps[2]));
    QVERIFY(network->pool(x.slice(0, 1, 2)).allclose(out.pool.slice(0, 1, 2), 1e-4, 1e-5));
    QVERIFY_THROWS_EXCEPTION(Error, network->pool(at::rand({1, 1, 32, 32})));
  }

  void wrong_weights_are_refused() {
    auto weights = load_part("efficientnet_lite0");
    weights.erase("_fc.bias");
    weights["stray"] = at::rand({1});
    weights["_bn0.weight"] = at::rand({3});
    try {
      EfficientNetLite0 network(weights);
      QFAIL("accepted");
    } catch (const Error& error) {
      const QString why = error.what();
      QVERIFY2(why.contains("lacks _fc.bias") && why.contains("_bn0.weight has another shape") && why.contains("1 tensors are left over"), error.what());
    }
  }

  void missing_and_damaged_files_say_what_to_do() {
    const QByteArray before = qgetenv("ORRERY_CACHE_DIR");
    const std::string good = weights_path("efficientnet_lite0");
    QTemporaryDir cache;
    qputenv("ORRERY_CACHE_DIR", cache.path().toUtf8());
    QVERIFY(!has_weights("efficientnet_lite0"));
    std::string told;
    try { load_part("efficientnet_lite0"); } catch (const Error& error) { told = error.error().what_to_do; }
    QCOMPARE(told, std::string("Run: ./app/fetch_weights efficientnet_lite0"));
    const QString place = cache.filePath("weights/efficientnet_lite0/" + QFileInfo(QString::fromStdString(good)).fileName());
    QDir().mkpath(QFileInfo(place).path());
    QVERIFY(QFile::copy(QString::fromStdString(good), place));
    QFile file(place);
    QVERIFY(file.setPermissions(QFile::ReadOwner | QFile::WriteOwner) && file.open(QIODevice::ReadWrite) && file.seek(5000000) && file.write("x") == 1);
    file.close();
    told.clear();
    try { load_part("efficientnet_lite0"); } catch (const Error& error) { told = error.what(); }
    QVERIFY2(told.find("SHA-256 differs") != std::string::npos, told.c_str());
    QVERIFY_THROWS_EXCEPTION(Error, weights_path("nonsense"));
    if (before.isNull()) qunsetenv("ORRERY_CACHE_DIR"); else qputenv("ORRERY_CACHE_DIR", before);
  }
};

QTEST_GUILESS_MAIN(TestFeatures)
#include "test_features.moc"
