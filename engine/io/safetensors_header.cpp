#include "engine/io/safetensors_header.h"

#include <c10/core/ScalarType.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "engine/api/result.h"

namespace orrery::io {
namespace {

using Json = nlohmann::json;

struct Dtype { const char* name; at::ScalarType type; };
constexpr Dtype dtypes[] = {{"BOOL", at::kBool},        {"U8", at::kByte},        {"I8", at::kChar},           {"F8_E5M2", at::kFloat8_e5m2},
                            {"F8_E4M3", at::kFloat8_e4m3fn}, {"F8_E8M0", at::kFloat8_e8m0fnu}, {"I16", at::kShort}, {"U16", at::kUInt16},
                            {"F16", at::kHalf},         {"BF16", at::kBFloat16},  {"I32", at::kInt},           {"U32", at::kUInt32},
                            {"F32", at::kFloat},        {"F64", at::kDouble},     {"I64", at::kLong},          {"U64", at::kUInt64},
                            {"C64", at::kComplexFloat}};
// Elements smaller than a byte, which the format knows and torch does not hold.
struct SmallDtype { const char* name; unsigned bits; };
constexpr SmallDtype small_dtypes[] = {{"F4", 4}, {"F6_E2M3", 6}, {"F6_E3M2", 6}};

std::string in_quotes(const std::string& name) { return "'" + (name.size() <= 80 ? name : name.substr(0, 77) + "...") + "'"; }

// Takes the header apart while it is read, so that a hostile one costs no more memory than the tensors it lists.
class HeaderReader : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderReader(const std::string& what) : what_(what) {}
  TensorFileHeader header;

  bool start_object(std::size_t) override {
    switch (place_) {
      case Place::outside: place_ = Place::names; return true;
      case Place::name_value:
        if (name_ == "__metadata__") { place_ = Place::metadata; return true; }
        place_ = Place::fields;
        entry_ = {};
        entry_.name = name_;
        small_bits_ = 0;
        has_dtype_ = has_shape_ = has_offsets_ = false;
        return true;
      default: fail("has an object where none may be");
    }
  }
  bool key(string_t& text) override {
    switch (place_) {
      case Place::names:
        if (!names_.insert(text).second) refuse_file(what_, "the name " + in_quotes(text) + " appears twice");
        if (names_.size() > max_tensors) refuse_file(what_, "it lists more than " + std::to_string(max_tensors) + " tensors");
        name_ = text;
        place_ = Place::name_value;
        return true;
      case Place::metadata:
        if (header.metadata.count(text)) refuse_file(what_, "the metadata key " + in_quotes(text) + " appears twice");
        key_ = text;
        place_ = Place::metadata_value;
        return true;
      case Place::fields:
        if (text == "dtype" && !has_dtype_) { has_dtype_ = true; place_ = Place::dtype; return true; }
        if (text == "shape" && !has_shape_) { has_shape_ = true; place_ = Place::shape; return true; }
        if (text == "data_offsets" && !has_offsets_) { has_offsets_ = true; place_ = Place::offsets; return true; }
        fail("has the key " + in_quotes(text) + " where it may not be");
      default: fail("has a key where none may be");
    }
  }
  bool end_object() override {
    if (place_ == Place::metadata) { place_ = Place::names; return true; }
    if (place_ == Place::names) { place_ = Place::finished; return true; }
    if (place_ != Place::fields) fail("ends too early");
    if (!has_dtype_ || !has_shape_ || !has_offsets_ || numbers_ != 2) fail("lacks dtype, shape or data_offsets");
    check_size();
    header.entries.push_back(std::move(entry_));
    place_ = Place::names;
    return true;
  }
  bool start_array(std::size_t) override {
    if (place_ == Place::shape) { place_ = Place::shape_values; return true; }
    if (place_ == Place::offsets) { place_ = Place::offset_values; numbers_ = 0; return true; }
    fail("has a list where none may be");
  }
  bool end_array() override {
    if (place_ == Place::offset_values && numbers_ != 2) fail("needs two data_offsets");
    place_ = Place::fields;
    return true;
  }
  bool number_unsigned(number_unsigned_t number) override {
    if (place_ == Place::shape_values) {
      if (entry_.shape.size() >= max_dimensions) fail("has more than " + std::to_string(max_dimensions) + " dimensions");
      if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) fail("has a size that overflows");
      entry_.shape.push_back(static_cast<std::int64_t>(number));
      return true;
    }
    if (place_ == Place::offset_values && numbers_ < 2) {
      (numbers_++ == 0 ? entry_.begin : entry_.end) = number;
      return true;
    }
    fail("has a number where none may be");
  }
  bool string(string_t& text) override {
    if (place_ == Place::metadata_value) {
      header.metadata.emplace(std::move(key_), std::move(text));
      place_ = Place::metadata;
      return true;
    }
    if (place_ != Place::dtype) fail("has a text where none may be");
    place_ = Place::fields;
    for (const auto& known : dtypes)
      if (text == known.name) { entry_.dtype = known.type; return true; }
    for (const auto& known : small_dtypes)
      if (text == known.name) { small_bits_ = known.bits; return true; }
    fail("has the unknown dtype " + in_quotes(text));
  }
  bool number_integer(number_integer_t) override { fail("has a negative number"); }
  bool number_float(number_float_t, const string_t&) override { fail("has a number that is not whole or overflows"); }
  bool null() override { fail("has null where none may be"); }
  bool boolean(bool) override { fail("has true or false where none may be"); }
  bool binary(binary_t&) override { fail("has binary data"); }
  bool parse_error(std::size_t at, const std::string&, const Json::exception& error) override {
    const std::string why = error.what();
    const bool text = why.find("UTF-8") != std::string::npos;
    refuse_file(what_, std::string(text ? "its header is not UTF-8" : "its header is not JSON") + " (byte " + std::to_string(at) + ")");
  }

 private:
  enum class Place { outside, names, name_value, metadata, metadata_value, fields, dtype, shape, shape_values, offsets, offset_values, finished };

  [[noreturn]] void fail(const std::string& why) const {
    const bool inside = place_ != Place::outside && place_ != Place::names && place_ != Place::finished;
    refuse_file(what_, (inside ? "the entry " + in_quotes(name_) + " " : "its header ") + why);
  }
  // shape x dtype must be exactly the range; the multiplications may not overflow, also where a zero would hide it.
  void check_size() const {
    std::uint64_t elements = 1;
    bool empty = false;
    for (const std::int64_t size : entry_.shape) {
      empty = empty || size == 0;
      if (__builtin_mul_overflow(elements, static_cast<std::uint64_t>(std::max<std::int64_t>(size, 1)), &elements)) fail("has a shape that overflows");
    }
    const std::uint64_t bits_each = small_bits_ ? small_bits_ : 8 * c10::elementSize(entry_.dtype);
    std::uint64_t bits = 0;
    if (__builtin_mul_overflow(elements, bits_each, &bits) || elements > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) fail("has a shape that overflows");
    if (empty) bits = 0;
    if (bits % 8 != 0) fail("does not end on a whole byte");
    if (entry_.end < entry_.begin) fail("has offsets that end before they begin");
    if (entry_.end - entry_.begin != bits / 8) fail("has a shape of " + std::to_string(bits / 8) + " bytes but offsets of " + std::to_string(entry_.end - entry_.begin));
    if (small_bits_) fail("has elements smaller than a byte, which this program does not read");
  }

  const std::string& what_;
  Place place_ = Place::outside;
  std::unordered_set<std::string> names_;
  std::string name_, key_;
  TensorEntry entry_;
  unsigned small_bits_ = 0;
  int numbers_ = 0;
  bool has_dtype_ = false, has_shape_ = false, has_offsets_ = false;
};

}  // namespace

void refuse_file(const std::string& what, const std::string& why) {
  throw Error(ErrorCode::bad_input, what + " is damaged or not safetensors: " + why + ".", "Nothing was changed.", "Get the file again from where it came from.");
}

const char* safetensors_dtype(at::ScalarType dtype) {
  for (const auto& known : dtypes)
    if (known.type == dtype) return known.name;
  return nullptr;
}

TensorFileHeader parse_header(std::string_view json, std::uint64_t data_bytes, const std::string& what) {
  if (json.empty() || json.front() != '{') refuse_file(what, "its header does not begin with '{'");
  // The JSON reader takes a NUL for the end of its input, which would hide what follows.
  if (json.find('\0') != std::string_view::npos) refuse_file(what, "its header is not JSON (it holds a zero byte)");
  HeaderReader reader(what);
  Json::sax_parse(json.begin(), json.end(), &reader);
  auto& entries = reader.header.entries;
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name); });
  std::uint64_t next = 0;
  for (const auto& entry : entries) {
    if (entry.begin < next) refuse_file(what, "offsets of " + in_quotes(entry.name) + " overlap");
    if (entry.begin > next) refuse_file(what, "there is a hole before " + in_quotes(entry.name));
    if (entry.end > data_bytes) refuse_file(what, in_quotes(entry.name) + " reaches beyond the end of the file, which was cut off");
    next = entry.end;
  }
  if (next != data_bytes) refuse_file(what, std::to_string(data_bytes - next) + " bytes at its end belong to no tensor");
  return std::move(reader.header);
}

std::string header_bytes(const TensorFile& file, std::vector<TensorEntry>& entries) {
  entries.clear();
  for (const auto& [name, tensor] : file.tensors) {
    const char* dtype = safetensors_dtype(tensor.scalar_type());
    if (!dtype) throw Error(ErrorCode::failed, "The tensor " + in_quotes(name) + " has a type that safetensors cannot hold.", "Nothing was written.", "Convert it first.", c10::toString(tensor.scalar_type()));
    if (name == "__metadata__") throw Error(ErrorCode::failed, "A tensor may not be called __metadata__.", "Nothing was written.", "Give it another name.");
    entries.push_back({name, tensor.scalar_type(), tensor.sizes().vec(), 0, tensor.nbytes()});
  }
  // Larger elements first keeps every tensor aligned to its element size.
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return c10::elementSize(a.dtype) > c10::elementSize(b.dtype); });
  std::uint64_t next = 0;
  const auto text = [](const auto& value) {
    try {
      return Json(value).dump();
    } catch (const Json::exception& error) {
      throw Error(ErrorCode::failed, "A name or text for a safetensors file is not UTF-8.", "Nothing was written.", "Use plain names.", error.what());
    }
  };
  std::string json = "{";
  if (!file.metadata.empty()) json += "\"__metadata__\":" + text(file.metadata) + (entries.empty() ? "" : ",");
  for (auto& entry : entries) {
    entry.begin = next;
    entry.end = next += entry.end;
    json += (entry.begin == 0 && &entry == entries.data() ? "" : ",") + text(entry.name) + ":{\"dtype\":\"" + safetensors_dtype(entry.dtype) + "\",\"shape\":" + text(entry.shape) +
            ",\"data_offsets\":[" + std::to_string(entry.begin) + "," + std::to_string(entry.end) + "]}";
  }
  json += "}";
  json.append((8 - json.size() % 8) % 8, ' ');
  if (json.size() > max_header_bytes) throw Error(ErrorCode::failed, "The names and metadata of this file are larger than its reader would accept.", "Nothing was written.", "Leave out metadata.");
  std::string out(8, '\0');
  for (int i = 0; i < 8; ++i) out[i] = static_cast<char>(static_cast<std::uint64_t>(json.size()) >> (8 * i));
  return out + json;
}

}  // namespace orrery::io
