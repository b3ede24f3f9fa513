#include "engine/tokens/mask_schedule.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

#include "engine/api/result.h"

namespace orrery::tokens {

MaskSchedule MaskSchedule::named(const std::string& name) {
  MaskSchedule out;
  const auto is = [&](const char* other) { return name == other; };
  if (is("cosine")) out.law_ = Law::cosine;
  else if (is("linear") || is("uniform")) out.law_ = Law::linear;
  else if (is("log")) out.law_ = Law::log;
  else if (is("exp")) out.law_ = Law::exp;
  else if (is("arccos")) out.law_ = Law::arccos;
  else {
    char* end = nullptr;
    const double exponent = name.rfind("pow", 0) == 0 ? std::strtod(name.c_str() + 3, &end) : 0.0;
    if (end == nullptr || *end != '\0' || !(exponent > 0.0) || !std::isfinite(exponent))
      throw Error(ErrorCode::wrong_use, "There is no mask schedule \"" + name + "\".", "Nothing was started.", "Use cosine, linear, pow2, pow3, log, exp or arccos.");
    out.law_ = Law::power;
    out.exponent_ = exponent;
  }
  return out;
}

MaskSchedule MaskSchedule::curve(std::vector<double> samples) {
  const bool bad = samples.size() < 2 || std::any_of(samples.begin(), samples.end(), [](double s) { return !(s >= 0.0 && s <= 1.0); });
  if (bad) throw Error(ErrorCode::wrong_use, "A schedule curve needs at least two values, each between 0 and 1.");
  for (std::size_t i = 1; i < samples.size(); ++i) samples[i] = std::min(samples[i], samples[i - 1]);
  MaskSchedule out;
  out.law_ = Law::curve;
  out.samples_ = std::move(samples);
  return out;
}

const std::vector<std::string>& MaskSchedule::names() {
  static const std::vector<std::string> list{"cosine", "linear", "pow2", "pow3", "pow0.5", "log", "exp", "arccos"};
  return list;
}

template <class T>
T MaskSchedule::raw(T ratio, T total) const {
  constexpr T half_turn = std::numbers::pi_v<T> / T(2);
  switch (law_) {
    case Law::cosine: return std::cos(half_turn * ratio);
    case Law::linear: return T(1) - ratio;
    case Law::power: return T(1) - std::pow(ratio, static_cast<T>(exponent_));
    case Law::log: return -std::log2(ratio) / std::log2(total);
    case Law::exp: return T(1) - std::exp2(-std::log2(total) * (T(1) - ratio));
    case Law::arccos: return std::acos(std::clamp(ratio, T(0), T(1))) / half_turn;
    case Law::curve: break;
  }
  const double at = std::clamp(static_cast<double>(ratio), 0.0, 1.0) * static_cast<double>(samples_.size() - 1);
  const auto left = std::min(static_cast<std::size_t>(at), samples_.size() - 2);
  return static_cast<T>(std::lerp(samples_[left], samples_[left + 1], at - static_cast<double>(left)));
}

double MaskSchedule::masked(double ratio, std::int64_t total) const { return std::clamp(raw<double>(ratio, static_cast<double>(total)), 1e-6, 1.0); }
float MaskSchedule::masked_single(float ratio, std::int64_t total) const { return std::clamp(raw<float>(ratio, static_cast<float>(total)), 1e-6F, 1.0F); }

std::int64_t masked_after(const MaskSchedule& schedule, std::int64_t round, std::int64_t rounds, std::int64_t total, std::int64_t now) {
  if (now < 2) return now;
  const float ratio = static_cast<float>(round + 1) / static_cast<float>(rounds);
  const auto wanted = static_cast<std::int64_t>(std::floor(static_cast<float>(total) * schedule.masked_single(ratio, total)));
  return std::max<std::int64_t>(1, std::min(now - 1, wanted));
}

std::int64_t revealed_after(const MaskSchedule& schedule, std::int64_t round, std::int64_t rounds, std::int64_t total) {
  if (round + 1 >= rounds) return total;
  const double ratio = static_cast<double>(round + 1) / static_cast<double>(rounds);
  const auto wanted = static_cast<std::int64_t>(static_cast<double>(total) * (1.0 - schedule.masked(ratio, total)));
  return std::min(total, std::max(round + 1, wanted));
}

namespace {

// The radical inverse of n (Halton 1960).
double halton(std::int64_t n, std::int64_t base) {
  double value = 0.0, digit = 1.0;
  for (; n > 0; n /= base) {
    digit /= static_cast<double>(base);
    value += digit * static_cast<double>(n % base);
  }
  return value;
}

}  // namespace

std::vector<std::pair<std::int64_t, std::int64_t>> halton_order(std::int64_t rows, std::int64_t cols, std::int64_t points) {
  std::vector<std::pair<std::int64_t, std::int64_t>> order;
  std::vector<bool> seen(static_cast<std::size_t>(rows * cols));
  for (std::int64_t n = 1; n <= points && static_cast<std::int64_t>(order.size()) < rows * cols; ++n) {
    const auto row = static_cast<std::int64_t>(static_cast<float>(halton(n, 2)) * static_cast<float>(rows));
    const auto col = static_cast<std::int64_t>(static_cast<float>(halton(n, 3)) * static_cast<float>(cols));
    const auto cell = static_cast<std::size_t>(std::min(row, rows - 1) * cols + std::min(col, cols - 1));
    if (seen[cell]) continue;
    seen[cell] = true;
    order.emplace_back(std::min(row, rows - 1), std::min(col, cols - 1));
  }
  return order;
}

std::vector<std::int64_t> halton_cells(std::int64_t rows, std::int64_t cols) {
  std::vector<std::int64_t> cells;
  std::vector<bool> seen(static_cast<std::size_t>(rows * cols));
  for (const auto& [row, col] : halton_order(rows, cols, std::max<std::int64_t>(10'000, 64 * rows * cols))) {
    cells.push_back(row * cols + col);
    seen[static_cast<std::size_t>(cells.back())] = true;
  }
  for (std::int64_t cell = 0; cell < rows * cols; ++cell)
    if (!seen[static_cast<std::size_t>(cell)]) cells.push_back(cell);
  return cells;
}

}  // namespace orrery::tokens
