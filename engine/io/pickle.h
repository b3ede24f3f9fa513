// Python pickles as data. Nothing a file names is ever looked up, imported or called: a closed list of opcodes builds a tree of inert
// values, tensors are made of storages with every bound checked, and everything else stays a record of what it claims to be.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orrery::io {

struct PickleValue {
  enum class Kind : std::uint8_t {
    none, boolean, integer, real, big_integer, text, bytes, list, tuple, set, dict,
    global,   // `text` = "module.name"; never anything but a name
    object,   // `text` = its class, `items` its arguments, `entries` and `state` what it holds
    storage,  // `tensor` = its bytes (uint8), `dtype` = what they mean (Undefined: untyped)
    tensor,
  };
  Kind kind = Kind::none;
  at::ScalarType dtype = at::ScalarType::Undefined;
  std::int64_t integer = 0;   // boolean, integer
  double real = 0.0;
  std::string_view text;      // text, bytes, global, object, big_integer (two's complement, little-endian)
  std::vector<PickleValue*> items;
  std::vector<std::pair<PickleValue*, PickleValue*>> entries;
  PickleValue* state = nullptr;
  at::Tensor tensor;          // may be a view into its storage

  bool is(Kind k) const { return kind == k; }
  bool is_text(std::string_view value) const { return kind == Kind::text && text == value; }
  // The value of a text key of a dict or object (the last one of that name); nullptr when there is none.
  const PickleValue* at(std::string_view key) const;
  // The same in what BUILD gave to an object: its attributes.
  const PickleValue* attribute(std::string_view key) const;
};

struct PickleLimits {
  std::uint64_t operations = 20'000'000;
  std::size_t values = 2'000'000;
  std::size_t stack = 1'000'000;
  std::size_t text_bytes = std::size_t{64} << 20;
};

// What one file's pickles share. Values live as long as this does; texts point into the bytes that were read.
struct PickleContext {
  std::string what;             // names the file in errors
  PickleLimits limits;
  std::uint64_t tensor_bytes_left = 0;   // all tensors together may not hold more
  std::uint64_t storage_bytes_left = 0;  // nor all storages
  // Bytes of a storage by its key: [bytes] uint8. Throws Error(bad_input). Empty: this pickle may not have storages.
  std::function<at::Tensor(const std::string& key, std::uint64_t bytes)> storage;
  int nesting = 0;              // of files inside files

  std::deque<PickleValue> values;
  std::deque<std::string> texts;
  std::uint64_t operations = 0;

  PickleValue* make(PickleValue::Kind kind);
  std::string_view keep(std::string text);
  void count(std::uint64_t operations_more);  // work and copies count against limits.operations
  [[noreturn]] void refuse(const std::string& why) const;  // Error(bad_input)
};

// Runs one pickle from bytes[at]; moves `at` behind its end. `bytes` must outlive `context`. Throws Error(bad_input) for anything
// outside the closed list, naming it.
PickleValue* run_pickle(std::string_view bytes, std::size_t& at, PickleContext& context);

// What calling `callable` with `arguments` stands for: a value for the few names that describe data, else an inert object.
PickleValue* describe_call(PickleContext& context, PickleValue* callable, PickleValue* arguments);
// What giving `state` to `target` stands for (BUILD).
void describe_state(PickleContext& context, PickleValue* target, PickleValue* state);
// Refuses names that only a program has a use for, with a sentence that says so.
void check_global(const PickleContext& context, std::string_view name);
// dtype of "torch.FloatStorage" or "torch.float32"; Undefined when it is neither. `untyped` tells torch's storages without one.
at::ScalarType dtype_of_name(std::string_view name, bool* untyped = nullptr);
// The storage that a persistent id ('storage', type, key, location, elements, None) means.
PickleValue* describe_storage(PickleContext& context, PickleValue* id);
// A legacy file inside a pickle (torch.storage._load_from_bytes); in checkpoint.cpp.
PickleValue* describe_nested_file(PickleContext& context, std::string_view bytes);

}  // namespace orrery::io
