// Constructor arguments of a reference case, read once each, so that one that nobody read is found.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "engine/api/result.h"

namespace orrery::parity {

class Arguments {
 public:
  using Json = nlohmann::json;

  // Throws Error(bad_input) when `args` is not an object.
  Arguments(const Json& args, std::string where) : args_(args), where_(std::move(where)) {
    if (!args.is_object()) throw Error(ErrorCode::bad_input, where_ + " is not an object.");
  }
  // The argument, or `value` when it is absent or null.
  template <class T>
  void read(const char* name, T& value) {
    read_.push_back(name);
    const auto found = args_.find(name);
    if (found == args_.end() || found->is_null()) return;
    try {
      value = found->get<T>();
    } catch (const Json::exception&) {
      throw Error(ErrorCode::bad_input, where_ + "." + name + " has the wrong type.");
    }
  }
  // Arguments that are somebody else's.
  void ignore(const char* name) { read_.push_back(name); }
  Json object(const char* name) {
    read_.push_back(name);
    const auto found = args_.find(name);
    return found == args_.end() || found->is_null() ? Json::object() : *found;
  }
  bool is_null(const char* name) const { return args_.contains(name) && args_.at(name).is_null(); }
  // Throws Error(bad_input) naming an argument that was not read.
  void done() const {
    for (const auto& [key, value] : args_.items()) {
      if (std::find(read_.begin(), read_.end(), key) == read_.end())
        throw Error(ErrorCode::bad_input, where_ + "." + key + " is not an argument known here.");
    }
  }

 private:
  const Json& args_;
  std::string where_;
  std::vector<std::string> read_;
};

}  // namespace orrery::parity
