// A control's value, as plain data: what a Request carries, what a keyframe holds, what JSON stores.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace orrery {

// bool: toggle. int64: integer, seed. double: slider. string: choice, text, photo, mask. vector<double>: latent pad (x, y), class blend (one weight
// per class), curve samples, layer range (first, last), per-layer lists, token grids (one code per cell).
using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<double>>;

}  // namespace orrery
