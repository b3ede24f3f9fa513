// The scale of error maps: how far a tokenizer's picture is from the photo it was made of.
#pragma once

namespace orrery {

// Value of the choice "photo.show" that shows one.
inline constexpr const char* kErrorMap = "error map";
// The error that is white, as part of the way from black to white, averaged over the colours; black is none.
inline constexpr double kErrorWhite = 0.25;

}  // namespace orrery
