// Pixels of exports as PNG, shared by pictures, sheets, sequences and their verification.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/export/frame_maker.h"
#include "engine/export/recipe_text.h"
#include "engine/io/png.h"

namespace orrery {

// rgba: uint8 [H, W, 4]. Its bytes as a PNG keeps them: RGB, or RGBA where the model has an alpha channel.
std::vector<std::uint8_t> png_pixels(const at::Tensor& rgba, bool alpha);
void write_picture(const std::string& path, const at::Tensor& rgba, bool alpha, const RecipeFacts& facts, const Model& model, const std::string& model_path, bool with_recipe);
// The whole contact sheet, uint8 [rows * H, columns * W, 4]; cells without a seed stay white. Throws Error(wrong_use) when it is too large.
at::Tensor sheet_of(const RecipeFacts& facts, FrameMaker& maker, const std::function<void(std::size_t)>& before_cell);

}  // namespace orrery
