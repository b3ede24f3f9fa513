// safetensors: strict reader (every rule of the format; untrusted input) and writer.
//   u64 little-endian N | N bytes of JSON {"name": {"dtype", "shape", "data_offsets"}, "__metadata__": {string: string}} | tensors, C order
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

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

// SHA-256 of the tensors' bytes in the order in which write_safetensors lays them out: larger elements first, then by name. Names, shapes
// and metadata do not count. The name of a set of weights.
std::string sha256_of_tensors(const std::map<std::string, at::Tensor>& tensors);

// What a file says about itself, without its tensors: cheap even for large files. Throws as read_safetensors.
struct TensorEntry {
  std::string name;
  at::ScalarType dtype = at::kFloat;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  // bytes after the header
};
struct TensorFileHeader {
  std::vector<TensorEntry> entries;  // in the order of their bytes
  std::map<std::string, std::string> metadata;
  std::uint64_t data_begin = 0;      // of the file
};
TensorFileHeader read_safetensors_header(const std::string& path);

// A file whose tensors are read one at a time. Throws as read_safetensors.
class TensorReader {
 public:
  explicit TensorReader(const std::string& path);
  ~TensorReader();
  const TensorFileHeader& header() const { return header_; }
  at::Tensor read(const TensorEntry& entry) const;

 private:
  class File;
  std::unique_ptr<File> file_;
  TensorFileHeader header_;
};

// write_safetensors for tensors that are made, or fetched, when it is their turn: `make(name)` must give the type and shape that were promised.
struct TensorPromise {
  at::ScalarType dtype = at::kFloat;
  std::vector<std::int64_t> shape;  // no size is 0
};
void write_safetensors(const std::string& path, const std::map<std::string, TensorPromise>& tensors, const std::map<std::string, std::string>& metadata,
                       const std::function<at::Tensor(const std::string& name)>& make);

}  // namespace orrery::io
