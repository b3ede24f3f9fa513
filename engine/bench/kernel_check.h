// Every operator on one device against a second opinion: CPU against plain ATen, CUDA against CPU.
#pragma once

#include <string>
#include <vector>

namespace orrery::bench {

struct KernelCheck {
  std::string name;      // "bias_act swish, gradient"
  double error = 0.0;    // largest difference over the largest value
  double allowed = 0.0;  // 0: bit for bit
  bool ok = false;
  std::string note;      // an exception's text
};

std::vector<KernelCheck> check_kernels_on_cpu();
// Throws c10::Error where there is no CUDA device.
std::vector<KernelCheck> check_kernels_on_cuda();

}  // namespace orrery::bench
