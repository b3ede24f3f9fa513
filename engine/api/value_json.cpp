#include "engine/api/value_json.h"

#include <nlohmann/json.hpp>

namespace orrery {
namespace {

JobError bad(const std::string& what) {
  return {ErrorCode::bad_input, what, "Nothing was changed.", "Choose a file that Orrery exported."};
}

using Values = std::map<std::string, Value>;

nlohmann::json values_json(const Values& values) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [id, value] : values) json[id] = value_json(value);
  return json;
}

Result<Values> values_from(const nlohmann::json& json) {
  if (!json.is_object()) return bad("The recipe's \"values\" are not an object of controls.");
  Values values;
  for (const auto& [id, item] : json.items()) {
    auto value = value_from(item);
    if (!value) return value.error();
    values[id] = value.value();
  }
  return values;
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
  nlohmann::json json = {{"model", request.model}, {"values", values_json(request.values)}};
  for (const auto& branch : request.branches) json["branches"].push_back({{"step", branch.step}, {"values", values_json(branch.values)}});
  return json;
}

Result<Request> request_from(const nlohmann::json& json) {
  if (!json.is_object() || !json.contains("values") || !json.value("model", nlohmann::json("")).is_string()) {
    return bad("The recipe is not a request (it needs \"model\" and \"values\").");
  }
  Request request;
  request.model = json.value("model", "");
  auto values = values_from(json["values"]);
  if (!values) return values.error();
  request.values = std::move(values.value());
  if (!json.contains("branches")) return request;
  if (!json["branches"].is_array()) return bad("The recipe's \"branches\" are not a list.");
  for (const auto& item : json["branches"]) {
    const bool whole = item.is_object() && item.contains("step") && item["step"].is_number_integer() && item.contains("values");
    const std::int64_t least = request.branches.empty() ? 0 : request.branches.back().step;
    if (!whole || item["step"].get<std::int64_t>() < least) return bad("A branch of the recipe needs a \"step\", not before that of the branch it grows from, and \"values\".");
    auto changed = values_from(item["values"]);
    if (!changed) return changed.error();
    request.branches.push_back({item["step"].get<std::int64_t>(), std::move(changed.value())});
  }
  return request;
}

}  // namespace orrery
