// Requests from outside (recipes, --set, path files) held against a model's controls.
#pragma once

#include <string>
#include <vector>

#include "engine/api/control.h"
#include "engine/api/request.h"

namespace orrery {

// "between -1 and 2", "one of none, constant, random", ...: what a control accepts, for messages.
std::string accepted_values(const ControlSpec& spec);

// The value in the control's own type (a whole number given to a slider becomes a double, a whole double given to an integer an int64).
// Throws Error(wrong_use) naming the control and what it accepts when the value is of another type, not finite or out of range, and with
// the control's reason when it is not available and the value is not its neutral one.
Value checked_value(const ControlSpec& spec, const Value& value);

// A value as a person types it: "0.7", "true", "random", "12", "3.5,1" (lists), "cat:0.7,dog:0.3" (class weights). Same errors.
Value parse_value(const ControlSpec& spec, const std::string& text);

enum class UnknownControls { refuse, ignore };
// The request with every value checked. Controls that no spec names are refused by name, or left as they are.
Request checked_request(const std::vector<ControlSpec>& specs, const Request& request, UnknownControls unknown);

// nullptr when there is none.
const ControlSpec* find_control(const std::vector<ControlSpec>& specs, const std::string& id);

}  // namespace orrery
