#include "engine/bench/bench.h"

namespace orrery::bench {

std::vector<Benchmark> all_benchmarks() {
  std::vector<Benchmark> all;
  for (const auto& list : {kernel_benchmarks, tape_benchmarks, stylegan2_benchmarks, denoiser_benchmarks, sampler_benchmarks, loader_benchmarks, import_benchmarks, token_benchmarks}) {
    const auto some = list();
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace orrery::bench
