// Pictures encoded once, so that a prior is trained on codes without running its tokenizer again at every step.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "engine/data/content_hash.h"
#include "engine/tokens/token_network.h"

namespace orrery::tokens {

// Codes by a picture's content, so that mirrored copies are pictures of their own. Each picture is encoded alone: its codes do not depend on
// the batch it first comes in, and a resumed run, which begins with an empty store, sees the very same ones.
class CodeStore {
 public:
  // At most so many bytes of codes are kept; pictures beyond are encoded whenever they come.
  explicit CodeStore(std::int64_t most_bytes = std::int64_t{1} << 30) : most_bytes_(most_bytes) {}
  // pictures uint8 [N, C, H, W] on any device -> int64 [N, tokens] on the network's.
  at::Tensor codes_of(const TokenNetwork& net, const at::Tensor& pictures);
  // Pictures that were encoded so far, those that did not fit counted every time.
  std::int64_t encoded() const { return encoded_; }
  std::int64_t size() const { return static_cast<std::int64_t>(codes_.size()); }

 private:
  std::int64_t most_bytes_, bytes_ = 0, encoded_ = 0;
  std::unordered_map<data::ContentHash, std::vector<std::int32_t>, data::ContentHasher> codes_;
};

}  // namespace orrery::tokens
