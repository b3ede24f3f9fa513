#include "engine/tokens/code_remap.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

#include <stdexcept>

namespace orrery::tokens {

CodeRemap::CodeRemap(const at::Tensor& used, std::int64_t codes, bool extra, std::int64_t unknown) : used_(used.to(at::kLong)), extra_(extra) {
  const auto n = used_.numel();
  if (used_.dim() != 1 || n == 0) throw std::invalid_argument("no codes are used");
  if (used_.min().item<std::int64_t>() < 0 || used_.max().item<std::int64_t>() >= codes) throw std::invalid_argument("a used code is not in the codebook");
  if (used_.bincount().max().item<std::int64_t>() > 1) throw std::invalid_argument("a used code stands twice");
  if (!extra && (unknown < 0 || unknown >= n)) throw std::invalid_argument("unknown codes become a code that is not used");
  const auto whole = at::TensorOptions().dtype(at::kLong).device(used_.device());
  forward_ = at::full({codes}, extra ? n : unknown, whole).index_copy_(0, used_, at::arange(n, whole));
  back_ = extra ? at::cat({used_, used_.narrow(0, 0, 1)}) : used_;
}

}  // namespace orrery::tokens
