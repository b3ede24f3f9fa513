// Pictures as values of controls (ControlKind::photo, mask): text that holds the whole picture, "data:image/png;base64,...", so that a
// request with a photo is still one value, and recipes, tapes and projects carry it as they carry a number. Empty text: no picture.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "engine/explore/player.h"
#include "engine/io/png.h"

namespace orrery {

// 1 (grey) or 3 channels.
std::string picture_value(const io::PixelView& pixels);

// Whether `value` has the form of a picture or is empty, without decoding it. Throws Error(bad_input); `what` begins the sentence ("The photo").
void check_picture_value(const std::string& value, const std::string& what);

// What the value shows, at the size of the model's pictures: another size (of the model it was made for) is cropped to the proportions and
// resampled. Values come from files of anybody: at most 2,048 x 2,048 pixels, nothing but PNG, every byte checked. Throw Error(bad_input).
at::Tensor photo_of_value(const std::string& value, const PictureShape& shape);  // [1, C, H, W] float64 in [-1, 1]; transparency on white
at::Tensor mask_of_value(const std::string& value, const PictureShape& shape);   // [1, 1, H, W] float64 in [0, 1], 1 where it is white

}  // namespace orrery
