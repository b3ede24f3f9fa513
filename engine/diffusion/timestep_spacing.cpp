#include "engine/diffusion/timestep_spacing.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

#include "engine/api/result.h"

namespace orrery::diffusion {
namespace {

void check(std::int64_t total, std::int64_t count) {
  if (count < 1 || count > total)
    throw Error(ErrorCode::wrong_use, std::to_string(count) + " steps cannot be taken from " + std::to_string(total) + " timesteps.", "Nothing was sampled.",
                "Ask for 1 to " + std::to_string(total) + " steps.");
}

std::int64_t to_whole(double value) { return static_cast<std::int64_t>(std::nearbyint(value)); }  // half to even

[[noreturn]] void refuse(const std::string& text) {
  throw Error(ErrorCode::wrong_use, "\"" + text + "\" is no respacing of the timesteps.", "Nothing was sampled.", "Write ddim25, 250 or 10,15,20.");
}

std::int64_t whole_number(const std::string& digits, const std::string& text) {
  if (digits.empty() || digits.size() > 6 || !std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return c >= '0' && c <= '9'; })) refuse(text);
  return std::stoll(digits);
}

Timesteps in_sections(std::int64_t total, const std::vector<std::int64_t>& sections, const std::string& text) {
  const auto count = static_cast<std::int64_t>(sections.size());
  std::set<std::int64_t> chosen;
  std::int64_t start = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t size = total / count + (i < total % count ? 1 : 0), wanted = sections[static_cast<std::size_t>(i)];
    if (wanted < 1 || wanted > size) refuse(text);
    const double stride = wanted <= 1 ? 1.0 : static_cast<double>(size - 1) / static_cast<double>(wanted - 1);
    double at = 0.0;
    for (std::int64_t k = 0; k < wanted; ++k, at += stride) chosen.insert(start + to_whole(at));
    start += size;
  }
  return {chosen.begin(), chosen.end()};
}

}  // namespace

Timesteps uniform_timesteps(std::int64_t total, std::int64_t count) {
  check(total, count);
  Timesteps steps;
  for (std::int64_t t = 0; t < total; t += total / count) steps.push_back(t);
  return steps;
}

Timesteps quadratic_timesteps(std::int64_t total, std::int64_t count) {
  check(total, count);
  Timesteps steps;
  const double last = std::sqrt(static_cast<double>(total) * 0.8);
  for (std::int64_t i = 0; i < count; ++i) {
    const double root = count == 1 ? 0.0 : i == count - 1 ? last : static_cast<double>(i) * (last / static_cast<double>(count - 1));
    steps.push_back(static_cast<std::int64_t>(root * root));
  }
  return steps;
}

Timesteps offset_timesteps(Timesteps timesteps, std::int64_t offset) {
  for (auto& t : timesteps) t += offset;
  return timesteps;
}

Timesteps respaced_timesteps(std::int64_t total, const std::string& text) {
  if (text == "fast27") {
    Timesteps steps = in_sections(total, {10, 10, 3, 2, 2}, text);
    steps.back() -= 2;
    return steps;
  }
  if (text.rfind("ddim", 0) == 0) {
    const std::int64_t count = whole_number(text.substr(4), text);
    check(total, count);
    for (std::int64_t stride = 1; stride < total; ++stride) {
      if ((total + stride - 1) / stride != count) continue;
      Timesteps steps;
      for (std::int64_t t = 0; t < total; t += stride) steps.push_back(t);
      return steps;
    }
    throw Error(ErrorCode::wrong_use, "No whole stride takes exactly " + std::to_string(count) + " of " + std::to_string(total) + " timesteps.");
  }
  std::vector<std::int64_t> sections;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) sections.push_back(whole_number(part, text));
  if (sections.empty()) refuse(text);
  return in_sections(total, sections, text);
}

Timesteps spaced_timesteps(std::int64_t total, std::int64_t count, Spacing spacing, std::int64_t offset) {
  check(total, count);
  Timesteps steps;
  const double stride = static_cast<double>(total) / static_cast<double>(count);
  for (std::int64_t i = 0; i < count; ++i) {
    switch (spacing) {
      case Spacing::leading: steps.push_back(i * (total / count) + offset); break;
      case Spacing::trailing: steps.push_back(to_whole(static_cast<double>(total) - static_cast<double>(count - 1 - i) * stride) - 1); break;
      case Spacing::linspace: steps.push_back(count == 1 ? 0 : to_whole(static_cast<double>(i) * static_cast<double>(total - 1) / static_cast<double>(count - 1))); break;
    }
  }
  return steps;
}

}  // namespace orrery::diffusion
