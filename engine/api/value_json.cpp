#include "engine/api/value_json.h"

#include <nlohmann/json.hpp>

namespace orrery {
namespace {

JobError bad(const std::string& what) {
  return {ErrorCode::bad_input, what, "Nothing was changed.", "Choose a file that Orrery exported."};
}

}  // namespace

nlohmann::json value_json(const Value& value) {
  return std::visit([](const auto& v) { return nlohmann::json(v); }, value);
}

Result<Value> value_from(const nlohmann::json& json) {
  if (json.is_boolean()) return Value(json.get<bool>());
  if (json.is_number_integer()) return Value(json.get<std::int64_t>());
  if (json.is_number()) return Value(json.get<double>());
  if (json.is_string()) return Value(json.get<std::string>());
  if (json.is_array()) {
    std::vector<double> list;
    for (const auto& item : json) {
      if (!item.is_number()) return bad("A control's value is a list of something other than numbers.");
      list.push_back(item.get<double>());
    }
    return Value(std::move(list));
  }
  return bad("A control's value is neither a number, a text nor a list of numbers.");
}

nlohmann::json request_json(const Request& request) {
  nlohmann::json values = nlohmann::json::object();
  for (const auto& [id, value] : request.values) values[id] = value_json(value);
  return {{"model", request.model}, {"values", values}};
}

Result<Request> request_from(const nlohmann::json& json) {
  if (!json.is_object() || !json.contains("values") || !json["values"].is_object() || !json.value("model", nlohmann::json("")).is_string()) {
    return bad("The recipe is not a request (it needs \"model\" and \"values\").");
  }
  Request request;
  request.model = json.value("model", "");
  for (const auto& [id, item] : json["values"].items()) {
    auto value = value_from(item);
    if (!value) return value.error();
    request.values[id] = value.value();
  }
  return request;
}

}  // namespace orrery
