#include "engine/train/until.h"

#include <charconv>
#include <cmath>

#include "engine/api/result.h"

namespace orrery {
namespace {

struct UnitName {
  const char* text;
  Until::Unit unit;
  double factor;  // minutes, kimg or steps in one of it
  double divisor = 1;
};
constexpr UnitName unit_names[] = {
    {"kimg", Until::Unit::kimg, 1},     {"min", Until::Unit::minutes, 1},  {"minute", Until::Unit::minutes, 1},
    {"minutes", Until::Unit::minutes, 1}, {"h", Until::Unit::minutes, 60},   {"hour", Until::Unit::minutes, 60},
    {"s", Until::Unit::minutes, 1, 60},    {"sec", Until::Unit::minutes, 1, 60},  {"second", Until::Unit::minutes, 1, 60},
    {"seconds", Until::Unit::minutes, 1, 60}, {"hours", Until::Unit::minutes, 60},  {"step", Until::Unit::steps, 1},   {"steps", Until::Unit::steps, 1},
};

}  // namespace

Until parse_until(const std::string& text) {
  double amount = 0.0;
  const char* end = text.data() + text.size();
  auto [rest, bad] = std::from_chars(text.data(), end, amount);
  while (rest != end && *rest == ' ') ++rest;
  if (bad == std::errc() && std::isfinite(amount) && amount > 0.0) {
    const std::string unit(rest, end);
    for (const auto& known : unit_names) {
      if (unit != known.text) continue;
      if (known.unit == Until::Unit::steps && amount != std::floor(amount)) break;
      return {amount * known.factor / known.divisor, known.unit};
    }
  }
  throw Error(ErrorCode::wrong_use, "\"" + text + "\" does not say when to stop.", "Nothing was started.",
              "Write a number with kimg, s, min, h or steps, for example 200kimg, 10min or 5000steps.");
}

std::string format_until(const Until& until) {
  if (until.unit == Until::Unit::minutes && until.amount != std::floor(until.amount)) {  // "40s" rather than 0.6666666666666666min
    const double seconds = std::round(until.amount * 60.0);
    if (seconds / 60.0 == until.amount) return std::to_string(static_cast<long long>(seconds)) + "s";
  }
  char digits[32];
  const auto written = std::to_chars(digits, digits + sizeof digits, until.amount);
  const char* unit = until.unit == Until::Unit::kimg ? "kimg" : until.unit == Until::Unit::minutes ? "min" : "steps";
  return std::string(digits, written.ptr) + unit;
}

double fraction_done(const Until& until, const Done& done) {
  if (until.amount <= 0.0) return -1.0;
  switch (until.unit) {
    case Until::Unit::kimg: return static_cast<double>(done.pictures) / (until.amount * 1000.0);
    case Until::Unit::minutes: return done.wall_s / (until.amount * 60.0);
    case Until::Unit::steps: return static_cast<double>(done.steps) / until.amount;
  }
  return -1.0;
}

}  // namespace orrery
