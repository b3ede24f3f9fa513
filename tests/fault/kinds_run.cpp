// Files of runs, and the plain ones under them.
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>

#include <exception>

#include "engine/api/result.h"
#include "engine/io/atomic_file.h"
#include "engine/train/checkpoints.h"
#include "engine/train/run_folder.h"
#include "engine/train/stats_file.h"
#include "kinds.h"

namespace orrery::fault {

std::string looked_at(const std::function<std::string()>& read) {
  try {
    return read();
  } catch (const Error& error) {
    return error.error().what_happened + " " + error.error().details;
  } catch (const std::exception& error) {
    return std::string("an exception: ") + error.what();
  }
}

std::vector<FileKind> file_kinds() {
  std::vector<FileKind> all = run_kinds();
  for (auto& kind : export_kinds()) all.push_back(std::move(kind));
  return all;
}

namespace {

// `bytes` that are all different and say which version they are of.
std::string text_of(const std::string& version, std::size_t bytes) {
  std::string text = version;
  for (std::size_t i = 0; text.size() < bytes; ++i) text += " " + version + std::to_string(i);
  text.resize(bytes);
  return text;
}

std::function<bool(const std::string&)> only(const std::string& name) {
  return [name](const std::string& found) { return found == name; };
}
void nothing(const std::string&) {}

io::TensorFile tensors(double value, std::int64_t count = 3000) {
  io::TensorFile file;
  file.tensors["a.weight"] = at::arange(count, at::kFloat) + value;
  file.tensors["b.count"] = at::full({7}, static_cast<std::int64_t>(value), at::kLong);
  file.tensors["c.bytes"] = at::full({5, 3}, static_cast<std::int64_t>(value), at::kByte);
  file.metadata["version"] = std::to_string(static_cast<int>(value));
  return file;
}
bool same(const io::TensorFile& a, const io::TensorFile& b) {
  if (a.metadata != b.metadata || a.tensors.size() != b.tensors.size()) return false;
  for (const auto& [name, tensor] : a.tensors) {
    const auto found = b.tensors.find(name);
    if (found == b.tensors.end() || found->second.scalar_type() != tensor.scalar_type() || !at::equal(found->second, tensor)) return false;
  }
  return true;
}

FileKind small_file() {
  const std::string before = text_of("old", 700), after = text_of("new", 3000);
  return {"small file", true, only("settings.json"),
          [=](const std::string& folder) { io::write_file_atomically(folder + "/settings.json", before); },
          [=](const std::string& folder) { io::write_file_atomically(folder + "/settings.json", after); }, nothing,
          [=](const std::string& folder) {
            return looked_at([&] {
              const std::string now = io::read_file(folder + "/settings.json");
              return now == before ? "old" : now == after ? "new" : "torn: " + std::to_string(now.size()) + " bytes";
            });
          }};
}

// In pieces, some of them written over later.
FileKind streamed_file() {
  const std::string before = text_of("old", 5000), after = text_of("new", 90000);
  return {"streamed file", true, only("large.bin"),
          [=](const std::string& folder) { io::write_file_atomically(folder + "/large.bin", before); },
          [=](const std::string& folder) {
            io::AtomicFile file(folder + "/large.bin");
            file.write(std::string(10000, '?'));
            for (std::size_t at = 10000; at < after.size(); at += 20000) file.write(std::string_view(after).substr(at, 20000));
            file.write_at(0, std::string_view(after).substr(0, 10000));
            file.commit();
          },
          nothing,
          [=](const std::string& folder) {
            return looked_at([&] {
              const std::string now = io::read_file(folder + "/large.bin");
              return now == before ? "old" : now == after ? "new" : "torn: " + std::to_string(now.size()) + " bytes";
            });
          }};
}

FileKind weights() {
  return {"weights (safetensors)", true, only("model.safetensors"),
          [](const std::string& folder) { io::write_safetensors(folder + "/model.safetensors", tensors(1)); },
          [](const std::string& folder) { io::write_safetensors(folder + "/model.safetensors", tensors(2)); }, nothing,
          [](const std::string& folder) {
            return looked_at([&]() -> std::string {
              const auto now = io::read_safetensors(folder + "/model.safetensors");
              return same(now, tensors(1)) ? "old" : same(now, tensors(2)) ? "new" : "other tensors";
            });
          }};
}

FileKind checkpoint() {
  return {"checkpoint with manifest", true,
          [](const std::string& name) {
            return name.starts_with("manifest-") || name.starts_with("state-");
          },
          [](const std::string& folder) {
            Checkpoints checkpoints(folder);
            checkpoints.save(1, 0.1, tensors(1), {});
            checkpoints.save(2, 0.2, tensors(2), {});
          },
          [](const std::string& folder) { Checkpoints(folder).save(3, 0.3, tensors(3), {{"system", "toy"}}); },
          [](const std::string& folder) { Checkpoints(folder).sweep(); },
          [](const std::string& folder) {
            return looked_at([&]() -> std::string {
              const auto newest = Checkpoints(folder).newest();
              if (!newest) return "no checkpoint";
              if (!same(io::read_safetensors(newest->state_path), tensors(static_cast<double>(newest->step)))) return "other tensors";
              return newest->step == 2 ? "old" : newest->step == 3 ? "new" : "step " + std::to_string(newest->step);
            });
          }};
}

RunRecord record(std::uint64_t seed) {
  RunRecord r;
  r.system = "toy", r.preset = "tiny", r.data = "builtin:emoji", r.data_name = "emoji", r.until = "200kimg", r.version = "0", r.command = "train";
  r.seed = seed;
  r.set = {{"train.batch", "8"}};
  r.shape = {8, 3, 2, 100};
  r.class_names = {"caf\xc3\xa9", "b"};
  for (int i = 0; i < 100; ++i) r.config["value" + std::to_string(i)] = i;
  return r;
}

FileKind run_record() {
  return {"run record (config.json)", true, only("config.json"), [](const std::string& folder) { RunFolder{folder}.write_record(record(1)); },
          [](const std::string& folder) { RunFolder{folder}.write_record(record(2)); }, nothing,
          [](const std::string& folder) {
            return looked_at([&]() -> std::string {
              const RunRecord now = RunFolder{folder}.read_record();
              const RunRecord wanted = record(now.seed);
              if (now.config != wanted.config || now.class_names != wanted.class_names || now.set != wanted.set || now.until != wanted.until) return "another record";
              return now.seed == 1 ? "old" : now.seed == 2 ? "new" : "another seed";
            });
          }};
}

FileKind statistics() {
  const auto point = [](std::int64_t step) { return StatsPoint{step, static_cast<double>(step) * 0.016, 1.0, {{"loss.d", 0.25}, {"loss.g", 1.0 / 3.0}}}; };
  return {"line of statistics", false, only("stats.jsonl"),
          [=](const std::string& folder) {
            StatsFile file(folder + "/stats.jsonl", 0);
            for (int step = 1; step <= 20; ++step) file.append(point(step));
          },
          [=](const std::string& folder) { StatsFile(folder + "/stats.jsonl", 20).append(point(21)); }, nothing,
          [=](const std::string& folder) {
            return looked_at([&]() -> std::string {
              const auto points = read_stats(folder + "/stats.jsonl");
              for (std::size_t i = 0; i < points.size(); ++i)
                if (stats_line(points[i]) != stats_line(point(static_cast<std::int64_t>(i) + 1))) return "another line " + std::to_string(i);
              return points.size() == 20 ? "old" : points.size() == 21 ? "new" : std::to_string(points.size()) + " lines";
            });
          }};
}

}  // namespace

std::vector<FileKind> run_kinds() { return {small_file(), streamed_file(), weights(), checkpoint(), run_record(), statistics()}; }

}  // namespace orrery::fault
