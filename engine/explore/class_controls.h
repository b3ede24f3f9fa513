// The class of a picture as a control: one of them, or a blend. Shared by the players of every kind.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/api/control.h"
#include "engine/api/request.h"

namespace orrery {

// One distinct name per class: the model's own where it has them, else "class 7".
std::vector<std::string> distinct_class_names(const std::vector<std::string>& names, std::int64_t classes);

// Adds "class" and "class.blend". names: one per class; none: the model is unconditional, and both say so.
void add_class_controls(std::vector<ControlSpec>& specs, const std::vector<std::string>& names);

// One weight per class, sum 1; empty for unconditional models. `request` must have been checked against those controls.
std::vector<double> class_weights(const Request& request, const std::vector<std::string>& names);

}  // namespace orrery
