// Values, requests and timelines <-> JSON, for the .cpp files of engine/api and the engine's recipes. (Not for ui: it has the text forms.)
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/api/request.h"
#include "engine/api/timeline.h"

namespace orrery {

nlohmann::json value_json(const Value& value);
Result<Value> value_from(const nlohmann::json& json);
nlohmann::json request_json(const Request& request);
Result<Request> request_from(const nlohmann::json& json);
nlohmann::json timeline_json(const Timeline& timeline);
Result<Timeline> timeline_from(const nlohmann::json& json);

}  // namespace orrery
