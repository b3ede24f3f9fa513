// How players put their controls together: what every kind of model's list is made of.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/api/control.h"

namespace orrery {

// How far the latent pad goes to each side, in seeds.
inline constexpr double kPadReach = 100000.0;

inline ControlSpec control(ControlKind kind, const char* id, const char* section, const char* label, const char* help, Value neutral) {
  ControlSpec spec;
  spec.kind = kind;
  spec.id = id;
  spec.section = section;
  spec.label = label;
  spec.help = help;
  spec.neutral = std::move(neutral);
  return spec;
}

inline ControlSpec ranged(ControlSpec spec, double min, double max, double step, const char* unit = "") {
  spec.min = min;
  spec.max = max;
  spec.step = step;
  spec.unit = unit;
  return spec;
}

inline ControlSpec logarithmic(ControlSpec spec) {
  spec.logarithmic = true;
  return spec;
}

// Shown under All only.
inline ControlSpec expert(ControlSpec spec) {
  spec.simple = false;
  return spec;
}

inline ControlSpec seed_control(const char* id, const char* section, const char* label, const char* help, std::int64_t neutral) {
  ControlSpec spec = ranged(control(ControlKind::seed, id, section, label, help, neutral), 0.0, 4294967295.0, 1.0);
  spec.animatable = false;  // a seed cannot be half of another; latent.blend and latent.pad go from one to the next
  return spec;
}

// A photo or a mask, none at neutral. By their names, controls "photo.x" act only where the control "photo" has a picture.
inline ControlSpec picture_control(ControlKind kind, const char* id, const char* section, const char* label, const char* help) {
  ControlSpec spec = control(kind, id, section, label, help, std::string());
  spec.animatable = false;
  return spec;
}

// Neutral is the first of the choices.
inline ControlSpec choice_control(const char* id, const char* section, const char* label, const char* help, std::vector<std::string> choices) {
  ControlSpec spec = control(ControlKind::choice, id, section, label, help, choices.front());
  spec.choices = std::move(choices);
  return spec;
}

}  // namespace orrery
