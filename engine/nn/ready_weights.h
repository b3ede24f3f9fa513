// What can be computed of weights alone, kept between passes while they stand still.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <mutex>

namespace orrery::nn {

// `T`: what is computed. Safe for several threads that play one network; a thread that changes the weights meanwhile must be the only one.
template <class T>
class ReadyWeights {
 public:
  // make(), or what it returned for the same weights in the same state and the same `variant`. Every change in place counts a tensor's
  // version up, the optimiser's included. `training`: nothing is kept, because the weights change before they are used again.
  template <class Make>
  std::shared_ptr<const T> get(const at::Tensor& weight, bool training, int variant, const Make& make) const {
    const bool keep = !training && !weight.is_inference();
    if (!keep) return std::make_shared<const T>(make());
    const Key key{weight.const_data_ptr(), static_cast<std::uint32_t>(weight._version()), variant};
    const std::lock_guard lock(mutex_);
    if (kept_ == nullptr || !(key_ == key)) {
      kept_ = std::make_shared<const T>(make());
      key_ = key;
    }
    return kept_;
  }

 private:
  struct Key {
    const void* data = nullptr;
    std::uint32_t version = 0;
    int variant = 0;
    bool operator==(const Key&) const = default;
  };
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const T> kept_;
  mutable Key key_;
};

}  // namespace orrery::nn
