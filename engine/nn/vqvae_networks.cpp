#include "engine/nn/vqvae_networks.h"

#include <ATen/ops/relu.h>

#include "engine/api/result.h"
#include "engine/nn/plain_conv.h"

namespace orrery::nn {
namespace {

// x + conv1x1(relu(conv3x3(relu(x))))
class Residual : public torch::nn::Module {
 public:
  Residual(std::int64_t width, std::int64_t inner) {
    const auto row = register_module("conv", std::make_shared<torch::nn::Module>());
    first_ = row->register_module("1", std::make_shared<PlainConv2d>(width, inner));
    PlainConvOptions pointwise;
    pointwise.kernel = 1;
    pointwise.padding = 0;
    second_ = row->register_module("3", std::make_shared<PlainConv2d>(inner, width, pointwise));
  }
  at::Tensor forward(const at::Tensor& x) const { return x + second_->forward(at::relu(first_->forward(at::relu(x)))); }

 private:
  std::shared_ptr<PlainConv2d> first_, second_;
};

int halvings(std::int64_t stride) {
  int count = 0;
  while (stride > 1 && stride % 2 == 0) stride /= 2, ++count;
  if (stride != 1 || count == 0) throw Error(ErrorCode::wrong_use, "The stride of the tokenizer must be 2, 4, 8 or another power of two.");
  return count;
}

}  // namespace

VqBlocks::VqBlocks() { list_ = register_module("blocks", std::make_shared<torch::nn::Module>()); }

template <class Part>
void VqBlocks::add(std::shared_ptr<Part> module, bool seen) {
  list_->register_module(std::to_string(layers_.size()), module);
  layers_.push_back({[module](const at::Tensor& x) { return module->forward(x); }, seen});
}

void VqBlocks::conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride, bool transposed) {
  PlainConvOptions options;
  options.kernel = kernel;
  options.stride = stride;
  options.transposed = transposed;
  add(std::make_shared<PlainConv2d>(in, out, options), false);
}

void VqBlocks::relu() {
  layers_.push_back({[](const at::Tensor& x) { return at::relu(x); }, false});
}

void VqBlocks::residual(std::int64_t width, std::int64_t inner) { add(std::make_shared<Residual>(width, inner), true); }

at::Tensor VqBlocks::forward(at::Tensor x, const LayerTap& tap, const std::string& prefix) const {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    x = layers_[i].run(x);
    if (tap && layers_[i].seen) tap(prefix + ".blocks." + std::to_string(i), x);
  }
  if (tap) tap(prefix, x);
  return x;
}

VqEncoder::VqEncoder(std::int64_t in_channels, const VqConvOptions& o) {
  const int count = halvings(o.stride);
  const std::int64_t half = o.width / 2;
  conv(in_channels, half, 4, 2);
  relu();
  for (int i = 1; i < count; ++i) {
    conv(i == 1 ? half : o.width, o.width, 4, 2);
    relu();
  }
  conv(count == 1 ? half : o.width, o.width, 3, 1);
  for (std::int64_t i = 0; i < o.res_blocks; ++i) residual(o.width, o.res_width);
  relu();
}

VqDecoder::VqDecoder(std::int64_t in_channels, std::int64_t out_channels, const VqConvOptions& o) {
  const int count = halvings(o.stride);
  const std::int64_t half = o.width / 2;
  conv(in_channels, o.width, 3, 1);
  for (std::int64_t i = 0; i < o.res_blocks; ++i) residual(o.width, o.res_width);
  relu();
  for (int i = count - 1; i > 0; --i) {
    conv(o.width, i == 1 ? half : o.width, 4, 2, true);
    relu();
  }
  conv(count == 1 ? o.width : half, out_channels, 4, 2, true);
}

}  // namespace orrery::nn
