#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "engine/bench/bench.h"
#include "kernels/cpu/isa.h"

namespace orrery::bench {
namespace {

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

std::string text(const char* format, auto... values) {
  char buffer[512];
  std::snprintf(buffer, sizeof buffer, format, values...);
  return buffer;
}

}  // namespace

nlohmann::json machine() {
  double load = -1.0;
  getloadavg(&load, 1);
  return {{"processor", processor()},
          {"cores", sysconf(_SC_NPROCESSORS_ONLN)},
          {"threads", at::get_num_threads()},
          {"isa", kernels::cpu_isa_name()},
          {"libtorch", TORCH_VERSION},
          {"libtorch_isa", at::get_cpu_capability()},
          {"load", load}};
}

std::string machine_line(const nlohmann::json& m) {
  return text("%s, %d cores, %d threads, kernels %s, LibTorch %s (%s), load %.1f", m.at("processor").get<std::string>().c_str(), m.at("cores").get<int>(),
              m.at("threads").get<int>(), m.at("isa").get<std::string>().c_str(), m.at("libtorch").get<std::string>().c_str(),
              m.at("libtorch_isa").get<std::string>().c_str(), m.at("load").get<double>());
}

nlohmann::json as_json(const Benchmark& b, const Measurement& m) {
  nlohmann::json out{{"name", b.name}, {"what", b.what}, {"peer", b.peer}, {"agree", m.agree}, {"error", m.error}, {"allowed_error", m.allowed_error}};
  if (m.agree) {
    out.update({{"ours_ms", m.ours_ms}, {"peer_ms", m.peer_ms}, {"ratio", m.ratio}, {"ratio_quartiles", {m.ratio_low, m.ratio_high}}, {"pairs", m.pairs}});
    if (m.ours_mib >= 0.0) out.update({{"ours_mib", m.ours_mib}, {"peer_mib", m.peer_mib}});
  }
  return out;
}

std::string table_header() {
  return text("%-34s %11s %11s %8s %15s %9s %9s %9s  %s", "name", "ours ms", "peer ms", "ratio", "quartiles", "ours MiB", "peer MiB", "error", "peer; work");
}

std::string table_line(const Benchmark& b, const Measurement& m) {
  if (!m.agree) return text("%-34s the two sides differ by %.2g (allowed %.2g): not timed", b.name.c_str(), m.error, m.allowed_error);
  return text("%-34s %11.3f %11.3f %7.2fx %6.2f - %6.2f %9.1f %9.1f %9.1g  %s; %s", b.name.c_str(), m.ours_ms, m.peer_ms, m.ratio, m.ratio_low, m.ratio_high, m.ours_mib,
              m.peer_mib, m.error, b.peer.c_str(), b.what.c_str());
}

}  // namespace orrery::bench
