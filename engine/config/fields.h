// Configuration: plain structs with defaults <-> JSON, described once per struct by `visit_fields`.
//
//   struct TrainConfig { std::int64_t batch = 16; double lr = 0.0025; };
//   template <class Visitor>
//   void visit_fields(Visitor& v, TrainConfig& c) {
//     v("batch", c.batch, {.help = "pictures per step", .min = 1, .max = 4096});
//     v("lr", c.lr, {.help = "Adam's learning rate", .min = 0, .max = 1});
//   }
//
// to_config writes every key; from_config refuses unknown keys, wrong types and values out of range, naming the JSON path.
#pragma once

#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/api/result.h"

namespace orrery::config {

using Json = nlohmann::json;

struct Field {
  std::string help = {};
  std::string unit = {};
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices = {};  // for strings
};

struct Writer {
  Json& out;
  template <class T> void operator()(const char* key, T& value, const Field& = {});
};
struct Reader {
  const Json& in;
  std::string path;
  std::vector<std::string> known = {};
  template <class T> void operator()(const char* key, T& value, const Field& field = {});
  void refuse_unknown() const;
};
struct Helper {
  std::map<std::string, Field>& out;
  std::string path;
  template <class T> void operator()(const char* key, T& value, const Field& field = {});
};

// A struct described by visit_fields, as opposed to a number, string, vector, map or optional.
template <class T> concept Described = requires(T& t, Writer& w) { visit_fields(w, t); };

[[noreturn]] void refuse(const std::string& path, const std::string& why);
double checked_number(const Json& value, const std::string& path, const Field& field, bool whole);

template <Described T> Json to_config(const T& config) {
  Json out = Json::object();
  Writer writer{out};
  visit_fields(writer, const_cast<T&>(config));  // a Writer only reads
  return out;
}
// Sets the keys that `json` has, keeps the others as they are. Throws Error(wrong_use).
template <Described T> void from_config(const Json& json, T& config, const std::string& path = "") {
  if (!json.is_object()) refuse(path, "must be an object");
  Reader reader{json, path};
  visit_fields(reader, config);
  reader.refuse_unknown();
}
// Help, unit and range of every key, by JSON path.
template <Described T> std::map<std::string, Field> describe(T config = {}) {
  std::map<std::string, Field> out;
  Helper helper{out, ""};
  visit_fields(helper, config);
  return out;
}

template <class T> void Writer::operator()(const char* key, T& value, const Field&) {
  if constexpr (Described<T>) out[key] = to_config(value);
  else if constexpr (requires { value.has_value(); }) out[key] = value ? Json(*value) : Json(nullptr);
  else out[key] = value;
}

template <class T> void Reader::operator()(const char* key, T& value, const Field& field) {
  known.push_back(key);
  auto found = in.find(key);
  if (found == in.end()) return;
  const std::string here = path.empty() ? std::string(key) : path + "." + key;
  if constexpr (Described<T>) {
    from_config(*found, value, here);
  } else if constexpr (requires { value.has_value(); }) {
    if (found->is_null()) { value.reset(); return; }
    using Inner = typename T::value_type;
    if constexpr (std::is_arithmetic_v<Inner> && !std::is_same_v<Inner, bool>)
      value = static_cast<Inner>(checked_number(*found, here, field, std::is_integral_v<Inner>));
    else
      try { value = found->template get<Inner>(); } catch (const Json::exception&) { refuse(here, "has the wrong type"); }
  } else if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
    value = static_cast<T>(checked_number(*found, here, field, std::is_integral_v<T>));
  } else {
    try { value = found->template get<T>(); } catch (const Json::exception&) { refuse(here, "has the wrong type"); }
    if constexpr (std::is_same_v<T, std::string>) {
      bool ok = field.choices.empty();
      std::string list;
      for (const auto& choice : field.choices) { ok = ok || choice == value; list += (list.empty() ? "" : ", ") + choice; }
      if (!ok) refuse(here, "must be one of " + list);
    }
  }
}

template <class T> void Helper::operator()(const char* key, T& value, const Field& field) {
  const std::string here = path.empty() ? std::string(key) : path + "." + key;
  if constexpr (Described<T>) { Helper inner{out, here}; visit_fields(inner, value); }
  else out[here] = field;
}

// "train.batch", "16" -> {"train": {"batch": 16}} merged into `json`; text that is not JSON is taken as a string.
void set_path(Json& json, const std::string& path, const std::string& text);

struct Preset {
  std::string id, label, help;
  std::string parent;  // another preset's id, or empty for the defaults
  Json patch = Json::object();  // merge patch (RFC 7396) on the parent
  bool points = false;          // for points in the plane, not for pictures
};
// Defaults, then the chain of parents, then the preset. Throws Error(wrong_use) naming the presets that exist.
Json resolve_preset(const Json& defaults, const std::vector<Preset>& presets, const std::string& id);

}  // namespace orrery::config
