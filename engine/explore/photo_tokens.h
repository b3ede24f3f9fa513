// Photos for models of tokens: encoded to the grid, put together, and what of them stays.
#pragma once

#include <ATen/core/Tensor.h>

#include <list>
#include <string>
#include <vector>

#include "engine/api/control.h"
#include "engine/api/request.h"
#include "engine/explore/player.h"
#include "engine/tokens/token_network.h"

namespace orrery {

// photo, photo.show, photo.mask; photo.second, photo.second.swap, photo.second.blend, photo.second.requantise.
void add_photo_controls(std::vector<ControlSpec>& specs, bool causal);

enum class PhotoView { generated, reconstruction, error };

// The photos of a request as tokens.
struct TokenPhoto {
  PhotoView view = PhotoView::generated;
  at::Tensor tokens;   // int64 [1, tokens]: the first's, blended with the second's, swapped; undefined: there is no photo
  at::Tensor vectors;  // [1, rows, cols, dim] what is decoded in place of the tokens' codes; undefined: the codes
  at::Tensor open;     // bool [1, tokens]: made anew; undefined: nothing is
  at::Tensor pixels;   // [1, C, H, W] in [-1, 1]: the photos themselves, put together in the same way
};

// Encodes each photo once. Not thread-safe; under InferenceMode.
class PhotoTokens {
 public:
  PhotoTokens(const TokenNetwork& net, const PictureShape& shape) : net_(net), shape_(shape) {}
  // `request` must have been checked against add_photo_controls. Throws Error(bad_input) for values that are no pictures.
  TokenPhoto of(const Request& request);

 private:
  struct Known {
    std::string value;
    at::Tensor pixels;  // [1, C, H, W] in [-1, 1]
    at::Tensor tokens;  // int64 [1, tokens]
  };
  Known encoded(const std::string& value);

  const TokenNetwork& net_;
  PictureShape shape_;
  std::list<Known> known_;  // the last used first
};

}  // namespace orrery
