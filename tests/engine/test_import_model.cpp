#include <ATen/ops/rand.h>
#include <ATen/ops/full.h>

#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>
#include <algorithm>
#include <cmath>

#include "engine/api/result.h"
#include "engine/io/atomic_file.h"
#include "engine/io/checkpoint.h"
#include "engine/io/module_weights.h"
#include "engine/io/safetensors.h"
#include "engine/systems/import_model.h"
#include "engine/systems/model.h"
#include "engine/systems/system.h"

using namespace orrery;

namespace {

const char* pickled = ORRERY_TEST_DIR "/vectors/checkpoints/stylegan2.pkl";

const io::WeightSet& set_of(const io::Checkpoint& checkpoint, const std::string& where) {
  for (const auto& set : checkpoint.sets) if (set.where == where) return set;
  throw std::runtime_error("no set " + where);
}

std::string refusal(const ModelImportOptions& options, ErrorCode expected = ErrorCode::bad_input) {
  try {
    import_model(options);
    return {};
  } catch (const Error& error) {
    return error.error().code == expected ? error.what() : std::string("wrong code: ") + error.what();
  }
}

at::Tensor picture_of(const std::shared_ptr<const Model>& model) {
  RenderObserver nobody;
  return find_system(model->system).make_player(model)->render({Request{}}, nobody);
}

}  // namespace

class TestImportModel : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  io::Checkpoint checkpoint_;

  std::string path(const char* name) const { return folder_.filePath(name).toStdString(); }

 private Q_SLOTS:
  void initTestCase() { checkpoint_ = io::read_checkpoint(pickled); }

  void a_pickled_generator_becomes_a_model() {
    std::vector<double> said;
    const ImportedModel imported = import_model({pickled, path("a.safetensors"), "", ""}, [&](double fraction, const std::string&) { said.push_back(fraction); });
    QVERIFY(std::is_sorted(said.begin(), said.end()) && said.size() >= 4 && said.back() == 1.0);
    QCOMPARE(imported.system, std::string("stylegan2"));
    QCOMPARE(imported.set, std::string("G_ema"));  // the averaged one, though it comes second
    QCOMPARE(imported.sets, (std::vector<std::string>{"G", "G_ema"}));
    QCOMPARE(imported.width_px, 16);
    const auto model = load_model(path("a.safetensors"));
    QCOMPARE(model->hash, imported.hash);
    QCOMPARE(model->meta.at("source.file"), std::string("stylegan2.pkl"));
    QCOMPARE(model->meta.at("source.set"), std::string("G_ema"));
    QCOMPARE(model->config.at("network").at("conv_clamp").get<double>(), 1.5);  // from the constructor's arguments
    QCOMPARE(model->config.at("network").at("mapping_width").get<int>(), 10);
    QCOMPARE(model->config.at("network").at("z_dim").get<int>(), 12);
    QVERIFY(!model->network->is_training());
    for (const auto& parameter : model->network->parameters()) QVERIFY(!parameter.requires_grad());
    const auto& original = set_of(checkpoint_, "G_ema").tensors;
    const auto loaded = io::named_weights(*model->network);
    QCOMPARE(loaded.size(), original.size());
    for (const auto& [name, tensor] : original) QVERIFY2(loaded.at(name).equal(tensor), name.c_str());

    const ImportedModel other = import_model({pickled, path("b.safetensors"), "stylegan2", "G"});
    QCOMPARE(other.set, std::string("G"));
    QVERIFY(other.hash != imported.hash);

    // The same networks trained with augmentation: nothing in a generator tells, so a person may say it.
    const ImportedModel ada = import_model({pickled, path("ada.safetensors"), "ada", ""});
    QCOMPARE(ada.system, std::string("ada"));
    const auto augmented = load_model(path("ada.safetensors"));
    QCOMPARE(augmented->config.at("network"), model->config.at("network"));
    QVERIFY(augmented->config.contains("augment"));
    QVERIFY(picture_of(augmented).equal(picture_of(model)));
  }

  void state_dicts_and_neighbouring_arguments() {
    const auto& set = set_of(checkpoint_, "G_ema");
    QDir(folder_.path()).mkpath("case");
    io::write_safetensors(path("case/weights.safetensors"), {set.tensors, {}});
    const ImportedModel bare = import_model({path("case/weights.safetensors"), path("c.safetensors"), "", ""});
    QCOMPARE(bare.format, std::string("safetensors"));
    QVERIFY(load_model(path("c.safetensors"))->config.at("network").at("conv_clamp").is_null());  // nobody said
    io::write_file_atomically(path("case/meta.json"), nlohmann::json{{"args", set.arguments}}.dump());
    import_model({path("case/weights.safetensors"), path("d.safetensors"), "", ""});
    QCOMPARE(load_model(path("d.safetensors"))->config.at("network").at("conv_clamp").get<double>(), 1.5);
    import_model({pickled, path("e.safetensors"), "", ""});
    QVERIFY(picture_of(load_model(path("d.safetensors"))).equal(picture_of(load_model(path("e.safetensors")))));
    io::write_file_atomically(path("case/meta.json"), "not JSON");
    import_model({path("case/weights.safetensors"), path("f.safetensors"), "", ""});  // a file of somebody else
  }

  void what_does_not_fit_writes_nothing() {
    const std::string out = path("never.safetensors");
    auto weights = set_of(checkpoint_, "G_ema").tensors;
    const auto write = [&](const std::map<std::string, at::Tensor>& tensors) {
      io::write_safetensors(path("w.safetensors"), {tensors, {}});
      return ModelImportOptions{path("w.safetensors"), out, "", ""};
    };
    auto changed = weights;
    changed.erase("synthesis.b8.conv0.bias");
    QVERIFY(refusal(write(changed)).find("Missing: synthesis.b8.conv0.bias") != std::string::npos);
    changed = weights;
    changed["stray"] = at::rand({2});
    QVERIFY(refusal(write(changed)).find("Left over: stray") != std::string::npos);
    changed = weights;
    changed["synthesis.b4.conv1.bias"] = at::rand({3});
    QVERIFY(refusal(write(changed)).find("synthesis.b4.conv1.bias [3] instead of [16]") != std::string::npos);
    changed = weights;
    changed["synthesis.b16.torgb.bias"] = at::full({3}, NAN);
    QVERIFY(refusal(write(changed)).find("not a number") != std::string::npos);
    changed = weights;
    changed["synthesis.b8.conv1.weight"] = at::rand({5, 5, 3, 3});
    QVERIFY(refusal(write(changed)).find("channel counts") != std::string::npos);
    QVERIFY(refusal(write({{"x", at::rand({2})}})).find("not those of any system") != std::string::npos);
    QVERIFY(refusal({pickled, out, "nonsense", ""}, ErrorCode::wrong_use).find("no system") != std::string::npos);
    QVERIFY(refusal({pickled, out, "", "D"}, ErrorCode::wrong_use).find("no weights called \"D\"") != std::string::npos);
    QVERIFY(refusal({path("none"), out, "", ""}).find("is not a file") != std::string::npos);
    QVERIFY(refusal({ORRERY_TEST_DIR "/vectors/checkpoints/torchscript.pt", out, "", ""}).find("TorchScript") != std::string::npos);
    QVERIFY(refusal({ORRERY_TEST_DIR "/vectors/checkpoints/zip_state_dict.pt", out, "", ""}).find("not those of any system") != std::string::npos);
    io::write_file_atomically(path("text"), "hello, this is no weights file");
    QVERIFY(refusal({path("text"), out, "", ""}).find("neither") != std::string::npos);
    QVERIFY(!QFile::exists(QString::fromStdString(out)));
  }

  void the_command_line_says_what_it_did() {
    QProcess program;
    program.start(ORRERY_PROGRAM, {"import", pickled, "--out", folder_.filePath("cli.safetensors"), "--json"});
    QVERIFY(program.waitForFinished(60000));
    const auto out = nlohmann::json::parse(program.readAllStandardOutput().toStdString());
    QCOMPARE(program.exitCode(), 0);
    QCOMPARE(out.at("system").get<std::string>(), std::string("stylegan2"));
    QCOMPARE(out.at("sha256").get<std::string>(), load_model(path("cli.safetensors"))->hash);
    program.start(ORRERY_PROGRAM, {"import", ORRERY_TEST_DIR "/vectors/checkpoints/torchscript.pt", "--out", folder_.filePath("x.safetensors")});
    QVERIFY(program.waitForFinished(60000));
    QCOMPARE(program.exitCode(), 3);
    QVERIFY(program.readAllStandardError().contains("TorchScript"));
  }
};

QTEST_GUILESS_MAIN(TestImportModel)
#include "test_import_model.moc"
