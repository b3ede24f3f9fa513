// From options to a run folder, on a real system made small: what is written, what is refused, how it goes on.
#include <QtTest>

#include "engine/io/atomic_file.h"
#include "engine/io/png.h"
#include "engine/train/run_lock.h"
#include "engine/train/train_job.h"
#include "toy_run.h"

using namespace orrery;
namespace fs = std::filesystem;

namespace {

class Pictures : public toy::Data {
 public:
  explicit Pictures(std::int64_t count) : count_(count) {}
  DataShape shape() const override { return {16, 3, 0, count_}; }
  std::unique_ptr<BatchSource> batches(const Stage& stage, std::uint64_t seed, int) const override {
    struct Source : BatchSource {
      std::int64_t batch_size;
      std::uint64_t seed;
      Batch batch(std::int64_t step) override {
        Rng rng = Rng(seed).fork(static_cast<std::uint64_t>(step));
        Batch out;
        out.pictures = rng.uniform({batch_size, 3, 16, 16}, at::kFloat).mul(255.0).to(at::kByte);
        return out;
      }
    };
    auto source = std::make_unique<Source>();
    source->batch_size = stage.batch;
    source->seed = seed;
    return source;
  }

 private:
  std::int64_t count_;
};

DataOpener opener(std::int64_t count = 100) {
  return [count](const std::string& data, int) -> std::shared_ptr<const TrainingData> {
    if (data == "missing.zip") throw Error(ErrorCode::bad_input, "missing.zip does not exist.");
    return std::make_shared<Pictures>(count);
  };
}

TrainOptions small(const std::string& out, double steps = 4) {
  TrainOptions o;
  o.system = all_systems().front()->info().id;
  o.data = "noise.zip";
  o.out = out;
  o.set = {{"network.channel_base", "128"}, {"network.channel_max", "8"}, {"network.z_dim", "8"}, {"network.w_dim", "8"}, {"network.resolution_px", "16"}, {"train.batch", "4"}};
  o.until = {steps, Until::Unit::steps};
  o.seed = 3;
  o.threads = 1;
  return o;
}

TrainOptions resumed(const std::string& out, double steps = 0) {
  TrainOptions o;
  o.out = out;
  o.resume = true;
  if (steps > 0) o.until = {steps, Until::Unit::steps};
  return o;
}

// The exit code of what the job throws, 0 for none; `said` receives its first sentence.
int outcome(const TrainOptions& options, std::string* said = nullptr, const DataOpener& open = opener(), SnapshotSink* sink = nullptr) {
  toy::Job job;
  try {
    run_training(options, job, sink, open);
    return 0;
  } catch (const Error& error) {
    if (said != nullptr) *said = error.error().what_happened;
    return exit_code(error.error().code);
  }
}

struct Sink : SnapshotSink {
  std::vector<std::shared_ptr<const Model>> kept;
  void publish(const std::string&, std::shared_ptr<const Model> model, const std::map<std::string, double>&, bool keep) override {
    if (keep) kept.push_back(std::move(model));
  }
};

}  // namespace

class TestTrainJob : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  std::string place(const char* name) const { return folder_.filePath(name).toStdString(); }
  std::string run_;

 private Q_SLOTS:
  void initTestCase() {
    run_ = place("run");
    std::string said;
    QVERIFY2(outcome(small(run_), &said) == 0, said.c_str());
  }

  void a_run_leaves_everything() {
    const RunRecord record = RunFolder{run_}.read_record();
    QCOMPARE(record.data, std::string("noise.zip"));
    QCOMPARE(record.seed, std::uint64_t{3});
    QCOMPARE(record.threads, 1);
    QCOMPARE(record.until, std::string("4steps"));
    QCOMPARE(record.config.at("train").at("batch").get<int>(), 4);
    QCOMPARE(io::read_png(run_ + "/probes/probe-000000.016.png").width_px, 64);
    QCOMPARE(io::read_png(run_ + "/probes/reals.png").height_px, 16);
    const auto model = load_model(run_ + "/snapshots/snapshot-000000.016.safetensors");
    QCOMPARE(model->system, record.system);
    QCOMPARE(model->kimg, 0.016);
    QCOMPARE(model->meta.at("orrery.seed"), std::string("3"));
  }

  void resumed_without_saying_anything_else_is_the_same() {
    const std::string run = place("two sittings");
    QCOMPARE(outcome(small(run, 2)), 0);
    QCOMPARE(outcome(resumed(run, 4)), 0);
    const char* state = "/checkpoints/state-00000004.safetensors";
    const auto a = io::read_safetensors(run_ + state), b = io::read_safetensors(run + state);
    QCOMPARE(a.tensors.size(), b.tensors.size());
    for (const auto& [name, tensor] : a.tensors) QVERIFY2(at::equal(tensor, b.tensors.at(name)), name.c_str());
    QCOMPARE(outcome(resumed(run)), 0);  // done already
  }

  void snapshots_are_copies() {
    Sink sink;
    QCOMPARE(outcome(small(place("sink")), nullptr, opener(), &sink), 0);
    QCOMPARE(sink.kept.size(), std::size_t{2});  // the random start and the end
    QVERIFY(sink.kept[0]->hash != sink.kept[1]->hash);
    const auto first = sink.kept[0]->network->parameters().front(), last = sink.kept[1]->network->parameters().front();
    QVERIFY(first.data_ptr() != last.data_ptr());
    QCOMPARE(load_model(place("sink") + "/snapshots/snapshot-000000.016.safetensors")->hash, sink.kept[1]->hash);
  }

  void refusals() {
    std::string said;
    const auto says = [&](const char* words) { return said.find(words) != std::string::npos; };
    const std::string before = io::read_file(run_ + "/stats.jsonl");
    QCOMPARE(outcome(small(run_), &said), 2);
    QVERIFY2(says("already"), said.c_str());
    TrainOptions o = small(place("never"));
    o.system = "stylegan99";
    QCOMPARE(outcome(o), 2);
    o = small(place("never"));
    o.preset = "enormous";
    QCOMPARE(outcome(o, &said), 2);
    QVERIFY2(says("enormous"), said.c_str());
    o = small(place("never"));
    o.set["train.bacth"] = "4";
    QCOMPARE(outcome(o, &said), 2);
    QVERIFY2(says("train.bacth"), said.c_str());
    o = small(place("never"));
    o.data = "missing.zip";
    QCOMPARE(outcome(o), 3);
    o = small(place("never"));
    o.device = "abacus";
    QCOMPARE(outcome(o), 2);
    QCOMPARE(outcome(small(place("never")), &said, opener(3)), 3);  // fewer pictures than a batch
    QVERIFY2(says("3 pictures"), said.c_str());
    QVERIFY(!fs::exists(place("never")));  // none of them left anything

    QCOMPARE(outcome(resumed(place("nowhere"))), 3);
    QVERIFY(!fs::exists(place("nowhere")));
    o = resumed(run_);
    o.system = "other";
    QCOMPARE(outcome(o, &said), 2);
    QVERIFY2(says("trains"), said.c_str());
    o = resumed(run_);
    o.set = small(run_).set;
    o.set["train.batch"] = "8";
    QCOMPARE(outcome(o, &said), 2);
    QVERIFY2(says("\"train.batch\""), said.c_str());
    o = resumed(run_);
    o.seed = 4;
    QCOMPARE(outcome(o), 2);
    QCOMPARE(outcome(resumed(run_), &said, opener(99)), 3);  // another data set
    {
      const RunLock lock(run_);
      QCOMPARE(outcome(resumed(run_), &said), 2);
      QVERIFY2(says("being trained"), said.c_str());
    }
    QCOMPARE(io::read_file(run_ + "/stats.jsonl"), before);
  }

  void stopping_is_an_interruption() {
    toy::Job job;
    job.say(JobVerb::stop_and_save);
    ErrorCode code = ErrorCode::failed;
    try {
      run_training(small(place("stopped")), job, nullptr, opener());
    } catch (const Error& error) {
      code = error.error().code;
    }
    QCOMPARE(code, ErrorCode::interrupted);
    QCOMPARE(job.status().result_path, place("stopped"));
    QVERIFY(Checkpoints(place("stopped") + "/checkpoints").newest().has_value());
  }
};

QTEST_GUILESS_MAIN(TestTrainJob)
#include "test_train_job.moc"
