#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <string>

#include "engine/bench/bench.h"
#include "engine/device/host_memory.h"

namespace orrery::bench {
namespace {

double time_ms(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  const double at = q * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, values.size() - 1);
  return values[low] + (values[high] - values[low]) * (at - static_cast<double>(low));
}

// A line "VmHWM:   1234 kB" of /proc/self/status, in MiB; < 0 when there is none.
double status_mib(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(key, 0) == 0) return std::stod(line.substr(key.size() + 1)) / 1024.0;
  }
  return -1.0;
}

double most_mib(const std::vector<Contest::Part>& parts, std::function<void()> Contest::Part::*side) {
  double most = -1.0;
  for (const auto& part : parts) most = std::max(most, peak_mib(part.*side));
  return most;
}

}  // namespace

double relative_distance(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.detach().to(at::kDouble), y = b.detach().to(at::kDouble);
  return (x - y).norm().item<double>() / std::max(1e-30, y.norm().item<double>());
}

double peak_mib(const std::function<void()>& run) {
  release_host_memory();
  malloc_trim(0);
  {
    std::ofstream reset("/proc/self/clear_refs");
    reset << "5" << std::flush;  // sets the high-water mark to what is resident now
    if (!reset) return run(), -1.0;
  }
  const double before = status_mib("VmRSS");
  run();
  const double after = status_mib("VmHWM");
  return before < 0.0 || after < 0.0 ? -1.0 : std::max(0.0, after - before);
}

Measurement compare(const Contest& contest, const Options& options) {
  Measurement m;
  m.allowed_error = contest.allowed_error;
  m.error = contest.error();
  m.agree = std::isfinite(m.error) && m.error <= m.allowed_error;
  if (!m.agree) return m;
  const std::vector<Contest::Part> parts = contest.parts.empty() ? std::vector<Contest::Part>{{1.0, contest.ours, contest.peer}} : contest.parts;
  for (int k = 0; k < options.warm_up; ++k) {
    for (const auto& part : parts) part.ours(), part.peer();
  }
  std::vector<double> ours, peer, ratios;
  const auto start = std::chrono::steady_clock::now();
  while (m.pairs < options.most) {
    ours.push_back(0.0), peer.push_back(0.0);
    for (const auto& part : parts) {
      ours.back() += part.share * time_ms(part.ours);
      peer.back() += part.share * time_ms(part.peer);
    }
    ratios.push_back(peer.back() / ours.back());
    ++m.pairs;
    const double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (m.pairs >= options.fewest && spent >= options.seconds) break;
  }
  m.ours_ms = quantile(ours, 0.5);
  m.peer_ms = quantile(peer, 0.5);
  m.ratio = quantile(ratios, 0.5);
  m.ratio_low = quantile(ratios, 0.25);
  m.ratio_high = quantile(ratios, 0.75);
  m.ours_mib = most_mib(parts, &Contest::Part::ours);
  m.peer_mib = most_mib(parts, &Contest::Part::peer);
  return m;
}

Measurement measure(const Benchmark& benchmark, const Options& options) {
  Options these = options;
  if (benchmark.fewest > 0) these.fewest = std::min(benchmark.fewest, options.fewest), these.warm_up = std::min(these.warm_up, 1);
  return compare(benchmark.make(), these);
}

}  // namespace orrery::bench
