// What picture is wanted: an immutable value. Equal requests give equal pictures.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/api/result.h"
#include "engine/api/value.h"

namespace orrery {

// From step `step` of an iterative generation on, these controls have other values. Branches of a branch follow one another; their
// steps do not fall. A generation that is not iterative has none.
struct BranchPoint {
  std::int64_t step = 0;
  std::map<std::string, Value> values;  // as in Request, over what came before

  bool operator==(const BranchPoint&) const = default;
};

struct Request {
  std::string model;                    // a ModelInfo::id
  std::map<std::string, Value> values;  // by ControlSpec::id; a missing control is at its neutral value
  std::vector<BranchPoint> branches{};  // see engine/api/tape.h

  bool operator==(const Request&) const = default;

  // Reads a control, or `neutral` when the request does not set it (or sets it with another type).
  template <class T>
  T get(const std::string& id, T neutral) const {
    auto found = values.find(id);
    if (found == values.end()) return neutral;
    if (const T* value = std::get_if<T>(&found->second)) return *value;
    return neutral;
  }
};

// Recipe text of a request: ASCII JSON, keys sorted, shortest round-trip numbers ({"model": ..., "values": {...}, "branches": [{"step": ..., "values": {...}}]}; no "branches" where there are none).
std::string request_to_json(const Request& request);
Result<Request> request_from_json(const std::string& text);

}  // namespace orrery
