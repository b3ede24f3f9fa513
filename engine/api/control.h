// One thing a person can turn, as data. The window makes its forms from these; the command line checks --set against them.
#pragma once

#include <string>
#include <vector>

#include "engine/api/value.h"

namespace orrery {

enum class ControlKind {
  slider,       // double in [min, max]
  integer,      // int64 in [min, max]
  toggle,       // bool
  choice,       // string, one of `choices`
  seed,         // int64 >= 0, shown with a "random" button
  latent_pad,   // (x, y) in seed units: integer points are seeds, between them the latents are mixed smoothly
  class_blend,  // one weight >= 0 per class (`choices` are the class names); normalised to sum 1 when used
  layer_range,  // (first, last), both ends included, integers in [min, max]
  text,         // free text
  mask,         // string: a grey picture as "data:image/png;base64,...", white where it acts; empty for none
  photo,        // string: a picture as "data:image/png;base64,..."; empty for none
  curve,        // samples of a function on [0, 1]
  token_grid,   // one code in [0, max] for each cell of rows x cols, -1: free; an empty list: all are free
};

struct ControlSpec {
  std::string id;       // stable, dotted, lower case: "truncation.psi"
  std::string section;  // heading in the panel: "Latent"
  std::string label;
  std::string help;     // meaning in one or two sentences
  std::string unit;     // "" when the number has none
  ControlKind kind = ControlKind::slider;
  Value neutral = 0.0;  // the identity: a request without this control means this value
  double min = 0.0;
  double max = 1.0;
  double step = 0.01;   // one notch of the wheel or key; Shift divides by 10, Ctrl multiplies by 10
  bool logarithmic = false;
  bool simple = true;   // shown in the Simple view too
  bool animatable = true;
  std::vector<std::string> choices;
  int rows = 0, cols = 0;   // of a token_grid
  std::string unavailable;  // empty: it acts. Else the reason it is grey ("This model has no classes.")
};

}  // namespace orrery
