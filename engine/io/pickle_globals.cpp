// What the names in a pickle stand for. None is ever called: those that describe data become that data, the rest inert records.
#include <ATen/ops/as_strided.h>
#include <ATen/ops/empty.h>
#include <c10/core/ScalarType.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "engine/io/pickle.h"
#include "engine/io/utf8.h"

namespace orrery::io {

using Kind = PickleValue::Kind;

namespace {

struct NamedDtype { std::string_view storage, dtype, numpy; at::ScalarType type; };
constexpr NamedDtype dtypes[] = {
    {"FloatStorage", "float32", "f4", at::kFloat},     {"FloatStorage", "float", "f4", at::kFloat},          {"DoubleStorage", "float64", "f8", at::kDouble},
    {"HalfStorage", "float16", "f2", at::kHalf},       {"BFloat16Storage", "bfloat16", "", at::kBFloat16},   {"LongStorage", "int64", "i8", at::kLong},
    {"IntStorage", "int32", "i4", at::kInt},           {"ShortStorage", "int16", "i2", at::kShort},          {"CharStorage", "int8", "i1", at::kChar},
    {"ByteStorage", "uint8", "u1", at::kByte},         {"BoolStorage", "bool", "b1", at::kBool},             {"", "uint16", "u2", at::kUInt16},
    {"", "uint32", "u4", at::kUInt32},                 {"", "uint64", "u8", at::kUInt64},                    {"ComplexFloatStorage", "complex64", "c8", at::kComplexFloat},
    {"", "float8_e4m3fn", "", at::kFloat8_e4m3fn},     {"", "float8_e5m2", "", at::kFloat8_e5m2}};

bool any_of(std::string_view name, std::initializer_list<std::string_view> list) { return std::find(list.begin(), list.end(), name) != list.end(); }

std::optional<std::vector<std::int64_t>> whole_numbers(const PickleValue* value) {
  if (value->kind != Kind::tuple && value->kind != Kind::list) return std::nullopt;
  std::vector<std::int64_t> numbers;
  for (const PickleValue* item : value->items) {
    if (item->kind != Kind::integer || item->integer < 0) return std::nullopt;
    numbers.push_back(item->integer);
  }
  return numbers;
}

// A view of a storage, after checking that it stays inside and is no larger than the storage itself.
PickleValue* tensor_of(PickleContext& context, const PickleValue* storage, const PickleValue* offset, const PickleValue* size, const PickleValue* stride, at::ScalarType dtype) {
  const auto sizes = whole_numbers(size), strides = whole_numbers(stride);
  if (storage->kind != Kind::storage || dtype == at::ScalarType::Undefined || offset->kind != Kind::integer || offset->integer < 0 || !sizes || !strides ||
      sizes->size() != strides->size() || sizes->size() > 64)
    context.refuse("a tensor in it is described wrongly");
  const std::uint64_t item = c10::elementSize(dtype), held = storage->tensor.nbytes() / item;
  std::uint64_t elements = 1, last = static_cast<std::uint64_t>(offset->integer);
  bool overflow = false, empty = false;
  for (std::size_t i = 0; i < sizes->size(); ++i) {
    const auto count = static_cast<std::uint64_t>((*sizes)[i]);
    std::uint64_t reach = 0;
    empty = empty || count == 0;
    overflow = overflow || __builtin_mul_overflow(elements, std::max<std::uint64_t>(count, 1), &elements) || __builtin_mul_overflow(count > 0 ? count - 1 : 0, static_cast<std::uint64_t>((*strides)[i]), &reach) ||
               __builtin_add_overflow(last, reach, &last);
  }
  if (overflow || (!empty && (last >= held || elements > held))) context.refuse("a tensor in it reaches beyond its storage");
  PickleValue* value = context.make(Kind::tensor);
  if (empty) {
    if (elements > std::uint64_t{1} << 62) context.refuse("a tensor in it reaches beyond its storage");
    value->tensor = at::empty(*sizes, at::TensorOptions().dtype(dtype));
    return value;
  }
  if (elements * item > context.tensor_bytes_left) context.refuse("its tensors are larger than the file that holds them");
  context.tensor_bytes_left -= elements * item;
  const auto whole = storage->tensor.narrow(0, 0, static_cast<std::int64_t>(held * item)).view(dtype);
  value->tensor = whole.as_strided(*sizes, *strides, offset->integer);
  return value;
}

// numpy's dtype('f4'): an object whose text names it; "" for one that is not plain little-endian numbers.
at::ScalarType numpy_dtype(const PickleValue* value) {
  if (value->kind != Kind::object || value->text != "numpy.dtype" || value->items.empty() || value->items[0]->kind != Kind::text) return at::ScalarType::Undefined;
  if (value->state && value->state->items.size() > 1 && value->state->items[1]->is_text(">")) return at::ScalarType::Undefined;
  std::string_view name = value->items[0]->text;
  if (!name.empty() && (name[0] == '<' || name[0] == '|' || name[0] == '=')) name.remove_prefix(1);
  for (const auto& known : dtypes)
    if (!known.numpy.empty() && known.numpy == name) return known.type;
  return at::ScalarType::Undefined;
}

at::Tensor bytes_tensor(std::string_view bytes) {
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(bytes.size())}, at::kByte);
  if (!bytes.empty()) std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
  return tensor;
}

// numpy's scalar(dtype, bytes) as a number where it is one of ours.
PickleValue* numpy_scalar(PickleContext& context, const std::vector<PickleValue*>& arguments) {
  const auto dtype = arguments.size() == 2 && arguments[1]->kind == Kind::bytes ? numpy_dtype(arguments[0]) : at::ScalarType::Undefined;
  if (dtype == at::ScalarType::Undefined || dtype == at::kComplexFloat || arguments[1]->text.size() != c10::elementSize(dtype)) return nullptr;
  const at::Tensor number = bytes_tensor(arguments[1]->text).view(dtype).to(c10::isFloatingType(dtype) ? at::kDouble : at::kLong);
  PickleValue* value = context.make(c10::isFloatingType(dtype) ? Kind::real : dtype == at::kBool ? Kind::boolean : Kind::integer);
  if (value->kind == Kind::real) value->real = *number.const_data_ptr<double>();
  else value->integer = *number.const_data_ptr<std::int64_t>();
  return value;
}

// An array's state: (version, shape, dtype, Fortran order?, bytes).
bool fill_array(PickleContext& context, PickleValue* array, const PickleValue* state) {
  if (state->kind != Kind::tuple || state->items.size() != 5 || state->items[4]->kind != Kind::bytes) return false;
  const auto dtype = numpy_dtype(state->items[2]);
  auto shape = whole_numbers(state->items[1]);
  if (dtype == at::ScalarType::Undefined || !shape || shape->size() > 32) return false;
  PickleValue* storage = context.make(Kind::storage);
  if (state->items[4]->text.size() > context.storage_bytes_left) context.refuse("its arrays are larger than the file that holds them");
  context.storage_bytes_left -= state->items[4]->text.size();
  storage->tensor = bytes_tensor(state->items[4]->text);
  PickleValue sizes, strides, offset;
  std::deque<PickleValue> numbers;
  const auto number = [&](std::int64_t n) { numbers.emplace_back().kind = Kind::integer; numbers.back().integer = n; return &numbers.back(); };
  sizes.kind = strides.kind = Kind::tuple;
  offset.kind = Kind::integer;
  const bool fortran = state->items[3]->kind == Kind::boolean && state->items[3]->integer;
  std::int64_t stride = 1;
  strides.items.resize(shape->size());
  for (std::size_t k = 0; k < shape->size(); ++k) {
    const std::size_t axis = fortran ? k : shape->size() - 1 - k;
    strides.items[axis] = number(stride);
    if (__builtin_mul_overflow(stride, std::max<std::int64_t>((*shape)[axis], 1), &stride)) return false;
  }
  for (const auto n : *shape) sizes.items.push_back(number(n));
  array->tensor = tensor_of(context, storage, &offset, &sizes, &strides, dtype)->tensor;
  array->kind = Kind::tensor;
  return true;
}

PickleValue* as_dict(PickleContext& context, const std::vector<PickleValue*>& arguments) {
  PickleValue* value = context.make(Kind::dict);
  if (arguments.empty()) return value;
  const PickleValue* source = arguments.back();
  context.count(source->entries.size() + source->items.size());
  if (source->kind == Kind::dict) value->entries = source->entries;
  for (const PickleValue* pair : source->items)
    if (pair->items.size() == 2) value->entries.emplace_back(pair->items[0], pair->items[1]);
  return value;
}

}  // namespace

at::ScalarType dtype_of_name(std::string_view name, bool* untyped) {
  if (untyped) *untyped = any_of(name, {"torch.storage.UntypedStorage", "torch.UntypedStorage", "torch.storage._UntypedStorage"});
  for (std::string_view prefix : {"torch.storage.", "torch.cuda.", "torch."}) {
    if (!name.starts_with(prefix)) continue;
    for (const auto& known : dtypes)
      if (name.substr(prefix.size()) == known.dtype || (!known.storage.empty() && name.substr(prefix.size()) == known.storage)) return known.type;
  }
  return at::ScalarType::Undefined;
}

// Safety does not rest on this list: whatever it lets through is a record too. It lets a hostile file be called one.
void check_global(const PickleContext& context, std::string_view name) {
  const auto dot = name.find('.');
  const std::string_view root = name.substr(0, dot), rest = name.substr(dot + 1);
  const bool builtin = any_of(root, {"builtins", "__builtin__"});
  const bool harmless_builtin = any_of(rest, {"set", "frozenset", "list", "tuple", "dict", "bytearray", "bytes", "complex", "object", "int", "float", "str", "bool", "slice", "range", "unicode", "long"});
  const bool program = any_of(root, {"posix", "nt", "os", "sys", "subprocess", "importlib", "runpy", "pty", "socket", "shutil", "ctypes", "_ctypes", "webbrowser", "code", "codeop",
                                     "commands", "pickle", "_pickle", "cPickle", "marshal", "types", "operator", "_operator", "inspect", "asyncio", "multiprocessing", "threading",
                                     "_thread", "signal", "_signal", "tempfile", "io", "_io", "bdb", "pdb", "timeit", "cProfile", "profile", "trace", "doctest", "idlelib",
                                     "distutils", "setuptools", "pip", "venv", "ensurepip", "requests", "urllib", "httplib", "http", "ftplib", "smtplib", "telnetlib", "ssl",
                                     "dill", "cloudpickle", "joblib", "lib2to3", "test", "zipimport", "pkgutil", "pydoc", "platform", "fileinput", "linecache", "logging", "gc",
                                     "atexit", "site", "sysconfig", "tkinter", "turtle", "readline", "rlcompleter", "cmd", "xmlrpc", "imaplib", "poplib", "nntplib"});
  const bool torch_program = name.starts_with("torch.hub.") || name.starts_with("torch.jit.") || name.starts_with("torch.utils.cpp_extension") || name.starts_with("torch.serialization.") ||
                             name.starts_with("torch.distributed.") || name.starts_with("torch._dynamo") || name.starts_with("torch._inductor") || name.starts_with("torch.fx.") || name == "torch.load" ||
                             name.starts_with("numpy.testing") || name.starts_with("numpy.f2py") || name.starts_with("numpy.distutils");
  if (program || torch_program || (builtin && !harmless_builtin))
    context.refuse("it contains a call to " + std::string(name) + ", which is no part of weights but of a program");
}

PickleValue* describe_storage(PickleContext& context, PickleValue* id) {
  if (id->kind != Kind::tuple || id->items.size() < 5 || !id->items[0]->is_text("storage") || id->items[1]->kind != Kind::global || id->items[2]->kind != Kind::text ||
      id->items[4]->kind != Kind::integer || id->items[4]->integer < 0 || (id->items.size() > 5 && id->items[5]->kind != Kind::none))
    context.refuse("a storage in it is described wrongly");
  if (!context.storage) context.refuse("it refers to storages that this kind of file does not have");
  bool untyped = false;
  const auto dtype = dtype_of_name(id->items[1]->text, &untyped);
  if (dtype == at::ScalarType::Undefined && !untyped) context.refuse("it holds numbers of the unknown type " + std::string(id->items[1]->text));
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(static_cast<std::uint64_t>(id->items[4]->integer), untyped ? 1 : c10::elementSize(dtype), &bytes)) context.refuse("a storage in it is too large");
  PickleValue* value = context.make(Kind::storage);
  value->dtype = dtype;
  value->tensor = context.storage(std::string(id->items[2]->text), bytes);
  return value;
}

PickleValue* describe_call(PickleContext& context, PickleValue* callable, PickleValue* arguments) {
  if (callable->kind != Kind::global || arguments->kind != Kind::tuple) context.refuse("it calls something that has no name");
  const std::string_view name = callable->text;
  const auto& given = arguments->items;
  if (any_of(name, {"collections.OrderedDict", "collections.Counter", "builtins.dict", "__builtin__.dict"})) return as_dict(context, given);
  if (name == "collections.defaultdict") return context.make(Kind::dict);
  if (any_of(name, {"builtins.set", "builtins.frozenset", "__builtin__.set", "__builtin__.frozenset", "builtins.list", "__builtin__.list", "builtins.tuple", "__builtin__.tuple", "torch.Size"})) {
    PickleValue* value = context.make(name.ends_with("set") ? Kind::set : name.ends_with("list") ? Kind::list : Kind::tuple);
    if (given.empty()) return value;
    context.count(given[0]->items.size());
    value->items = given[0]->items;
    return value;
  }
  if (any_of(name, {"torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor"}) && given.size() >= 4) return tensor_of(context, given[0], given[1], given[2], given[3], given[0]->dtype);
  if (name == "torch._utils._rebuild_tensor_v3" && given.size() >= 7 && given[6]->kind == Kind::global) return tensor_of(context, given[0], given[1], given[2], given[3], dtype_of_name(given[6]->text));
  if (any_of(name, {"torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state", "torch.nn.parameter.Parameter"}) && !given.empty() && given[0]->kind == Kind::tensor) return given[0];
  if (name == "torch._tensor._rebuild_from_type_v2" && given.size() >= 3 && given[0]->kind == Kind::global && given[0]->text.starts_with("torch._utils.")) return describe_call(context, given[0], given[2]);
  if (name == "torch.storage._load_from_bytes" && given.size() == 1 && given[0]->kind == Kind::bytes) return describe_nested_file(context, given[0]->text);
  if (any_of(name, {"numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"}))
    if (PickleValue* number = numpy_scalar(context, given)) return number;
  if (name == "_codecs.encode" && !given.empty() && given[0]->kind == Kind::text && (given.size() < 2 || given[1]->is_text("latin1") || given[1]->is_text("latin-1"))) {
    std::string raw;
    if (!latin1_from_utf8(given[0]->text, raw)) context.refuse("bytes in it are written wrongly");
    context.count(raw.size() / 8);
    PickleValue* value = context.make(Kind::bytes);
    value->text = context.keep(std::move(raw));
    return value;
  }
  PickleValue* value = context.make(Kind::object);
  value->text = name;
  context.count(given.size());
  value->items = given;
  if (any_of(name, {"copyreg._reconstructor", "copy_reg._reconstructor"}) && !given.empty() && given[0]->kind == Kind::global) value->text = given[0]->text;
  // NVIDIA's persistent classes: ({"class_name": ..., "module_src": source text, "state": attributes},). The source stays text.
  if (name.ends_with("persistence._reconstruct_persistent_obj") && given.size() == 1 && (given[0]->kind == Kind::dict || given[0]->kind == Kind::object)) {
    if (const PickleValue* type = given[0]->at("class_name"); type && type->kind == Kind::text) value->text = type->text;
    for (const auto& [key, state] : given[0]->entries)
      if (key->is_text("state")) value->state = state;
    value->items.clear();
  }
  return value;
}

void describe_state(PickleContext& context, PickleValue* target, PickleValue* state) {
  if (target->kind == Kind::tensor || target->kind == Kind::dict || target->kind == Kind::list || target->kind == Kind::set) return;  // attributes of data: not needed
  if (target->kind != Kind::object) context.refuse("it gives attributes to something that cannot have them");
  if (any_of(target->text, {"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"}) && fill_array(context, target, state)) return;
  // With __slots__ the state is a pair (attributes, slots).
  target->state = state->kind == Kind::tuple && state->items.size() == 2 && state->items[0]->kind == Kind::dict ? state->items[0] : state;
}

}  // namespace orrery::io
