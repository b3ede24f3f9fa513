#include "engine/io/weight_sets.h"

#include <ATen/ops/ne.h>

#include <algorithm>

#include "engine/api/result.h"

namespace orrery::io {

using Kind = PickleValue::Kind;
using Json = nlohmann::json;

namespace {

// A hostile file can share values so that the paths through them grow exponentially; real ones have a few thousand places.
constexpr int max_visits = 300'000;
constexpr int max_depth = 48;

// Any byte but 0 and 1 in a bool is undefined behaviour.
at::Tensor taken(const at::Tensor& tensor) { return tensor.scalar_type() == at::kBool ? tensor.view(at::kByte).ne(0) : tensor; }

Json as_json(const PickleValue* value, int depth, int& visits) {
  if (depth > 8 || ++visits > 10'000) return nullptr;
  switch (value->kind) {
    case Kind::boolean: return value->integer != 0;
    case Kind::integer: return value->integer;
    case Kind::real: return value->real;
    case Kind::text: return std::string(value->text);
    case Kind::global: return std::string(value->text);
    case Kind::list:
    case Kind::tuple:
    case Kind::set: {
      Json list = Json::array();
      for (const PickleValue* item : value->items) list.push_back(as_json(item, depth + 1, visits));
      return list;
    }
    case Kind::dict:
    case Kind::object: {
      Json object = Json::object();
      for (const auto& [key, item] : value->entries)
        if (key->kind == Kind::text) object[std::string(key->text)] = as_json(item, depth + 1, visits);
      return object;
    }
    default: return nullptr;
  }
}

class Finder {
 public:
  explicit Finder(const PickleContext& context) : context_(context) {}
  std::vector<WeightSet> sets;

  void look(const PickleValue* value, const std::string& where, int depth) {
    visit();
    if (depth > 5) return;
    if (is_module(value)) return add_module(value, where);
    if (value->kind != Kind::dict && value->kind != Kind::object) return;
    WeightSet set;
    set.where = where;
    for (const auto& [key, item] : value->entries)
      if (key->kind == Kind::text && item->kind == Kind::tensor) set.tensors[name("", key)] = taken(item->tensor);
    if (!set.tensors.empty()) add(std::move(set));
    for (const auto& [key, item] : value->entries)
      if (key->kind == Kind::text) look(item, name(where.empty() ? "" : where + ".", key), depth + 1);
  }

 private:
  void visit() {
    if (++visits_ > max_visits) context_.refuse("it refers to itself too often");
  }
  std::string name(const std::string& prefix, const PickleValue* key) const {
    if (prefix.size() + key->text.size() > 1000) context_.refuse("a name in it is too long");
    return prefix + std::string(key->text);
  }
  static bool is_module(const PickleValue* value) { return value->attribute("_parameters") && value->attribute("_modules"); }

  void add_module(const PickleValue* module, const std::string& where) {
    WeightSet set;
    set.where = where;
    set.class_name = std::string(module->text);
    int visits = 0;
    if (const PickleValue* named = module->attribute("_init_kwargs")) set.arguments = as_json(named, 0, visits);
    collect(module, "", set.tensors, 0);
    if (!set.tensors.empty()) add(std::move(set));
  }
  // Parameters and persistent buffers, as state_dict() would name them.
  void collect(const PickleValue* module, const std::string& prefix, std::map<std::string, at::Tensor>& tensors, int depth) {
    if (depth > max_depth) context_.refuse("its modules are nested too deeply");
    const PickleValue* transient = module->attribute("_non_persistent_buffers_set");
    for (const char* kind : {"_parameters", "_buffers"}) {
      const PickleValue* held = module->attribute(kind);
      if (!held) continue;
      for (const auto& [key, item] : held->entries) {
        visit();
        if (key->kind != Kind::text || item->kind != Kind::tensor) continue;
        const bool skip = transient && std::any_of(transient->items.begin(), transient->items.end(), [&](const PickleValue* name) { return name->is_text(key->text); });
        if (!skip) tensors[name(prefix, key)] = taken(item->tensor);
      }
    }
    for (const auto& [key, item] : module->attribute("_modules")->entries) {
      visit();
      if (key->kind == Kind::text && is_module(item)) collect(item, name(prefix, key) + ".", tensors, depth + 1);
    }
  }
  // Weights of torch.nn.DataParallel carry its name.
  void add(WeightSet set) {
    const auto wrapped = [](const auto& item) { return item.first.starts_with("module."); };
    if (std::all_of(set.tensors.begin(), set.tensors.end(), wrapped)) {
      std::map<std::string, at::Tensor> plain;
      for (auto& [name, tensor] : set.tensors) plain.emplace(name.substr(7), tensor);
      set.tensors = std::move(plain);
    }
    sets.push_back(std::move(set));
  }

  const PickleContext& context_;
  int visits_ = 0;
};

}  // namespace

std::vector<WeightSet> find_weight_sets(const PickleContext& context, const PickleValue* root) {
  Finder finder(context);
  finder.look(root, "", 0);
  return std::move(finder.sets);
}

}  // namespace orrery::io
