#include "engine/tokens/permuter.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace orrery::tokens {
namespace {

using Sequence = std::vector<std::int64_t>;

bool power_of_two(std::int64_t n) { return n > 0 && (n & (n - 1)) == 0; }

// A grid splits into the four of its even and odd rows and columns, in raster order of their offsets, and each of those again.
Sequence subsample(std::int64_t rows, std::int64_t cols) {
  if (!power_of_two(rows) || !power_of_two(cols)) throw std::invalid_argument("sub-sampling needs sides that are powers of two");
  struct Grid { std::int64_t row, col, step_row, step_col; };
  std::vector<Grid> grids{{0, 0, 1, 1}};
  std::int64_t height = rows, width = cols;
  while (std::min(height, width) > 1) {
    std::vector<Grid> finer;
    for (const auto& g : grids)
      for (std::int64_t dy = 0; dy < 2; ++dy)
        for (std::int64_t dx = 0; dx < 2; ++dx) finer.push_back({g.row + dy * g.step_row, g.col + dx * g.step_col, g.step_row * 2, g.step_col * 2});
    grids = finer;
    height /= 2, width /= 2;
  }
  Sequence out;
  for (const auto& g : grids)
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) out.push_back((g.row + y * g.step_row) * cols + g.col + x * g.step_col);
  return out;
}

Sequence z_curve(std::int64_t rows, std::int64_t cols) {
  const auto spread = [](std::int64_t value) {
    std::int64_t out = 0;
    for (int bit = 0; bit < 31; ++bit) out |= (value >> bit & 1) << (2 * bit);
    return out;
  };
  Sequence out(static_cast<std::size_t>(rows * cols));
  std::iota(out.begin(), out.end(), 0);
  std::sort(out.begin(), out.end(), [&](std::int64_t a, std::int64_t b) { return (spread(a / cols) << 1 | spread(a % cols)) < (spread(b / cols) << 1 | spread(b % cols)); });
  return out;
}

Sequence spiral(std::int64_t rows, std::int64_t cols) {
  Sequence out;
  std::int64_t top = 0, bottom = rows - 1, left = 0, right = cols - 1;
  while (top <= bottom && left <= right) {
    for (std::int64_t x = left; x <= right; ++x) out.push_back(top * cols + x);
    for (std::int64_t y = top + 1; y <= bottom; ++y) out.push_back(y * cols + right);
    for (std::int64_t x = right - 1; x >= left && bottom > top; --x) out.push_back(bottom * cols + x);
    for (std::int64_t y = bottom - 1; y > top && right > left; --y) out.push_back(y * cols + left);
    ++top, --bottom, ++left, --right;
  }
  return out;
}

}  // namespace

Permutation token_order(TokenOrder order, std::int64_t rows, std::int64_t cols) {
  if (rows < 1 || cols < 1) throw std::invalid_argument("a grid of tokens needs rows and columns");
  Permutation out;
  auto& forward = out.forward;
  switch (order) {
    case TokenOrder::raster:
    case TokenOrder::alternate:
      forward.resize(static_cast<std::size_t>(rows * cols));
      std::iota(forward.begin(), forward.end(), 0);
      if (order == TokenOrder::alternate)
        for (std::int64_t y = 1; y < rows; y += 2) std::reverse(forward.begin() + y * cols, forward.begin() + (y + 1) * cols);
      break;
    case TokenOrder::subsample: forward = subsample(rows, cols); break;
    case TokenOrder::z_curve: forward = z_curve(rows, cols); break;
    case TokenOrder::spiral_in: forward = spiral(rows, cols); break;
    case TokenOrder::spiral_out:
      forward = spiral(rows, cols);
      std::reverse(forward.begin(), forward.end());
      break;
  }
  out.backward.resize(forward.size());
  for (std::size_t i = 0; i < forward.size(); ++i) out.backward[static_cast<std::size_t>(forward[i])] = static_cast<std::int64_t>(i);
  return out;
}

}  // namespace orrery::tokens
