// From a network's picture to the bytes that leave the engine.
#pragma once

#include <ATen/core/Tensor.h>

#include "engine/api/frame.h"

namespace orrery {

// picture: [C, H, W] float in [-1, 1], C = 1, 3 or 4. Returns uint8 [H, W, 4] on the host, contiguous. Throws Error(not_a_number) when
// the picture is not finite everywhere.
at::Tensor rgba8_on_host(const at::Tensor& picture);
// uint8 [H, W, 4], on the host or a CUDA device, as a DeviceImage that keeps it alive. On a device the bytes are complete when this returns.
DeviceImage image_of(const at::Tensor& rgba8);
// A picture as a frame: where it was computed, or on the host.
DeviceImage frame_image(const at::Tensor& picture, bool may_stay_on_device);

}  // namespace orrery
