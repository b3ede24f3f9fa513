#include "engine/explore/check_request.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "engine/api/result.h"
#include "engine/explore/picture_value.h"

namespace orrery {
namespace {

std::string number_text(double number) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  return {text, end};
}

[[noreturn]] void refuse(const ControlSpec& spec, const std::string& why) {
  throw Error(ErrorCode::wrong_use, "The control \"" + spec.id + "\" " + why + ".", "Nothing was changed.", "It accepts " + accepted_values(spec) + ".");
}

std::optional<double> as_number(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return std::nullopt;
}

double in_range(const ControlSpec& spec, double number) {
  if (!std::isfinite(number)) refuse(spec, "was given something that is not a finite number");
  if (number < spec.min || number > spec.max) refuse(spec, "was given " + number_text(number) + ", which is out of range");
  return number;
}

Value whole_number(const ControlSpec& spec, const Value& value) {
  const auto number = as_number(value);
  if (!number || *number != std::floor(*number)) refuse(spec, "needs a whole number");
  if (spec.kind == ControlKind::seed) {
    if (*number < 0.0) refuse(spec, "was given a negative seed");
    if (const auto* exact = std::get_if<std::int64_t>(&value)) return *exact;
    if (*number > 9007199254740992.0) refuse(spec, "was given a seed too large for a floating-point number");
    return static_cast<std::int64_t>(*number);
  }
  return static_cast<std::int64_t>(in_range(spec, *number));
}

Value list(const ControlSpec& spec, const Value& value) {
  const auto* given = std::get_if<std::vector<double>>(&value);
  if (!given) refuse(spec, "needs a list of numbers");
  std::vector<double> out = *given;
  switch (spec.kind) {
    case ControlKind::latent_pad:
      if (out.size() != 2) refuse(spec, "needs two numbers (x, y)");
      for (double number : out) in_range(spec, number);
      break;
    case ControlKind::layer_range:
      if (out.size() != 2) refuse(spec, "needs two numbers (first, last)");
      for (double& number : out) number = std::round(in_range(spec, number));
      if (out[0] > out[1]) refuse(spec, "was given a first layer behind the last");
      break;
    case ControlKind::class_blend:
      if (!out.empty() && out.size() != spec.choices.size()) refuse(spec, "needs one weight per class");
      for (double number : out) {
        if (!std::isfinite(number) || number < 0.0) refuse(spec, "was given a weight that is negative or not finite");
      }
      break;
    case ControlKind::token_grid:
      if (!out.empty() && out.size() != static_cast<std::size_t>(spec.rows) * static_cast<std::size_t>(spec.cols)) refuse(spec, "needs one code for each of its " + std::to_string(spec.rows) + " x " + std::to_string(spec.cols) + " cells, -1 where it is free");
      for (double number : out) {
        if (!(number >= -1.0 && number <= spec.max && number == std::floor(number))) refuse(spec, "was given a code that is not in the codebook");
      }
      if (std::all_of(out.begin(), out.end(), [](double number) { return number < 0.0; })) out.clear();  // nothing is pinned: one way to say it
      break;
    default:
      for (double number : out) in_range(spec, number);
  }
  return out;
}

Value of_own_type(const ControlSpec& spec, const Value& value) {
  switch (spec.kind) {
    case ControlKind::slider: {
      const auto number = as_number(value);
      if (!number) refuse(spec, "needs a number");
      return in_range(spec, *number);
    }
    case ControlKind::integer:
    case ControlKind::seed: return whole_number(spec, value);
    case ControlKind::toggle:
      if (!std::holds_alternative<bool>(value)) refuse(spec, "is a switch: true or false");
      return value;
    case ControlKind::choice: {
      const auto* text = std::get_if<std::string>(&value);
      if (!text) refuse(spec, "needs one of its names");
      if (std::find(spec.choices.begin(), spec.choices.end(), *text) == spec.choices.end()) refuse(spec, "does not know \"" + *text + "\"");
      return value;
    }
    case ControlKind::text:
      if (!std::holds_alternative<std::string>(value)) refuse(spec, "needs a text");
      return value;
    case ControlKind::mask:
    case ControlKind::photo: {
      const auto* text = std::get_if<std::string>(&value);
      if (!text) refuse(spec, "needs a picture as text");
      check_picture_value(*text, spec.kind == ControlKind::mask ? "The mask" : "The photo");
      return value;
    }
    case ControlKind::latent_pad:
    case ControlKind::class_blend:
    case ControlKind::layer_range:
    case ControlKind::curve:
    case ControlKind::token_grid: return list(spec, value);
  }
  return value;
}

double parse_number(const ControlSpec& spec, std::string_view text) {
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) refuse(spec, "was given \"" + std::string(text) + "\", which is not a number");
  return number;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto cut = std::min(text.find(at), text.size());
    parts.push_back(text.substr(0, cut));
    text.remove_prefix(std::min(cut + 1, text.size()));
  }
  return parts;
}

// "cat:0.7,dog:0.3" by name, or plain weights in the order of the classes.
std::vector<double> parse_blend(const ControlSpec& spec, std::string_view text) {
  std::vector<double> weights;
  if (text.find(':') == std::string_view::npos) {
    for (const auto part : split(text, ',')) weights.push_back(parse_number(spec, part));
    return weights;
  }
  weights.resize(spec.choices.size(), 0.0);
  for (const auto part : split(text, ',')) {
    const auto colon = part.rfind(':');
    const std::string name(part.substr(0, colon));
    const auto found = std::find(spec.choices.begin(), spec.choices.end(), name);
    if (colon == std::string_view::npos || found == spec.choices.end()) refuse(spec, "does not know the class \"" + name + "\"");
    weights[static_cast<std::size_t>(found - spec.choices.begin())] = parse_number(spec, part.substr(colon + 1));
  }
  return weights;
}

}  // namespace

std::string accepted_values(const ControlSpec& spec) {
  const std::string range = "between " + number_text(spec.min) + " and " + number_text(spec.max) + (spec.unit.empty() ? "" : " " + spec.unit);
  switch (spec.kind) {
    case ControlKind::slider: return "a number " + range;
    case ControlKind::integer: return "a whole number " + range;
    case ControlKind::toggle: return "true or false";
    case ControlKind::seed: return "a whole number from 0";
    case ControlKind::latent_pad: return "two numbers x,y " + range;
    case ControlKind::layer_range: return "two whole numbers first,last " + range;
    case ControlKind::curve: return "numbers " + range;
    case ControlKind::token_grid: return "codes, row by row, -1 where a token is free";
    case ControlKind::class_blend: return "one weight from 0 per class, or name:weight pairs";
    case ControlKind::text: return "any text";
    case ControlKind::mask: return "a grey picture (@ and a file's name, or data:image/png;base64,...), or nothing";
    case ControlKind::photo: return "a picture (@ and a file's name, or data:image/png;base64,...), or nothing";
    case ControlKind::choice: break;
  }
  std::string names;
  constexpr std::size_t kMost = 12;
  for (std::size_t i = 0; i < std::min(kMost, spec.choices.size()); ++i) names += (i ? ", " : "") + spec.choices[i];
  if (spec.choices.size() > kMost) names += " and " + std::to_string(spec.choices.size() - kMost) + " more";
  return "one of: " + names;
}

Value checked_value(const ControlSpec& spec, const Value& value) {
  if (!spec.unavailable.empty()) {
    if (value == spec.neutral) return value;
    throw Error(ErrorCode::wrong_use, "The control \"" + spec.id + "\" cannot act here. " + spec.unavailable, "Nothing was changed.", "Leave it out.");
  }
  return of_own_type(spec, value);
}

Value parse_value(const ControlSpec& spec, const std::string& text) {
  switch (spec.kind) {
    case ControlKind::slider: return checked_value(spec, parse_number(spec, text));
    case ControlKind::integer:
    case ControlKind::seed: {
      std::int64_t whole = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
      if (error != std::errc() || end != text.data() + text.size()) refuse(spec, "was given \"" + text + "\", which is not a whole number");
      return checked_value(spec, whole);
    }
    case ControlKind::toggle:
      if (text != "true" && text != "false" && text != "1" && text != "0") refuse(spec, "is a switch: true or false");
      return checked_value(spec, text == "true" || text == "1");
    case ControlKind::choice:
    case ControlKind::text:
    case ControlKind::mask:
    case ControlKind::photo: return checked_value(spec, text);
    case ControlKind::class_blend: return checked_value(spec, parse_blend(spec, text));
    case ControlKind::latent_pad:
    case ControlKind::layer_range:
    case ControlKind::curve:
    case ControlKind::token_grid: {
      std::vector<double> numbers;
      for (const auto part : split(text, ',')) numbers.push_back(parse_number(spec, part));
      return checked_value(spec, numbers);
    }
  }
  return checked_value(spec, text);
}

Request checked_request(const std::vector<ControlSpec>& specs, const Request& request, UnknownControls unknown) {
  Request out = request;
  for (auto& [id, value] : out.values) {
    if (const ControlSpec* spec = find_control(specs, id)) {
      value = checked_value(*spec, value);
    } else if (unknown == UnknownControls::refuse) {
      std::string list;
      for (const auto& known : specs) list += (list.empty() ? "" : ", ") + known.id;
      throw Error(ErrorCode::wrong_use, "This model has no control \"" + id + "\".", "Nothing was changed.", "Its controls are: " + list + ".");
    }
  }
  return out;
}

const ControlSpec* find_control(const std::vector<ControlSpec>& specs, const std::string& id) {
  const auto found = std::find_if(specs.begin(), specs.end(), [&](const ControlSpec& spec) { return spec.id == id; });
  return found == specs.end() ? nullptr : &*found;
}

}  // namespace orrery
