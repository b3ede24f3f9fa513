#include "engine/explore/rgba_frame.h"

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cmath>

#include "engine/api/result.h"
#include "kernels/to_rgba8/to_rgba8.h"

namespace orrery {

namespace {

at::Tensor rgba8(const at::Tensor& picture) {
  // One NaN or infinity makes the sum one; a sum of finite pictures cannot overflow.
  if (!std::isfinite(picture.sum().item<double>())) {
    throw Error(ErrorCode::not_a_number, "This model's picture is not a number everywhere.", "The model and your settings are untouched.",
                "Go back to an earlier snapshot, or to a milder setting.");
  }
  return kernels::to_rgba8(picture);
}

}  // namespace

at::Tensor rgba8_on_host(const at::Tensor& picture) { return rgba8(picture).to(at::kCPU).contiguous(); }

DeviceImage image_of(const at::Tensor& rgba8) {
  DeviceImage image;
  if (!rgba8.device().is_cpu()) {
    image.where = DeviceImage::Where::cuda;
    c10::Event done(rgba8.device().type());
    done.record(c10::impl::VirtualGuardImpl(rgba8.device().type()).getStream(rgba8.device()));
    done.synchronize();
  }
  auto keep = std::make_shared<at::Tensor>(rgba8);
  image.data = keep->const_data_ptr<std::uint8_t>();
  image.height_px = static_cast<int>(rgba8.size(0));
  image.width_px = static_cast<int>(rgba8.size(1));
  image.stride_bytes = static_cast<std::size_t>(rgba8.size(1)) * 4;
  image.keep_alive = std::move(keep);
  return image;
}

DeviceImage frame_image(const at::Tensor& picture, bool may_stay_on_device) {
  return image_of(may_stay_on_device ? rgba8(picture) : rgba8_on_host(picture));
}

}  // namespace orrery
