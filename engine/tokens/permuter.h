// Orders in which the tokens of a grid are put into a sequence (Esser et al. 2021, VQGAN, section 4.1 and figure 47).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace orrery::tokens {

enum class TokenOrder {
  raster,
  alternate,   // every other row backwards
  subsample,   // coarse to fine: every second row and column first, again and again; sides are powers of two
  z_curve,     // Morton order
  spiral_in,   // clockwise from the first token
  spiral_out,  // the same backwards
};

struct Permutation {
  std::vector<std::int64_t> forward;   // sequence[i] = grid[forward[i]]
  std::vector<std::int64_t> backward;  // grid[i] = sequence[backward[i]]
};

// Throws std::invalid_argument where the grid has no such order.
Permutation token_order(TokenOrder order, std::int64_t rows, std::int64_t cols);

}  // namespace orrery::tokens
