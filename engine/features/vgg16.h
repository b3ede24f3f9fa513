// Perceptual distance of pictures by VGG16 (Simonyan & Zisserman 2015) with calibrated heads (Zhang et al. 2018, LPIPS), by default the
// shift-tolerant one (Ghildyal & Liu 2022): max pooling with stride 1, then a blurred subsampling. Its values are near, not equal, to the usual LPIPS.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace orrery::features {

class PerceptualDistance {
 public:
  // The package's weights, shift-tolerant. Throws as features::load_part.
  static std::shared_ptr<PerceptualDistance> load(const std::string& device = "cpu", at::ScalarType dtype = at::kFloat);
  // Weights of a file that a person has: a state dict of LPIPS with its VGG16 ("net.slice1.0.weight", ..., "lin0.model.1.weight", ...), usual or
  // shift-tolerant. Throws Error(bad_input).
  static std::shared_ptr<PerceptualDistance> from_file(const std::string& path, const std::string& device = "cpu", at::ScalarType dtype = at::kFloat);
  // The same names. Which of both kinds it is, the blur filters tell. Throws Error(bad_input) naming what is missing or of another shape.
  explicit PerceptualDistance(const std::map<std::string, at::Tensor>& weights, const std::string& device = "cpu", at::ScalarType dtype = at::kFloat);

  using Features = std::array<at::Tensor, 5>;
  // x [N, 1 or 3, H, W] in [-1, 1] -> the maps after the last ReLU of each scale, of unit length at each pixel. Pictures with a side below 32 are
  // enlarged. Differentiable in x; the weights are constants.
  Features features(const at::Tensor& x) const;
  // [N, 1, 1, 1]: the mean over pixels of the heads' sum of squared differences, over all scales.
  at::Tensor between(const Features& a, const Features& b) const;
  at::Tensor between(const at::Tensor& a, const at::Tensor& b) const { return between(features(a), features(b)); }

  bool shift_tolerant() const { return shift_tolerant_; }

 private:
  struct Conv { at::Tensor weight, bias; };
  at::Tensor smaller(const at::Tensor& x) const;

  std::array<std::vector<Conv>, 5> scales_;
  std::array<at::Tensor, 5> heads_;  // [1, C, 1, 1]
  at::Tensor shift_, scale_;
  bool shift_tolerant_ = false;
};

}  // namespace orrery::features
