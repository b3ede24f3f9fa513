#include "engine/io/safetensors.h"

#include <ATen/ops/empty.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <functional>
#include <stdexcept>

#include "engine/api/result.h"
#include "engine/io/atomic_file.h"
#include "engine/io/patiently.h"
#include "engine/io/safetensors_header.h"
#include "engine/io/sha256.h"

namespace orrery::io {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian, and so is this reader");

// Where the bytes come from: a file (pread into owned memory: a mapped file could be cut off while it is in use) or memory.
struct Source {
  std::string what;  // for errors
  std::uint64_t size = 0;
  std::function<void(std::uint64_t offset, char* into, std::size_t count)> read;
};

TensorFileHeader header_of(const Source& source) {
  if (source.size < 8) refuse_file(source.what, "it is too small for a header");
  unsigned char length_bytes[8];
  source.read(0, reinterpret_cast<char*>(length_bytes), 8);
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | length_bytes[i];
  if (length > source.size - 8) refuse_file(source.what, "its header would be longer than the file");
  if (length > max_header_bytes) refuse_file(source.what, "its header is larger than " + std::to_string(max_header_bytes >> 20) + " MiB");
  std::string json(length, '\0');
  source.read(8, json.data(), length);
  TensorFileHeader header = parse_header(json, source.size - 8 - length, source.what);
  header.data_begin = 8 + length;
  return header;
}

at::Tensor tensor_of(const Source& source, const TensorFileHeader& header, const TensorEntry& entry) {
  at::Tensor tensor = at::empty(entry.shape, at::TensorOptions().dtype(entry.dtype));
  const std::size_t bytes = entry.end - entry.begin;
  if (bytes > 0) {
    source.read(header.data_begin + entry.begin, static_cast<char*>(tensor.data_ptr()), bytes);
    if (entry.dtype == at::kBool) {  // any other byte in a bool is undefined behaviour
      auto* value = static_cast<unsigned char*>(tensor.data_ptr());
      for (std::size_t i = 0; i < bytes; ++i) value[i] = value[i] != 0;
    }
  }
  return tensor;
}

TensorFile tensors_of(const Source& source) {
  TensorFileHeader header = header_of(source);
  TensorFile file;
  file.metadata = std::move(header.metadata);
  for (const auto& entry : header.entries) file.tensors.emplace_hint(file.tensors.end(), entry.name, tensor_of(source, header, entry));
  return file;
}

class OpenFile {
 public:
  explicit OpenFile(const std::string& path) : path_(path), descriptor_(patiently([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); })) {
    if (descriptor_ == -1) fail(std::strerror(errno));
    struct stat state {};
    if (::fstat(descriptor_, &state) == -1) fail(std::strerror(errno));
    if (!S_ISREG(state.st_mode)) fail(S_ISDIR(state.st_mode) ? "it is a folder" : "it is not an ordinary file");
    size_ = static_cast<std::uint64_t>(state.st_size);
  }
  ~OpenFile() { if (descriptor_ != -1) ::close(descriptor_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  Source source() const {
    return {path_, size_, [this](std::uint64_t offset, char* into, std::size_t count) {
              while (count > 0) {
                const ssize_t got = ::pread(descriptor_, into, count, static_cast<off_t>(offset));
                if (got == -1 && errno == EINTR) continue;
                if (got == -1) fail(std::strerror(errno));
                if (got == 0) fail("it became shorter while it was read");
                into += got;
                offset += static_cast<std::uint64_t>(got);
                count -= static_cast<std::size_t>(got);
              }
            }};
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(ErrorCode::bad_input, path_ + " cannot be read: " + why + ".", "Nothing was changed.", "Check the file's name and permissions.");
  }
  std::string path_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

template <class Take> void with_bytes(const at::Tensor& tensor, Take take) {
  const at::Tensor plain = tensor.detach().cpu().contiguous().resolve_conj();
  take(std::string_view(static_cast<const char*>(plain.const_data_ptr()), plain.nbytes()));
}

// Hands every tensor's bytes to `take` in the order of `entries`.
template <class Take> void each_tensor(const std::map<std::string, at::Tensor>& tensors, const std::vector<TensorEntry>& entries, Take take) {
  for (const auto& entry : entries) {
    if (entry.begin != entry.end) with_bytes(tensors.at(entry.name), take);
  }
}

}  // namespace

TensorFile read_safetensors(const std::string& path) { return tensors_of(OpenFile(path).source()); }
TensorFileHeader read_safetensors_header(const std::string& path) { return header_of(OpenFile(path).source()); }

class TensorReader::File : public OpenFile {
 public:
  using OpenFile::OpenFile;
};
TensorReader::TensorReader(const std::string& path) : file_(std::make_unique<File>(path)), header_(header_of(file_->source())) {}
TensorReader::~TensorReader() = default;
at::Tensor TensorReader::read(const TensorEntry& entry) const { return tensor_of(file_->source(), header_, entry); }

TensorFile parse_safetensors(const std::string& bytes) {
  return tensors_of({"The file", bytes.size(), [&](std::uint64_t offset, char* into, std::size_t count) { std::memcpy(into, bytes.data() + offset, count); }});
}

void write_safetensors(const std::string& path, const TensorFile& file) {
  std::vector<TensorEntry> entries;
  const std::string header = header_bytes(file, entries);
  AtomicFile out(path, header.size() + (entries.empty() ? 0 : entries.back().end));
  out.write(header);
  each_tensor(file.tensors, entries, [&](std::string_view bytes) { out.write(bytes); });
  out.commit();
}

void write_safetensors(const std::string& path, const std::map<std::string, TensorPromise>& tensors, const std::map<std::string, std::string>& metadata,
                       const std::function<at::Tensor(const std::string& name)>& make) {
  TensorFile layout;
  layout.metadata = metadata;
  // Of the promised type and shape, with the memory of one element.
  for (const auto& [name, promise] : tensors) layout.tensors[name] = at::empty({1}, at::TensorOptions().dtype(promise.dtype)).expand(promise.shape);
  std::vector<TensorEntry> entries;
  const std::string header = header_bytes(layout, entries);
  AtomicFile out(path, header.size() + (entries.empty() ? 0 : entries.back().end));
  out.write(header);
  for (const auto& entry : entries) {
    const at::Tensor tensor = make(entry.name);
    if (tensor.scalar_type() != entry.dtype || tensor.sizes() != at::IntArrayRef(entry.shape)) throw std::logic_error("the tensor " + entry.name + " is not what was promised");
    with_bytes(tensor, [&](std::string_view bytes) { out.write(bytes); });
  }
  out.commit();
}

std::string safetensors_bytes(const TensorFile& file) {
  std::vector<TensorEntry> entries;
  std::string out = header_bytes(file, entries);
  out.reserve(out.size() + (entries.empty() ? 0 : entries.back().end));
  each_tensor(file.tensors, entries, [&](std::string_view bytes) { out += bytes; });
  return out;
}

std::string sha256_of_tensors(const std::map<std::string, at::Tensor>& tensors) {
  std::vector<TensorEntry> entries;
  header_bytes({tensors, {}}, entries);
  Sha256 sum;
  each_tensor(tensors, entries, [&](std::string_view bytes) { sum.add(bytes); });
  return sum.hex();
}

}  // namespace orrery::io
