// The header of a safetensors file: dtypes, strict parsing, layout. Shared by the reader and the writer only.
#pragma once

#include <optional>
#include <string_view>

#include "engine/io/safetensors.h"

namespace orrery::io {

inline constexpr std::uint64_t max_header_bytes = std::uint64_t{16} << 20;
inline constexpr std::size_t max_tensors = 1'000'000;
inline constexpr std::size_t max_dimensions = 64;

const char* safetensors_dtype(at::ScalarType dtype);  // nullptr: the format has no such dtype

// Checks every rule: one JSON object without duplicate keys, known dtypes, no overflow, shape x dtype = range, ranges that fill exactly
// `data_bytes` without overlap or hole. `what` names the file in errors. Throws Error(bad_input).
TensorFileHeader parse_header(std::string_view json, std::uint64_t data_bytes, const std::string& what);
// "u64 | JSON, padded with spaces to 8 bytes"; fills `entries` in the order of the bytes that must follow.
std::string header_bytes(const TensorFile& file, std::vector<TensorEntry>& entries);

[[noreturn]] void refuse_file(const std::string& what, const std::string& why);

}  // namespace orrery::io
