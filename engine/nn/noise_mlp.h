// A small fully connected network for samples of few values (points in the plane), conditioned on a noise level.
#pragma once

#include <memory>
#include <vector>

#include "engine/nn/basic_layers.h"
#include "engine/nn/noise_embedding.h"
#include "engine/nn/raw_network.h"

namespace orrery::nn {

struct NoiseMlpOptions {
  std::int64_t values = 2;   // of one sample, flattened
  std::int64_t outputs = 2;
  std::int64_t label_dim = 0;
  std::int64_t width = 128;
  std::int64_t layers = 4;
};

// h = W x + e, then `layers` times h <- h + B silu(A silu(h) + E e), e = silu(map(Fourier features of the noise label) + labels); W' silu(h).
// Any sample shape: it is flattened, and the result takes the shape back when outputs = values.
class NoiseMlp : public RawNetwork {
 public:
  explicit NoiseMlp(const NoiseMlpOptions& options);
  at::Tensor forward(const NetworkInput& input, const LayerTap& tap = {}) override;

 private:
  struct Layer {
    std::shared_ptr<Linear> in, emb, out;
  };
  std::shared_ptr<FourierEmbedding> map_noise_;
  std::shared_ptr<Linear> map_layer_, map_label_, first_, last_;
  std::vector<Layer> layers_;
};

}  // namespace orrery::nn
