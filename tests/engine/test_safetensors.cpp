#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <torch/nn/module.h>

#include <QTemporaryDir>
#include <QtTest>
#include <fstream>
#include <random>

#include "engine/api/result.h"
#include "engine/io/atomic_file.h"
#include "engine/io/module_weights.h"
#include "engine/io/safetensors.h"
#include "engine/io/sha256.h"

using namespace orrery;
using namespace orrery::io;

namespace {

std::string file_of(const std::string& header, std::size_t data_bytes, std::int64_t length = -1) {
  const auto n = static_cast<std::uint64_t>(length < 0 ? static_cast<std::int64_t>(header.size()) : length);
  std::string out(8, '\0');
  for (int i = 0; i < 8; ++i) out[i] = static_cast<char>(n >> (8 * i));
  return out + header + std::string(data_bytes, '\1');
}

// The sentence with which a file is refused; empty when it is accepted.
std::string refusal(const std::string& bytes) {
  try {
    parse_safetensors(bytes);
    return {};
  } catch (const Error& error) {
    return error.error().code == ErrorCode::bad_input ? error.what() : "wrong code";
  }
}

std::string bytes_of(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.contiguous();
  return {static_cast<const char*>(plain.const_data_ptr()), plain.nbytes()};
}

bool same_file(const TensorFile& a, const TensorFile& b) {
  if (a.metadata != b.metadata || a.tensors.size() != b.tensors.size()) return false;
  for (const auto& [name, tensor] : a.tensors) {
    if (!b.tensors.count(name)) return false;
    const auto& other = b.tensors.at(name);
    if (other.scalar_type() != tensor.scalar_type() || other.sizes() != tensor.sizes() || bytes_of(other) != bytes_of(tensor)) return false;
  }
  return true;
}

// JSON with ' for ", which moc reads more easily than raw strings.
std::string json(std::string text) {
  for (char& c : text) if (c == '\'') c = '"';
  return text;
}

const std::string one = json("'shape':[2,2],'data_offsets':[0,16]");

struct Small : torch::nn::Module {
  at::Tensor weight = register_parameter("weight", at::rand({3, 2}));
  at::Tensor count = register_buffer("count", at::full({}, 7, at::kLong));
};
struct Big : torch::nn::Module {
  std::shared_ptr<Small> inner = register_module("inner", std::make_shared<Small>());
  at::Tensor gain = register_parameter("gain", at::rand({4}));
};

}  // namespace

class TestSafetensors : public QObject {
  Q_OBJECT
 private Q_SLOTS:

  void every_dtype_survives() {
    TensorFile file;
    const at::ScalarType types[] = {at::kBool, at::kByte, at::kChar, at::kShort, at::kUInt16, at::kInt, at::kUInt32, at::kLong, at::kUInt64, at::kHalf, at::kBFloat16,
                                    at::kFloat, at::kDouble, at::kFloat8_e4m3fn, at::kFloat8_e5m2, at::kFloat8_e8m0fnu, at::kComplexFloat};
    for (const auto type : types) {
      at::Tensor tensor = at::empty({3, 5}, at::TensorOptions().dtype(type));
      auto* bytes = static_cast<unsigned char*>(tensor.data_ptr());
      for (std::size_t i = 0; i < tensor.nbytes(); ++i) bytes[i] = type == at::kBool ? i % 2 : static_cast<unsigned char>(37 * i + 11);
      file.tensors[std::string("t.") + c10::toString(type)] = tensor;
    }
    file.tensors["scalar"] = at::full({}, 2.5, at::kDouble);
    file.tensors["empty"] = at::empty({0, 4});
    file.tensors["empty too"] = at::empty({3, 0}, at::kLong);
    file.metadata = {{"a", "b"}, {"quote\"\\", "\n\u00e9\u2603"}, {"empty", ""}};
    const std::string bytes = safetensors_bytes(file);
    QVERIFY(same_file(file, parse_safetensors(bytes)));
    QCOMPARE(bytes, safetensors_bytes(parse_safetensors(bytes)));
    QVERIFY(same_file({}, parse_safetensors(safetensors_bytes({}))));
  }

  void views_are_written_in_c_order() {
    const at::Tensor base = at::arange(12, at::kFloat).view({3, 4});
    const TensorFile back = parse_safetensors(safetensors_bytes({{{"t", base.t()}, {"s", base.slice(1, 1, 3)}}, {}}));
    QVERIFY(back.tensors.at("t").equal(base.t()));
    QVERIFY(back.tensors.at("s").equal(base.slice(1, 1, 3)));
    QVERIFY(back.tensors.at("t").is_contiguous());
  }

  void random_files_come_back() {
    std::mt19937 random(1);
    for (int round = 0; round < 200; ++round) {
      TensorFile file;
      const int count = static_cast<int>(random() % 8);
      for (int i = 0; i < count; ++i) {
        std::vector<std::int64_t> shape(random() % 5);
        for (auto& size : shape) size = random() % 5;
        const at::ScalarType types[] = {at::kByte, at::kHalf, at::kFloat, at::kDouble, at::kLong};
        file.tensors["n" + std::to_string(random() % 1000) + std::string(random() % 30, '.')] = at::full(shape, static_cast<double>(random() % 100), types[random() % 5]);
      }
      if (random() % 2) file.metadata["k" + std::to_string(random())] = std::string(random() % 50, 'v');
      QVERIFY(same_file(file, parse_safetensors(safetensors_bytes(file))));
    }
  }

  void damaged_files_are_refused_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("says");
    const auto row = [](const char* name, const std::string& bytes, const char* says) { QTest::newRow(name) << QByteArray::fromStdString(bytes) << says; };
    const std::string good = json("{'x':{'dtype':'F32',") + one + "}}";
    row("accepted", file_of(good, 16), "");
    row("trailing spaces accepted", file_of(good + "     ", 16), "");
    row("zero-size accepted", file_of(json("{'x':{'dtype':'F32','shape':[2,0],'data_offsets':[0,0]}}"), 0), "");
    row("zero-size tensors may share a place", file_of(json("{'x':{'dtype':'F32','shape':[0],'data_offsets':[0,0]},'y':{'dtype':'F32','shape':[0],'data_offsets':[0,0]}}"), 0), "");
    row("no tensors accepted", file_of("{}", 0), "");
    row("empty", "", "too small for a header");
    row("HeaderTooSmall", std::string(7, '\0'), "too small for a header");
    row("HeaderTooLarge", file_of(good + std::string((16 << 20), ' '), 16), "larger than 16 MiB");
    row("InvalidHeaderLength", file_of(good, 16, 1000), "longer than the file");
    row("header length of 2^64-1", std::string(8, '\xff') + good, "longer than the file");
    row("InvalidHeader: not UTF-8", file_of("{\"\xff\":{\"dtype\":\"F32\"," + one + "}}", 16), "not UTF-8");
    row("overlong UTF-8", file_of("{\"\xc0\xaf\":{\"dtype\":\"F32\"," + one + "}}", 16), "not UTF-8");
    row("not JSON", file_of("{ \"x\": ", 16), "not JSON");
    row("JSON after JSON", file_of(good + "{}", 16), "not JSON");
    row("zero byte after JSON", file_of(good + std::string("\0{{", 3), 16), "zero byte");
    row("leading space", file_of(" " + good, 16), "does not begin with '{'");
    row("a list", file_of("[]", 0), "does not begin with '{'");
    row("InvalidOffset: overlap", file_of(json("{'x':{'dtype':'F32','shape':[4],'data_offsets':[0,16]},'y':{'dtype':'F32','shape':[4],'data_offsets':[8,24]}}"), 24), "offsets of 'y' overlap");
    row("two tensors over one range", file_of(json("{'x':{'dtype':'F32',") + one + json("},'y':{'dtype':'F32',") + one + "}}", 16), "offsets of 'y' overlap");
    row("end before begin", file_of(json("{'x':{'dtype':'F32','shape':[2,2],'data_offsets':[16,0]}}"), 16), "end before they begin");
    row("negative offset", file_of(json("{'x':{'dtype':'F32','shape':[2,2],'data_offsets':[-16,0]}}"), 16), "negative");
    row("negative size", file_of(json("{'x':{'dtype':'F32','shape':[-2,-2],'data_offsets':[0,16]}}"), 16), "negative");
    row("TensorInvalidInfo", file_of(json("{'x':{'dtype':'F32','shape':[2,3],'data_offsets':[0,16]}}"), 16), "shape of 24 bytes but offsets of 16");
    row("shape bigger than offsets", file_of(json("{'x':{'dtype':'F32','shape':[1000000],'data_offsets':[0,16]}}"), 16), "shape of 4000000 bytes");
    row("ValidationOverflow: product", file_of(json("{'x':{'dtype':'F32','shape':[4294967296,4294967296],'data_offsets':[0,0]}}"), 0), "overflows");
    row("ValidationOverflow: bits", file_of(json("{'x':{'dtype':'F32','shape':[9223372036854775807],'data_offsets':[0,16]}}"), 16), "overflows");
    row("ValidationOverflow: hidden by zero", file_of(json("{'x':{'dtype':'F32','shape':[0,4611686018427387904,16],'data_offsets':[0,0]}}"), 0), "overflows");
    row("number beyond 64 bits", file_of(json("{'x':{'dtype':'F32','shape':[2,2],'data_offsets':[0,99999999999999999999]}}"), 16), "not whole or overflows");
    row("fraction", file_of(json("{'x':{'dtype':'F32','shape':[2.0,2],'data_offsets':[0,16]}}"), 16), "not whole");
    row("MetadataIncompleteBuffer: trailing", file_of(good, 17), "1 bytes at its end belong to no tensor");
    row("MetadataIncompleteBuffer: cut off", file_of(good, 15), "beyond the end");
    row("MetadataIncompleteBuffer: hole", file_of(json("{'x':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'y':{'dtype':'F32','shape':[1],'data_offsets':[8,12]}}"), 12), "hole before 'y'");
    row("hole at the start", file_of(json("{'x':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}"), 8), "hole before 'x'");
    row("MisalignedSlice", file_of(json("{'x':{'dtype':'F4','shape':[3],'data_offsets':[0,2]}}"), 2), "whole byte");
    row("sub-byte", file_of(json("{'x':{'dtype':'F4','shape':[4],'data_offsets':[0,2]}}"), 2), "smaller than a byte");
    row("unknown dtype", file_of(json("{'x':{'dtype':'F31',") + one + "}}", 16), "unknown dtype 'F31'");
    row("name twice", file_of(json("{'x':{'dtype':'U8','shape':[1],'data_offsets':[0,1]},'x':{'dtype':'U8','shape':[1],'data_offsets':[1,2]}}"), 2), "'x' appears twice");
    row("metadata twice", file_of(json("{'__metadata__':{},'__metadata__':{}}"), 0), "'__metadata__' appears twice");
    row("metadata key twice", file_of(json("{'__metadata__':{'a':'1','a':'2'}}"), 0), "'a' appears twice");
    row("metadata not text", file_of(json("{'__metadata__':{'a':1}}"), 0), "number where none may be");
    row("metadata nested", file_of(json("{'__metadata__':{'a':{}}}"), 0), "object where none may be");
    row("metadata a text", file_of(json("{'__metadata__':'a'}"), 0), "text where none may be");
    row("unknown field", file_of(json("{'x':{'dtype':'F32','more':1,") + one + "}}", 16), "'more'");
    row("field twice", file_of(json("{'x':{'dtype':'F32','dtype':'F32',") + one + "}}", 16), "'dtype'");
    row("no dtype", file_of(json("{'x':{") + one + "}}", 16), "lacks dtype");
    row("one offset", file_of(json("{'x':{'dtype':'F32','shape':[2,2],'data_offsets':[0]}}"), 16), "two data_offsets");
    row("three offsets", file_of(json("{'x':{'dtype':'F32','shape':[2,2],'data_offsets':[0,16,16]}}"), 16), "number where none may be");
    row("null", file_of(json("{'x':null}"), 0), "null");
    row("deep lists", file_of("{\"x\":" + std::string(100000, '['), 0), "list where none may be");
    row("many dimensions", file_of("{\"x\":{\"dtype\":\"U8\",\"shape\":[1" + [] { std::string s; for (int i = 0; i < 100; ++i) s += ",1"; return s; }() + "],\"data_offsets\":[0,1]}}", 1), "more than 64 dimensions");
    row("picture", "\x89PNG\r\n\x1a\n and so on and on", "longer than the file");
  }
  void damaged_files_are_refused() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, says);
    const std::string why = refusal(bytes.toStdString());
    QVERIFY2(says.isEmpty() ? why.empty() : QString::fromStdString(why).contains(says), why.empty() ? "accepted" : why.c_str());
  }

  void abuse_costs_little() {
    std::string text = "{";
    for (int i = 0; i < 100000; ++i) text += (i ? ",\"" : "\"") + std::to_string(i) + json("':{'dtype':'U8','shape':[160000],'data_offsets':[0,160000]}");
    QElapsedTimer clock;
    clock.start();
    QVERIFY(refusal(file_of(text + "}", 160000)).find("overlap") != std::string::npos);
    QVERIFY(clock.elapsed() < 2000);
  }

  void no_prefix_and_no_flipped_byte_breaks_the_reader() {
    TensorFile file;
    file.tensors = {{"a", at::rand({3})}, {"b.c", at::rand({2, 2})}, {"flag", at::full({3}, true, at::kBool)}};
    file.metadata = {{"k", "v"}};
    const std::string bytes = safetensors_bytes(file);
    for (std::size_t n = 0; n < bytes.size(); ++n) QVERIFY2(!refusal(bytes.substr(0, n)).empty(), "a cut-off file was accepted");
    std::mt19937 random(2);
    int accepted = 0;
    for (int round = 0; round < 20000; ++round) {
      std::string changed = bytes;
      for (int flips = 1 + random() % 3; flips > 0; --flips) changed[random() % changed.size()] = static_cast<char>(random());
      if (refusal(changed).empty()) ++accepted;
    }
    QVERIFY(accepted > 0);      // flips in the tensors themselves
    QVERIFY(accepted < 10000);  // and most in the header are noticed
  }

  void bool_bytes_become_zero_or_one() {
    const TensorFile file = parse_safetensors([] {
      std::string bytes = file_of(json("{'x':{'dtype':'BOOL','shape':[3],'data_offsets':[0,3]}}"), 0);
      return bytes + std::string("\x00\x01\xfe", 3);
    }());
    QVERIFY(bytes_of(file.tensors.at("x")) == std::string("\0\1\1", 3));
  }

  void files_on_disk() {
    QTemporaryDir folder;
    const std::string path = folder.filePath("weights.safetensors").toStdString();
    TensorFile file{{{"a", at::rand({5, 4})}, {"n", at::full({}, 3, at::kLong)}}, {{"who", "me"}}};
    write_safetensors(path, file);
    QVERIFY(same_file(file, read_safetensors(path)));
    const TensorFileHeader header = read_safetensors_header(path);
    QCOMPARE(header.entries.size(), std::size_t{2});
    QCOMPARE(header.entries[0].name, std::string("n"));  // larger elements first
    QCOMPARE(header.metadata.at("who"), std::string("me"));
    const std::string bytes = read_file(path);
    QCOMPARE(sha256_hex(std::string_view(bytes).substr(header.data_begin)), sha256_of_tensors(file.tensors));
    QCOMPARE(QDir(folder.path()).entryList(QDir::Files | QDir::Hidden).size(), 1);
    // Writing over a file that somebody still reads leaves that reader its old bytes.
    std::ifstream reader(path, std::ios::binary);
    write_safetensors(path, {{{"b", at::rand({1})}}, {}});
    const std::string old((std::istreambuf_iterator<char>(reader)), {});
    QVERIFY(old == bytes);
    QVERIFY_THROWS_EXCEPTION(Error, read_safetensors(folder.filePath("none").toStdString()));
    QVERIFY_THROWS_EXCEPTION(Error, read_safetensors(folder.path().toStdString()));
    QVERIFY_THROWS_EXCEPTION(Error, read_safetensors("/dev/zero"));
  }

  void names_that_no_reader_takes_are_not_written() {
    QVERIFY_THROWS_EXCEPTION(Error, safetensors_bytes({{{"__metadata__", at::rand({1})}}, {}}));
    QVERIFY_THROWS_EXCEPTION(Error, safetensors_bytes({{{"\xff", at::rand({1})}}, {}}));
    QVERIFY_THROWS_EXCEPTION(Error, safetensors_bytes({{}, {{"k", "\xff"}}}));
    QVERIFY_THROWS_EXCEPTION(Error, safetensors_bytes({{{"c", at::empty({1}, at::kComplexDouble)}}, {}}));
  }

  void module_weights_by_name() {
    Big one, two;
    QCOMPARE(named_weights(one).size(), std::size_t{3});
    QVERIFY(named_weights(one).count("inner.weight"));
    one.inner->count.fill_(9);
    load_weights(two, named_weights(one));
    QVERIFY(two.gain.equal(one.gain));
    QVERIFY(two.inner->weight.equal(one.inner->weight));
    QCOMPARE(two.inner->count.item<std::int64_t>(), std::int64_t{9});
    QVERIFY(two.gain.requires_grad());

    auto weights = named_weights(one);
    weights["gain"] = one.gain.detach().to(at::kHalf);  // another precision is converted
    load_weights(two, weights);
    QVERIFY(two.gain.equal(one.gain.detach().to(at::kHalf).to(at::kFloat)));

    const at::Tensor before = two.gain.detach().clone();
    weights = named_weights(one);
    weights.erase("inner.weight");
    weights["stray"] = at::rand({1});
    weights["inner.count"] = at::rand({});
    weights["gain"] = at::rand({5});
    try {
      load_weights(two, weights);
      QFAIL("misfit accepted");
    } catch (const Error& error) {
      const QString why = error.what();
      QVERIFY2(why.contains("Missing: inner.weight.") && why.contains("Left over: stray.") && why.contains("gain [5] instead of [4]") && why.contains("inner.count Float instead of Long"), error.what());
    }
    QVERIFY(two.gain.equal(before));
  }
};

QTEST_GUILESS_MAIN(TestSafetensors)
#include "test_safetensors.moc"
