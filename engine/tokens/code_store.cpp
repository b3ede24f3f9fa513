#include "engine/tokens/code_store.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "engine/api/result.h"
#include "engine/tokens/picture_range.h"

namespace orrery::tokens {

at::Tensor CodeStore::codes_of(const TokenNetwork& net, const at::Tensor& pictures) {
  const at::Tensor bytes = pictures.to(at::kCPU).contiguous();
  const auto options = net.tokenizer->parameters().front().options().requires_grad(false);
  const std::int64_t count = bytes.size(0), each = bytes.numel() / std::max<std::int64_t>(count, 1), tokens = net.rows() * net.cols();
  at::Tensor out = at::empty({count, tokens}, at::kLong);
  auto* to = out.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < count; ++i) {
    const auto hash = data::content_hash({reinterpret_cast<const char*>(bytes.const_data_ptr<std::uint8_t>()) + i * each, static_cast<std::size_t>(each)});
    auto found = codes_.find(hash);
    if (found == codes_.end()) {
      ++encoded_;
      const at::Tensor codes = net.tokens_of(to_range(bytes.narrow(0, i, 1), options)).to(at::kCPU, at::kInt).contiguous();
      const auto* values = codes.const_data_ptr<std::int32_t>();
      if (codes.numel() != tokens) throw Error(ErrorCode::failed, "The tokenizer made another number of codes than its grid has.");
      if (bytes_ + codes.numel() * 4 > most_bytes_) {
        std::copy(values, values + tokens, to + i * tokens);
        continue;
      }
      found = codes_.emplace(hash, std::vector<std::int32_t>(values, values + tokens)).first;
      bytes_ += codes.numel() * 4;
    }
    std::copy(found->second.begin(), found->second.end(), to + i * tokens);
  }
  return out.to(options.device());
}

}  // namespace orrery::tokens
