// Stop rules as text: "200kimg", "40s", "10min", "10 minutes", "2h", "5000steps".
#pragma once

#include <cstdint>
#include <string>

#include "engine/api/training.h"

namespace orrery {

// Throws Error(wrong_use) for anything but a positive number followed by kimg, s, seconds, min, minutes, h, hours or steps.
Until parse_until(const std::string& text);
// The shortest text that parse_until reads back as the same rule.
std::string format_until(const Until& until);

// What has been done so far, in the three units a rule can count.
struct Done {
  std::int64_t pictures = 0;
  std::int64_t steps = 0;
  double wall_s = 0.0;
};
// How far along, 0 at the start, 1 or more when the rule is fulfilled. A rule of amount 0 never ends: negative.
double fraction_done(const Until& until, const Done& done);

}  // namespace orrery
