#include "engine/api/request.h"

#include <nlohmann/json.hpp>

#include "engine/api/value_json.h"

namespace orrery {

std::string request_to_json(const Request& request) { return request_json(request).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace); }

Result<Request> request_from_json(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return JobError{ErrorCode::bad_input, "The recipe is not JSON.", "Nothing was changed.", "Choose another file."};
  return request_from(json);
}

}  // namespace orrery
