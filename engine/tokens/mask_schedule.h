// How many tokens are still masked after each round of decoding, and how many are masked in training. Sources: Chang et al. 2022 (MaskGIT),
// section 3.3; Besnier et al. 2025 (Halton scheduler), section 3: arccos and the order of the cells.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace orrery::tokens {

// The masked fraction at `ratio` in [0, 1] of the way: falls from 1 (everything masked) to 0.
class MaskSchedule {
 public:
  // "cosine", "linear" (also "uniform"), "pow<exponent>" ("pow2", "pow0.5"), "log", "exp", "arccos". Throws Error(wrong_use) for another name.
  static MaskSchedule named(const std::string& name);
  // A curve through samples at equal distances, the first at ratio 0; made to fall (what has been unmasked stays). Throws Error(wrong_use) for
  // fewer than two samples or samples outside of [0, 1].
  static MaskSchedule curve(std::vector<double> samples);
  static const std::vector<std::string>& names();  // a choice for menus

  // In [1e-6, 1]. `total`: the number of tokens, which log and exp depend on.
  double masked(double ratio, std::int64_t total) const;
  // The same in float32 arithmetic, as published decoding has it.
  float masked_single(float ratio, std::int64_t total) const;

 private:
  template <class T> T raw(T ratio, T total) const;
  enum class Law { cosine, linear, power, log, exp, arccos, curve } law_ = Law::cosine;
  double exponent_ = 1.0;
  std::vector<double> samples_;
};

// Tokens that stay masked after round `round` of `rounds`, of `total` that were masked before the first: floor(total * masked) in float32, at
// least 1 and less than the `now` that are masked; a last one stays until the rounds are over.
std::int64_t masked_after(const MaskSchedule& schedule, std::int64_t round, std::int64_t rounds, std::int64_t total, std::int64_t now);
// Tokens that are known after round `round`, of `total`: max(round + 1, floor(total (1 - masked))), all of them after the last.
std::int64_t revealed_after(const MaskSchedule& schedule, std::int64_t round, std::int64_t rounds, std::int64_t total);

// The cells (row, column) of a grid in the order of a two-dimensional Halton sequence (bases 2 and 3, from its first point): cells that follow one
// another lie far apart. Those that the first `points` points fall into.
std::vector<std::pair<std::int64_t, std::int64_t>> halton_order(std::int64_t rows, std::int64_t cols, std::int64_t points);
// All cells, as row * cols + column.
std::vector<std::int64_t> halton_cells(std::int64_t rows, std::int64_t cols);

}  // namespace orrery::tokens
