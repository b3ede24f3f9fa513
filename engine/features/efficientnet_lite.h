// EfficientNet-Lite0 (Tan & Le 2019, without squeeze-and-excitation and with ReLU6): a frozen feature network for distances between sets of
// pictures and for projected discriminators. Equal to timm's tf_efficientnet_lite0.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace orrery::features {

struct EfficientNetOutput {
  std::array<at::Tensor, 4> maps;    // [N, 24, H/4, W/4], [N, 40, H/8, W/8], [N, 112, H/16, W/16], [N, 320, H/32, W/32]
  std::vector<at::Tensor> blocks;    // outputs of the 16 blocks, if asked for
  at::Tensor pool;                   // [N, 1280] mean over space of relu6(bn(conv_head))
  at::Tensor logits;                 // [N, 1000] ImageNet classes
};

class EfficientNetLite0 {
 public:
  static constexpr std::int64_t pool_width = 1280;
  static constexpr std::int64_t nominal_px = 224;

  // The published weights. Throws as features::load_part.
  static std::shared_ptr<EfficientNetLite0> load(const std::string& device = "cpu", at::ScalarType dtype = at::kFloat);
  // Weights by the package's names ("_conv_stem.weight", "_blocks.0._bn1.running_var", ...) or timm's ("conv_stem.weight",
  // "blocks.0.0.bn1.running_var", ...); all of them, of any floating type. Throws Error(bad_input) naming what is missing, left over or
  // of another shape. Batch norms (eval mode) are folded into the convolutions in float64.
  explicit EfficientNetLite0(const std::map<std::string, at::Tensor>& weights, const std::string& device = "cpu", at::ScalarType dtype = at::kFloat);

  // x [N, 3, H, W], normalised: (v - 127) / 128 for v in 0..255, nearly [-1, 1]. Any size; TensorFlow's SAME padding. Differentiable in x;
  // the weights are constants. Thread-safe.
  EfficientNetOutput forward(const at::Tensor& x, bool with_blocks = false) const;
  at::Tensor pool(const at::Tensor& x) const;                   // only the pooled feature
  std::array<at::Tensor, 4> maps(const at::Tensor& x) const;    // only the maps: what a projected discriminator sees

  // Every tensor of the published state dict, in its order, by the package's names.
  static std::vector<std::string> names();
  // "_blocks.3._expand_conv.weight" -> "blocks.2.0.conv_pw.weight".
  static std::string timm_name(const std::string& name);

 private:
  struct Conv { at::Tensor weight, bias; std::int64_t kernel = 1, stride = 1, groups = 1; bool activate = true; };
  struct Block { std::vector<Conv> convs; bool residual = false; };
  static at::Tensor run(const Conv& conv, const at::Tensor& x);
  // From the picture to the last block.
  at::Tensor trunk(const at::Tensor& x, EfficientNetOutput& out, bool with_blocks) const;

  Conv stem_, head_;
  std::vector<Block> blocks_;
  at::Tensor classifier_weight_, classifier_bias_;
};

}  // namespace orrery::features
