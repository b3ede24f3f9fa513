// Side by side with a peer, in one run: first the gate (both give the same numbers), then A B A B ..., then the memory of each.
// No gate, no time. A list is a function that returns benchmarks; engine/bench/list.cpp names all lists.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace orrery::bench {

struct Options {
  double seconds = 3.0;    // per benchmark, warm-up not counted; at least `fewest` pairs are run, however long it takes
  int fewest = 20;
  int warm_up = 5;         // pairs
  int most = 2000;
};

// What is compared: both do the same work. `error` runs each once and returns how far apart they are.
struct Contest {
  std::function<void()> ours;
  std::function<void()> peer;
  std::function<double()> error;
  double allowed_error = 1e-3;
  // In place of `ours` and `peer`: work in parts that happen more or less often. What counts is the sum of time times share.
  struct Part {
    double share;
    std::function<void()> ours, peer;
  };
  std::vector<Part> parts = {};
};

struct Measurement {
  double ours_ms = 0.0, peer_ms = 0.0;                        // medians
  double ratio = 0.0, ratio_low = 0.0, ratio_high = 0.0;      // peer / ours: median and quartiles of the pairs
  double ours_mib = 0.0, peer_mib = 0.0;                      // resident memory needed on top while one runs; < 0: not measurable here
  double error = 0.0, allowed_error = 0.0;
  bool agree = false;                                         // false: nothing was timed
  int pairs = 0;
};

struct Benchmark {
  std::string name;    // "bias_act/forward/256px"
  std::string what;    // shapes, in words
  std::string peer;    // what it is compared with
  std::function<Contest()> make;  // allocates; called just before it runs
  int fewest = 0;                 // > 0: pairs for work that takes seconds, where Options::fewest are more; then one pair warms up
};

Measurement compare(const Contest& contest, const Options& options);
// With the benchmark's own number of pairs, where it has one.
Measurement measure(const Benchmark& benchmark, const Options& options);
// |a - b| / |b|, in float64.
double relative_distance(const at::Tensor& a, const at::Tensor& b);
// Memory that one call of `run` needs on top of what is resident before, in MiB: the kernel's high-water mark after freed memory was
// given back. < 0 where /proc does not tell.
double peak_mib(const std::function<void()>& run);

std::vector<Benchmark> all_benchmarks();
std::vector<Benchmark> kernel_benchmarks();
std::vector<Benchmark> tape_benchmarks();
std::vector<Benchmark> stylegan2_benchmarks();
std::vector<Benchmark> loader_benchmarks();
std::vector<Benchmark> denoiser_benchmarks();
std::vector<Benchmark> sampler_benchmarks();
std::vector<Benchmark> import_benchmarks();  // none in a build without importers
std::vector<Benchmark> token_benchmarks();

// Processor, threads, instruction set, LibTorch, load.
nlohmann::json machine();
nlohmann::json as_json(const Benchmark& benchmark, const Measurement& measurement);
std::string machine_line(const nlohmann::json& machine);
std::string table_header();
std::string table_line(const Benchmark& benchmark, const Measurement& measurement);

}  // namespace orrery::bench
