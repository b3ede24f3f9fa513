#include "engine/data/letters.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace orrery::data {
namespace {

constexpr int kArc = 48;  // pieces of a half circle

struct Piece {
  LetterPoint from, to;
  double until = 0.0;  // share of the letter's length at its end
};
using Strokes = std::vector<Piece>;

void line(Strokes& out, LetterPoint from, LetterPoint to) { out.push_back({from, to, 0.0}); }

// Of an ellipse, from angle a to b (in half turns, from the right, against the clock).
void arc(Strokes& out, LetterPoint middle, double rx, double ry, double a, double b) {
  const int pieces = std::max(2, static_cast<int>(kArc * std::abs(b - a)));
  const auto at = [&](int i) {
    const double angle = M_PI * (a + (b - a) * i / pieces);
    return LetterPoint{middle.x + rx * std::cos(angle), middle.y + ry * std::sin(angle)};
  };
  for (int i = 0; i < pieces; ++i) line(out, at(i), at(i + 1));
}

// In a box of [-0.5, 0.5] by [-1, 1] / 1.4.
Strokes strokes_of(char letter) {
  constexpr double top = 0.71, left = -0.42, right = 0.46;
  Strokes out;
  switch (letter) {
    case 'O':
      arc(out, {0.0, 0.0}, 0.52, top, 0.0, 2.0);
      break;
    case 'R':
      line(out, {left, -top}, {left, top});
      line(out, {left, top}, {0.08, top});
      arc(out, {0.08, 0.36}, 0.36, 0.35, 0.5, -0.5);
      line(out, {0.08, 0.01}, {left, 0.01});
      line(out, {0.02, 0.01}, {right, -top});
      break;
    case 'E':
      line(out, {left, -top}, {left, top});
      line(out, {left, top}, {right, top});
      line(out, {left, 0.02}, {0.3, 0.02});
      line(out, {left, -top}, {right, -top});
      break;
    default:  // Y
      line(out, {-0.5, top}, {0.0, 0.02});
      line(out, {0.5, top}, {0.0, 0.02});
      line(out, {0.0, 0.02}, {0.0, -top});
      break;
  }
  double length = 0.0;
  for (Piece& piece : out) piece.until = length += std::hypot(piece.to.x - piece.from.x, piece.to.y - piece.from.y);
  for (Piece& piece : out) piece.until /= length;
  return out;
}

}  // namespace

LetterPoint letter_point(std::size_t letter, double way) {
  static const auto all = [] {
    std::array<Strokes, kLetters> made;
    for (std::size_t i = 0; i < kLetters; ++i) made[i] = strokes_of("ORRERY"[i]);
    return made;
  }();
  const Strokes& strokes = all.at(letter);
  const auto found = std::find_if(strokes.begin(), strokes.end(), [&](const Piece& piece) { return way < piece.until; });
  const Piece& piece = found == strokes.end() ? strokes.back() : *found;
  const double before = &piece == &strokes.front() ? 0.0 : (&piece)[-1].until, t = std::clamp((way - before) / (piece.until - before), 0.0, 1.0);
  const double x = piece.from.x + (piece.to.x - piece.from.x) * t, y = piece.from.y + (piece.to.y - piece.from.y) * t;
  // Two rows of three; each letter in its box.
  return {0.7 * (static_cast<double>(letter % 3) - 1.0) + 0.54 * x, (letter < 3 ? 0.54 : -0.54) + 0.62 * y};
}

}  // namespace orrery::data
