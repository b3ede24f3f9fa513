#include <QTemporaryDir>
#include <QtTest>

#include "engine/api/result.h"
#include "engine/io/module_weights.h"
#include "engine/io/safetensors.h"
#include "engine/systems/model.h"
#include "engine/systems/system.h"

using namespace orrery;

namespace {

std::string refusal(const std::string& path) {
  try {
    load_model(path);
    return {};
  } catch (const Error& error) {
    return error.error().code == ErrorCode::bad_input ? error.what() : std::string("wrong code: ") + error.what();
  }
}

}  // namespace

class TestModelFile : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  Model model_;

  std::string path(const char* name) const { return folder_.filePath(name).toStdString(); }

  // The saved file with something changed.
  template <class Change> std::string changed(Change change) {
    io::TensorFile file = io::read_safetensors(path("good.safetensors"));
    change(file);
    io::write_safetensors(path("changed.safetensors"), file);
    return refusal(path("changed.safetensors"));
  }

 private Q_SLOTS:
  void initTestCase() {
    const System& system = *all_systems().front();
    model_.system = system.info().id;
    DataShape data;
    data.resolution_px = 16;
    data.classes = 2;
    nlohmann::json config = config::resolve_preset(system.defaults(), system.presets(), system.presets().front().id);
    model_.config = system.resolve(config, data);
    model_.class_names = {"cat", "caf\u00e9 \"dog\""};
    model_.kimg = 12.34567890123;
    model_.meta = {{"dataset", "builtin:emoji"}, {"note", "\u2603"}};
    model_.network = system.build_network(model_.config);
    save_model(model_, path("good.safetensors"));
  }

  void comes_back_as_it_was() {
    const auto loaded = load_model(path("good.safetensors"));
    QCOMPARE(loaded->system, model_.system);
    QVERIFY(loaded->config == model_.config);
    QCOMPARE(loaded->class_names, model_.class_names);
    QCOMPARE(loaded->kimg, model_.kimg);
    QVERIFY(loaded->meta == model_.meta);
    const auto a = io::named_weights(*model_.network), b = io::named_weights(*loaded->network);
    QCOMPARE(a.size(), b.size());
    for (const auto& [name, tensor] : a) QVERIFY2(tensor.equal(b.at(name)), name.c_str());
    QCOMPARE(loaded->hash.size(), std::size_t{64});
    QCOMPARE(loaded->hash, io::sha256_of_tensors(a));
    QVERIFY(!loaded->network->is_training());
    // Saved again it is the same file.
    save_model(*loaded, path("again.safetensors"));
    QFile first(folder_.filePath("good.safetensors")), second(folder_.filePath("again.safetensors"));
    QVERIFY(first.open(QIODevice::ReadOnly) && second.open(QIODevice::ReadOnly));
    QVERIFY(first.readAll() == second.readAll());
  }

  void the_hash_names_the_weights_only() {
    const auto loaded = load_model(path("good.safetensors"));
    io::TensorFile file = io::read_safetensors(path("good.safetensors"));
    file.metadata["note"] = "another";
    io::write_safetensors(path("noted.safetensors"), file);
    QCOMPARE(load_model(path("noted.safetensors"))->hash, loaded->hash);
  }

  void damaged_and_foreign_files_are_refused() {
    const auto first_name = [](const io::TensorFile& file) { return file.tensors.begin()->first; };
    QVERIFY(changed([](io::TensorFile& f) { f.metadata.erase("orrery.system"); }).find("does not say which system") != std::string::npos);
    QVERIFY(changed([](io::TensorFile& f) { f.metadata["orrery.system"] = "nonsense"; }).find("which this version does not have") != std::string::npos);
    QVERIFY(changed([](io::TensorFile& f) { f.metadata.erase("orrery.config"); }).find("not JSON") != std::string::npos);
    QVERIFY(changed([](io::TensorFile& f) { f.metadata["orrery.config"] = "{"; }).find("not JSON") != std::string::npos);
    QVERIFY(changed([](io::TensorFile& f) { f.metadata["orrery.config"] = "{\"network\": 3}"; }).find("its configuration is not one of") != std::string::npos);
    QVERIFY(changed([](io::TensorFile& f) { f.metadata["orrery.config"] = "{\"nonsense\": 3}"; }).find("its configuration is not one of") != std::string::npos);
    QVERIFY(changed([](io::TensorFile& f) { f.metadata["orrery.classes"] = "[1]"; }).find("class names") != std::string::npos);
    for (const char* kimg : {"x", "1x", "-1", "nan"}) QVERIFY(changed([&](io::TensorFile& f) { f.metadata["orrery.kimg"] = kimg; }).find("not a number") != std::string::npos);
    QVERIFY(changed([&](io::TensorFile& f) { f.tensors[first_name(f)] = f.tensors[first_name(f)] + 1; }).find("SHA-256 differs") != std::string::npos);
    QVERIFY(changed([&](io::TensorFile& f) { f.tensors.erase(first_name(f)); f.metadata.erase("orrery.sha256"); }).find("do not fit its configuration") != std::string::npos);
    QVERIFY(changed([](io::TensorFile&) {}).empty());
    QVERIFY(!refusal(path("none.safetensors")).empty());
    QVERIFY(!refusal(folder_.path().toStdString()).empty());
  }
};

QTEST_GUILESS_MAIN(TestModelFile)
#include "test_model_file.moc"
