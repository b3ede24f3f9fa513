// Six letters as strokes: data for models of points that a person recognises at a glance.
#pragma once

#include <cstddef>

namespace orrery::data {

constexpr std::size_t kLetters = 6;  // ORR above ERY, in reading order

struct LetterPoint {
  double x = 0.0, y = 0.0;  // the six letters fill about [-1, 1] in both directions, y upwards
};
// The point at `way` in [0, 1) along all strokes of the letter, which it goes through at an even speed.
LetterPoint letter_point(std::size_t letter, double way);

}  // namespace orrery::data
