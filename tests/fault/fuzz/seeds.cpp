#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>

#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "engine/api/timeline.h"
#include "engine/data/store_index.h"
#include "engine/io/atomic_file.h"
#include "engine/io/png.h"
#include "engine/io/safetensors.h"
#include "engine/jobs/frames.h"
#include "field.h"
#include "kinds.h"
#include "fuzz/readers.h"

namespace orrery::fault {
namespace fs = std::filesystem;
namespace {

std::string with_header(const std::string& json, std::size_t data_bytes) {
  std::string out(8, '\0');
  const std::uint64_t size = json.size();
  std::memcpy(out.data(), &size, 8);
  return out + json + std::string(data_bytes, 'x');
}

std::vector<std::string> tensors() {
  io::TensorFile file;
  file.tensors["a"] = at::arange(12, at::kFloat).view({3, 4});
  file.tensors["b"] = at::full({5}, 3, at::kByte);
  file.tensors["empty"] = at::full({0, 2}, 0, at::kHalf);
  file.metadata["format"] = "pt";
  return {io::safetensors_bytes(file), io::safetensors_bytes({}), with_header("{}", 0), with_header("{}", 1),
          with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12),
          with_header(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", 0),
          with_header(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[4,0]}})", 4),
          with_header(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1),
          with_header(R"({"__metadata__":{"a":1}})", 0), std::string(8, '\xff'), std::string("\x10\0\0\0\0\0\0\0{\"\xff\xfe\":1}", 18)};
}

std::vector<std::string> pickles() {
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator(ORRERY_TEST_DIR "/vectors/checkpoints")) {
    const auto extension = entry.path().extension();
    if (extension != ".py" && entry.file_size() < 20000) all.push_back(io::read_file(entry.path()));
  }
  // Calls by every opcode that can make one, names built on the stack, a number of 2 GB, a memo and a stack that grow.
  all.emplace_back("cos\nsystem\n(S'true'\ntR.");
  all.emplace_back("(cos\nsystem\nS'true'\no.");
  all.emplace_back("(S'true'\nios\nsystem\n.");
  all.emplace_back("\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.", 30);
  all.emplace_back("\x80\x02\x8b\xff\xff\xff\x7f.", 8);
  all.emplace_back("\x80\x02\x82\x01.", 5);
  all.emplace_back("\x80\x02" + std::string(5000, '(') + "l.");
  all.emplace_back("\x80\x02]r\xff\xff\xff\xff.", 9);
  return all;
}

std::vector<std::string> pictures() {
  std::vector<std::uint8_t> pixels(6 * 5 * 4, 200);
  std::vector<std::string> all;
  for (int channels = 1; channels <= 4; ++channels) all.push_back(io::png_bytes({pixels.data(), 6, 5, channels, 0}, {{"parameters", "seed: 1"}, {"orrery_metadata", "{\"orrery\":1}"}, {"Title", "caf\xc3\xa9"}}));
  std::string huge = all[2];
  huge.replace(16, 8, std::string("\x7f\xff\xff\xff\x7f\xff\xff\xff", 8));
  all.push_back(huge);
  all.push_back(all[0].substr(0, 33));
  return all;
}

std::vector<std::string> labels() {
  return {data::write_labels({"0/a.png", "0/b.png"}, {0, 1}), data::write_labels({"a.png"}, {}), R"({"labels":[["a.png",[0.5,0.5]],["b.png","x"],[1,2],"c"]})", R"({"labels":{"a.png":3}})", "{\"labels\":[[",
          "[[[[[[[[", R"({"labels":[["a.png",1e999],["b.png",-3],["c.png",18446744073709551616]]})", "\xef\xbb\xbf{}"};
}
std::vector<std::string> extras() {
  data::StoreExtras extras;
  extras.name = "set";
  extras.class_names = {"a", "b"};
  extras.captions = {"one", "two"};
  extras.sources = {"x", "y"};
  extras.tags["face"] = {{"smile"}, {0, 0}};
  extras.seen = 3, extras.skipped = 1;
  extras.problems = {};
  return {data::write_extras(extras), "{}", "[]", R"({"name":1})", R"({"tags":{"a":{"names":["x"],"values":[7]}}})", R"({"class_names":"abc"})"};
}

std::vector<std::string> tapes() {
  const std::string head = R"({"version":1,"name":"n","model":{"name":"m","sha256":")" + std::string(64, 'a') + R"("},"request":{"model":"m","values":{"seed":1}},"complete":true,"branch_step":-1,"rows":[],"state_dtype":"F32","prediction_dtype":"F32","steps":)";
  const auto file = [&](const std::string& steps, int states, const at::Tensor& state) {
    io::TensorFile out;
    for (int i = 0; i < states; ++i) out.tensors["state." + std::to_string(i)] = state;
    out.metadata["orrery.tape"] = head + steps + "}";
    return io::safetensors_bytes(out);
  };
  const at::Tensor picture = at::full({1, 3, 2, 2}, 0.5, at::kFloat);
  // As the program writes it.
  const Scratch scratch;
  for (const auto& kind : export_kinds())
    if (kind.name.starts_with("tape")) kind.make_old(scratch.path());
  return {io::read_file(scratch.path() + "/process.otape"), file("[[0,1.0,-1.0,0.0,1.0],[1,0.5,-1.0,1.0,1.0]]", 2, picture), file("[[0,1.0,-1.0,0.0,1.0]]", 2, picture), file("[]", 0, picture), file("[[\"x\"]]", 1, picture), file("{}", 1, picture),
          file("[[0,1e400,-1,0,1]]", 1, at::full({1}, 1, at::kLong)), tensors()[0]};
}

std::vector<std::string> frames() {
  return {jobs::framed("{\"verb\":\"pause\"}") + jobs::framed("{}") + jobs::framed(""), std::string("\xff\xff\xff\xff{}", 6), std::string("\0\0\0\x05{}", 6), std::string("\0\x10\0\1x", 5), "GET / HTTP/1.1\r\n\r\n"};
}

std::vector<std::string> timelines() {
  Timeline timeline;
  timeline.base = {"m", {{"seed", std::int64_t{1}}, {"psi", 0.5}}};
  timeline.tracks = {{"psi", {{0.0, 0.5}, {1.0, 1.0, Easing::linear}}}};
  return {timeline_to_json(timeline), "{}", "[]", R"({"duration_s":-1,"tracks":[{"control":"a","keys":[{"time_s":2,"value":1},{"time_s":1,"value":2}]}]})", R"({"duration_s":1e400})", "{\"tracks\":[[[[["};
}

}  // namespace

std::vector<std::string> seeds(const std::string& reader) {
  if (reader == "safetensors") return tensors();
  if (reader == "pickle") return pickles();
  if (reader == "png") return pictures();
  if (reader == "labels") return labels();
  if (reader == "extras") return extras();
  if (reader == "tape") return tapes();
  if (reader == "frames") return frames();
  if (reader == "timeline") return timelines();
  throw std::logic_error("no seeds for " + reader);
}

}  // namespace orrery::fault
