// Choices by name.
#pragma once

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>

namespace orrery::diffusion {

// The value of `name` in a list of names. Throws std::invalid_argument naming what was asked for.
template <class Value>
Value by_name(const std::string& name, const char* what, std::initializer_list<std::pair<const char*, Value>> list) {
  for (const auto& [known, value] : list)
    if (name == known) return value;
  throw std::invalid_argument("unknown " + std::string(what) + " \"" + name + "\"");
}

}  // namespace orrery::diffusion
