// Codes renumbered to those that are used, for a smaller prior (Esser et al. 2021, VQGAN).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace orrery::tokens {

class CodeRemap {
 public:
  // used: int64 [n], different codes in [0, codes). extra: codes that are not among them become the number n; otherwise they become `unknown`,
  // in [0, n). Throws std::invalid_argument for others.
  CodeRemap(const at::Tensor& used, std::int64_t codes, bool extra = true, std::int64_t unknown = 0);
  // Numbers to choose from: n, or n + 1 with the extra one.
  std::int64_t size() const { return used_.numel() + (extra_ ? 1 : 0); }
  // int64 of any shape: codes to positions among the used, and back; the extra one goes back to the first.
  at::Tensor to_used(const at::Tensor& codes) const { return forward_.index_select(0, codes.reshape({-1})).view(codes.sizes()); }
  at::Tensor to_all(const at::Tensor& numbers) const { return back_.index_select(0, numbers.reshape({-1})).view(numbers.sizes()); }

 private:
  at::Tensor used_;
  bool extra_;
  at::Tensor forward_, back_;  // tables
};

}  // namespace orrery::tokens
