// The noise that a model comes from to a photo, level by level, kept between requests.
#pragma once

#include <list>
#include <string>
#include <vector>

#include "engine/diffusion/sampler_list.h"

namespace orrery {

// What an inversion depends on.
struct PhotoWay {
  std::string picture;                // the photo's value (engine/explore/picture_value.h)
  std::vector<double> class_weights;  // the condition it follows
  const diffusion::NamedSampler* sampler = nullptr;
  diffusion::SamplerSettings sampling;  // `levels` set
};

// Not thread-safe. Moving guidance, class or blend asks for the same way again and costs nothing; more strength goes on from where it ended.
class PhotoCodes {
 public:
  // The state at sampling.levels[level] from which the sampler, its fresh noise left out, comes to `photo` ([1, ...] float64). level may be
  // the number of levels: the photo. Undefined when cancelled; what was found until then is kept.
  at::Tensor state(const PhotoWay& way, const at::Tensor& photo, std::int64_t level, const diffusion::Denoise& denoise, diffusion::SampleObserver& observer);

 private:
  struct Known {
    PhotoWay way;
    std::vector<at::Tensor> states;  // states[k]: k steps from the photo
  };
  std::list<Known> known_;  // the last used first
};

}  // namespace orrery
