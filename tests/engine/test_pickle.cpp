#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>

#include <QtTest>
#include <random>

#include "engine/api/result.h"
#include "engine/io/atomic_file.h"
#include "engine/io/checkpoint.h"

using namespace orrery;
using namespace orrery::io;
using namespace std::string_literals;

namespace {

std::string file(const char* name) { return std::string(ORRERY_TEST_DIR) + "/vectors/checkpoints/" + name; }
Checkpoint open(const char* name) { return read_checkpoint(file(name)); }

// make.py's ramp(): 0, 0.5, 1, ... + start.
at::Tensor ramp(std::vector<std::int64_t> shape, at::ScalarType dtype = at::kFloat, double start = 0) {
  std::int64_t n = 1;
  for (const auto size : shape) n *= size;
  return (at::arange(n, at::kDouble) * 0.5 + start).to(dtype).reshape(shape);
}

const WeightSet& set_of(const Checkpoint& checkpoint, const std::string& where) {
  for (const auto& set : checkpoint.sets) if (set.where == where) return set;
  throw std::runtime_error("no set " + where);
}

void verify_network(const std::map<std::string, at::Tensor>& tensors) {
  QCOMPARE(tensors.size(), std::size_t{7});
  QVERIFY(tensors.at("0.weight").equal(ramp({2, 3})));
  QVERIFY(tensors.at("0.bias").equal(ramp({2}, at::kFloat, 1)));
  QVERIFY(tensors.at("1.running_var").equal(ramp({2}, at::kFloat, 5)));
  QVERIFY(tensors.at("1.num_batches_tracked").equal(ramp({}, at::kLong, 6)));
}

std::string refusal(const std::string& bytes) {
  try {
    parse_checkpoint(bytes);
    return {};
  } catch (const Error& error) {
    return error.error().code == ErrorCode::bad_input ? error.what() : "wrong code";
  }
}

// Pieces of pickles.
std::string global(const std::string& module, const std::string& name) { return "c" + module + "\n" + name + "\n"; }
std::string text(const std::string& s) { return "X"s + static_cast<char>(s.size()) + "\0\0\0"s + s; }
std::string pickle(const std::string& body) { return "\x80\2"s + body + "."; }
std::string u32(std::uint32_t n) { return {static_cast<char>(n), static_cast<char>(n >> 8), static_cast<char>(n >> 16), static_cast<char>(n >> 24)}; }
std::string integer(std::uint32_t n) { return "J" + u32(n); }

// A legacy file with one storage of `stored` floats and one tensor described by the rest.
std::string legacy(const std::string& size, const std::string& stride, int offset, int declared, int stored) {
  const std::string id = "(" + text("storage") + global("torch", "FloatStorage") + text("0") + text("cpu") + integer(static_cast<std::uint32_t>(declared)) + "NtQ";
  const std::string tensor = global("torch._utils", "_rebuild_tensor_v2") + "(" + id + integer(static_cast<std::uint32_t>(offset)) + size + stride + "\x89" + global("collections", "OrderedDict") + ")RtR";
  return pickle("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"s) + pickle("M\xe9\3") + pickle("}" + text("little_endian") + "\x88s") + pickle("}" + text("w") + tensor + "s") + pickle("]" + text("0") + "a") +
         u32(static_cast<std::uint32_t>(stored)) + u32(0) + std::string(static_cast<std::size_t>(stored) * 4, '\0');
}

}  // namespace

class TestPickle : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void state_dicts_of_torch() {
    for (const char* name : {"zip_state_dict.pt", "legacy_state_dict.pth"}) {
      const Checkpoint checkpoint = open(name);
      QCOMPARE(checkpoint.format, std::string(name[0] == 'z' ? "torch zip" : "torch legacy"));
      QCOMPARE(checkpoint.sets.size(), std::size_t{1});
      QCOMPARE(checkpoint.sets[0].where, std::string());
      verify_network(checkpoint.sets[0].tensors);
    }
    const Checkpoint wrapped = open("data_parallel.pt");
    QCOMPARE(wrapped.sets[0].where, std::string("state_dict"));
    verify_network(wrapped.sets[0].tensors);
  }

  void whole_modules_are_taken_apart() {
    const Checkpoint checkpoint = open("whole_module.pt");
    QCOMPARE(checkpoint.sets.size(), std::size_t{1});
    QCOMPARE(checkpoint.sets[0].class_name, std::string("torch.nn.modules.container.Sequential"));
    verify_network(checkpoint.sets[0].tensors);
  }

  void numpy_arrays() {
    for (const char* name : {"zip_everything.pt", "legacy_everything.pt"}) {
      const Checkpoint checkpoint = open(name);
      const auto& tensors = set_of(checkpoint, "").tensors;  // a numpy array beside the weights is a set of its own
      QCOMPARE(tensors.size(), std::size_t{1});
      QVERIFY(tensors.at("array").equal(at::arange(6, at::kFloat).reshape({2, 3})));
    }
  }

  void views_and_types_data() {
    QTest::addColumn<QString>("name");
    QTest::newRow("zip") << "zip_everything.pt";
    QTest::newRow("legacy") << "legacy_everything.pt";
  }
  void views_and_types() {
    QFETCH(QString, name);
    const Checkpoint checkpoint = read_checkpoint(file(name.toUtf8()));
    const auto& tensors = set_of(checkpoint, "model").tensors;
    const at::Tensor base = ramp({4, 6});
    QVERIFY(tensors.at("whole").equal(base));
    QVERIFY(tensors.at("rows").equal(base.slice(0, 1, 3)));
    QVERIFY(tensors.at("turned").equal(base.t()));
    QVERIFY(tensors.at("step").equal(base.slice(1, 0, 6, 2)));
    const std::pair<const char*, at::ScalarType> types[] = {{"float64", at::kDouble}, {"float16", at::kHalf}, {"bfloat16", at::kBFloat16}, {"int64", at::kLong}, {"int32", at::kInt},
                                                            {"int16", at::kShort},    {"int8", at::kChar},    {"uint8", at::kByte},        {"uint16", at::kUInt16}};
    for (const auto& [key, dtype] : types) {
      QCOMPARE(tensors.at(key).scalar_type(), dtype);
      QVERIFY2(tensors.at(key).to(at::kDouble).equal(ramp({3, 2}, at::kDouble).to(dtype).to(at::kDouble)), key);
    }
    QVERIFY(tensors.at("bool").equal(ramp({3}).eq(0).logical_or(ramp({3}).eq(1))));
    QCOMPARE(tensors.at("scalar").item<float>(), 7.0f);
    QVERIFY(tensors.at("empty").sizes() == at::IntArrayRef({0, 3}));
    QVERIFY(tensors.at("parameter").equal(ramp({2})));
    QCOMPARE(tensors.size(), std::size_t{17});
    QVERIFY(std::find(checkpoint.records.begin(), checkpoint.records.end(), "argparse.Namespace") != checkpoint.records.end());
  }

  void pickled_modules_of_nvidia_data() { QTest::addColumn<QString>("name"); for (const char* p : {"2", "3", "4"}) QTest::newRow(p) << QString("nvidia_protocol%1.pkl").arg(p); }
  void pickled_modules_of_nvidia() {
    QFETCH(QString, name);
    const Checkpoint checkpoint = read_checkpoint(file(name.toUtf8()));
    QCOMPARE(checkpoint.format, std::string("pickle"));
    QCOMPARE(checkpoint.sets.size(), std::size_t{2});
    const WeightSet& ema = set_of(checkpoint, "G_ema");
    QCOMPARE(ema.class_name, std::string("Generator"));
    QVERIFY((ema.arguments == nlohmann::json{{"z_dim", 3}, {"synthesis_kwargs", {{"channel_base", 64}, {"num_fp16_res", 0}}}}));
    QCOMPARE(ema.tensors.size(), std::size_t{3});  // without the buffer that is not persistent
    QVERIFY(ema.tensors.at("bias").equal(ramp({2}, at::kFloat, 100)));
    QVERIFY(ema.tensors.at("mapping.weight").equal(ramp({3, 2}, at::kFloat, 1)));
    QVERIFY(ema.tensors.at("mapping.filter").equal(ramp({4})));
    QVERIFY(set_of(checkpoint, "G").tensors.at("bias").equal(ramp({2})));
    QVERIFY(!QFile::exists("/tmp/should-not-exist"));
  }

  void programs_are_refused() {
    try {
      open("torchscript.pt");
      QFAIL("opened");
    } catch (const Error& error) {
      QVERIFY(QString(error.what()).contains("TorchScript"));
    }
    const auto calls = [](const std::string& body, const std::string& name) {
      const std::string why = refusal(body);
      return why.find("a call to " + name) != std::string::npos || (qWarning("%s: %s", name.c_str(), why.c_str()), false);
    };
    const std::pair<const char*, const char*> names[] = {{"posix", "system"}, {"nt", "system"}, {"os", "popen"}, {"builtins", "eval"}, {"__builtin__", "exec"}, {"builtins", "getattr"}, {"builtins", "__import__"},
                                                         {"subprocess", "Popen"}, {"importlib", "import_module"}, {"runpy", "_run_code"}, {"pickle", "loads"}, {"torch.hub", "load"}, {"torch", "load"},
                                                         {"torch.serialization", "load"}, {"operator", "attrgetter"}, {"numpy.testing._private.utils", "runstring"}, {"ctypes", "CDLL"}, {"types", "CodeType"}};
    for (const auto& [module, name] : names) {
      const std::string full = module + "."s + name;
      QVERIFY(calls(pickle(global(module, name) + "(" + text("touch /tmp/should-not-exist") + "tR"), full));                  // GLOBAL
      QVERIFY(calls("\x80\4"s + text(module) + text(name) + "\x93" + text("x") + "\x85R.", full));                              // STACK_GLOBAL
      QVERIFY(calls(pickle(global("torch.storage", "_load_from_bytes") + "(B" + [&] {                                            // inside a file inside
        const std::string inner = pickle("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"s) + pickle("M\xe9\3") + pickle("}" + text("little_endian") + "\x88s") + pickle(global(module, name) + ")R");
        return u32(static_cast<std::uint32_t>(inner.size())) + inner;
      }() + "tR"), full));
    }
    QVERIFY(!QFile::exists("/tmp/should-not-exist"));
  }

  void names_of_others_stay_names() {
    // A class nobody knows, called with arguments, beside weights: the weights open, the class is a name in the list.
    const std::string tensor = legacy(integer(2) + "\x85", integer(1) + "\x85", 0, 2, 2);
    QVERIFY(refusal(tensor).empty());
    const std::string with = [&] {
      std::string bytes = tensor;
      const auto at = bytes.find("}" + text("w"));
      return bytes.insert(at + 1, text("callback") + global("lightning.callbacks", "ModelCheckpoint") + "(" + text("path") + "tRs");
    }();
    const Checkpoint checkpoint = parse_checkpoint(with);
    QCOMPARE(checkpoint.records, std::vector<std::string>{"lightning.callbacks.ModelCheckpoint"});
    QCOMPARE(checkpoint.sets[0].tensors.size(), std::size_t{1});
  }

  void operations_outside_the_list_are_refused() {
    const std::string allowed = "\x80\x95(01N\x88\x89JKM\x8aGX\x8c\x8dUCB\x8e])}\x8f""ae\x90sut\x91\x85\x86\x87hjqr\x94""c\x93R\x81\x92""bQ.";
    QCOMPARE(allowed.size(), std::size_t{47});
    for (int op = 0; op < 256; ++op) {
      if (allowed.find(static_cast<char>(op)) != std::string::npos) continue;
      const std::string why = refusal("\x80\2"s + static_cast<char>(op) + std::string(20, '1') + "\n\n.");
      QVERIFY2(why.find("is not one of data") != std::string::npos, why.c_str());
    }
    // By name: INST, OBJ, EXT1, PERSID, LONG4.
    for (const std::string op : {"(iposix\nsystem\n", "(cposix\nsystem\no", "\x82\1", "Px\n", "\x8b\xff\xff\xff\x7f"}) QVERIFY(!refusal(pickle(op)).empty());
  }

  void tensors_stay_inside_their_storages() {
    const auto one = [](int n) { return integer(static_cast<std::uint32_t>(n)) + "\x85"; };
    QVERIFY(refusal(legacy(one(4), one(1), 0, 4, 4)).empty());
    QVERIFY(refusal(legacy(one(2), one(3), 0, 4, 4)).empty());
    QVERIFY(refusal(legacy(one(4), one(0), 0, 4, 4)).empty());                                         // one value four times
    QVERIFY(refusal(legacy(one(4), one(1), 1, 4, 4)).find("beyond its storage") != std::string::npos);
    QVERIFY(refusal(legacy(one(5), one(1), 0, 4, 4)).find("beyond its storage") != std::string::npos);
    QVERIFY(refusal(legacy(one(2), one(4), 0, 4, 4)).find("beyond its storage") != std::string::npos);
    QVERIFY(refusal(legacy(one(1000000000), one(0), 0, 4, 4)).find("beyond its storage") != std::string::npos);
    QVERIFY(refusal(legacy(one(-1), one(1), 0, 4, 4)).find("described wrongly") != std::string::npos);
    QVERIFY(refusal(legacy(one(2), one(-1), 1, 4, 4)).find("described wrongly") != std::string::npos);
    QVERIFY(refusal(legacy(one(2), one(1), -1, 4, 4)).find("described wrongly") != std::string::npos);
    QVERIFY(refusal(legacy(one(2), "N", 0, 4, 4)).find("described wrongly") != std::string::npos);
    QVERIFY(refusal(legacy(one(2), "(" + integer(1) + integer(1) + "t", 0, 4, 4)).find("described wrongly") != std::string::npos);
    const std::string big = integer(0x7fffffff), overflow = "(" + big + big + big + big + "t";
    QVERIFY(refusal(legacy(overflow, overflow, 0, 4, 4)).find("beyond its storage") != std::string::npos);
    QVERIFY(refusal(legacy("(" + integer(0) + big + big + big + "t", overflow, 0, 4, 4)).find("beyond its storage") != std::string::npos);
    QVERIFY(refusal(legacy(one(4), one(1), 0, 4, 3)).find("another size") != std::string::npos || refusal(legacy(one(4), one(1), 0, 4, 3)).find("cut off") != std::string::npos);
    QVERIFY(refusal(legacy(one(4), one(1), 0, 0x7fffffff, 4)).find("larger than the file") != std::string::npos);
  }

  void bombs_stay_small() {
    QElapsedTimer clock;
    clock.start();
    // Lists of lists that double at each level: nothing is copied, and the search for weights gives up.
    std::string doubling = "]q\1";
    for (int i = 1; i < 200; ++i) doubling += "}q"s + static_cast<char>(i + 1) + "(" + text("a") + "h" + static_cast<char>(i) + text("b") + "h" + static_cast<char>(i) + "u";
    QVERIFY(!refusal(pickle(doubling)).empty());
    // One large tuple copied again and again.
    std::string copies = "(" + std::string(300000, 'N') + "t\x85q\1""0";
    for (int i = 0; i < 200000; ++i) copies += global("torch", "Size") + "h\1R0";
    QVERIFY(refusal(pickle(copies + "N")).find("operations") != std::string::npos);
    QVERIFY(refusal(pickle(std::string(3'000'000, ']'))).find("values") != std::string::npos || refusal(pickle(std::string(3'000'000, ']'))).find("deep") != std::string::npos);
    QVERIFY(!refusal(pickle(std::string(3'000'000, '('))).empty());
    QVERIFY(!refusal(pickle("X\xff\xff\xff\xff")).empty());
    QVERIFY(!refusal(pickle("\x8e\xff\xff\xff\xff\xff\xff\xff\xff")).empty());
    QVERIFY(!refusal(pickle("]q\1h\1a")).empty());  // a list that holds itself
    QVERIFY(!refusal(pickle("}q\1" + text("a") + "h\1s")).empty());
    QVERIFY(clock.elapsed() < 5000);
  }

  void what_is_not_such_a_file() {
    QVERIFY(refusal("").find("neither") != std::string::npos);
    QVERIFY(refusal("7z\xbc\xaf\x27\x1c").find("neither") != std::string::npos);
    QVERIFY(refusal("PK\3\4 and nothing else").find("zip") != std::string::npos);
    QVERIFY(refusal(pickle("N")).find("no weights") != std::string::npos);
    QVERIFY(refusal(pickle("}")).find("no weights") != std::string::npos);
    QVERIFY(refusal(pickle("(" + global("dnnlib.tflib.network", "Network") + ")\x81" + global("dnnlib.tflib.network", "Network") + ")\x81t")).find("TensorFlow") != std::string::npos);
    QVERIFY(refusal(pickle("0")).find("stack is empty") != std::string::npos);
    QVERIFY(refusal(pickle("(0N")).empty() == false);
    QVERIFY(refusal(pickle("h\5")).find("not defined") != std::string::npos);
    QVERIFY(refusal(pickle("NN")).find("left over") != std::string::npos);
    QVERIFY(refusal(pickle("X\1\0\0\0\xff"s)).find("UTF-8") != std::string::npos);
  }

  void zips_that_lie() {
    const std::string good = read_file(file("zip_state_dict.pt"));
    QVERIFY(refusal(good).empty());
    const auto with = [&](const std::string& from, const std::string& to) {
      std::string bytes = good;
      int count = 0;
      for (std::size_t at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + to.size()), ++count) bytes.replace(at, from.size(), to);
      return count > 0 ? bytes : std::string();
    };
    QVERIFY(refusal(with("data/3", "code/x")).find("TorchScript") != std::string::npos);
    QVERIFY(refusal(with("data/3", "data/x")).find("no part of weights") != std::string::npos);
    QVERIFY(refusal(with("zip_state_dict/data/3", "../../../../../data/3")).find("no part of weights") != std::string::npos);
    QVERIFY(refusal(with("data/3", "data/2")).empty() == false);                  // a name twice
    QVERIFY(refusal(with("data/3", "data/9")).find("missing") != std::string::npos);
    QVERIFY(refusal(with("littlePK", "big   PK")).empty() == false || with("littlePK", "big   PK").empty());
    std::string flipped = good;
    const auto weight = flipped.find(std::string("\0\0\0\0\0\0\0\x3f\0\0\x80\x3f", 12));
    QVERIFY(weight != std::string::npos);
    flipped[weight + 9] ^= 1;
    QVERIFY(refusal(flipped).find("checksum") != std::string::npos);
    for (std::size_t n = 0; n < good.size(); n += 7) QVERIFY(!refusal(good.substr(0, n)).empty());
  }

  void no_flipped_byte_breaks_the_reader() {
    std::mt19937 random(4);
    for (const char* name : {"legacy_everything.pt", "zip_everything.pt", "nvidia_protocol4.pkl", "nvidia_protocol2.pkl"}) {
      const std::string good = read_file(file(name));
      QVERIFY(refusal(good).empty());
      for (int round = 0; round < 4000; ++round) {
        std::string changed = good;
        for (int flips = 1 + random() % 4; flips > 0; --flips) changed[random() % changed.size()] = static_cast<char>(random());
        if (random() % 8 == 0) changed.resize(random() % changed.size());
        refusal(changed);  // opened or refused, but nothing else
      }
    }
    QVERIFY(!QFile::exists("/tmp/should-not-exist"));
  }
};

QTEST_GUILESS_MAIN(TestPickle)
#include "test_pickle.moc"
