// safetensors: strict reader (every rule of the format; untrusted input) and writer.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

namespace orrery::io {

struct TensorFile {
  std::map<std::string, at::Tensor> tensors;      // CPU, contiguous, own memory
  std::map<std::string, std::string> metadata;    // __metadata__
};

// Throws Error(bad_input) with the reason in plain words ("offsets of 'x' overlap").
TensorFile read_safetensors(const std::string& path);
// Atomic: the old file or the new one, whatever happens (engine/io/atomic_file.h). Non-contiguous tensors are copied.
void write_safetensors(const std::string& path, const TensorFile& file);
// The same bytes in memory.
std::string safetensors_bytes(const TensorFile& file);
TensorFile parse_safetensors(const std::string& bytes);

}  // namespace orrery::io
