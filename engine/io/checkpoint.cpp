#include "engine/io/checkpoint.h"

#include <ATen/ops/empty.h>
#include <zip.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <unordered_map>

#include "engine/api/result.h"
#include "engine/io/atomic_file.h"
#include "engine/io/pickle.h"
#include "engine/io/weight_sets.h"

namespace orrery::io {

using Kind = PickleValue::Kind;

namespace {

// The long 0x1950a86a20f9469cfc6c that begins a legacy file.
constexpr std::string_view legacy_magic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);

at::Tensor new_storage(PickleContext& context, std::uint64_t bytes) {
  if (bytes > context.storage_bytes_left) context.refuse("its storages are larger than the file that holds them");
  context.storage_bytes_left -= bytes;
  return at::empty({static_cast<std::int64_t>(bytes)}, at::kByte);
}

// magic | protocol 1001 | system | root | storage keys | per key: int64 count, elements. `at` stands behind the magic.
PickleValue* read_legacy(std::string_view bytes, std::size_t at, PickleContext& context) {
  struct Waiting { at::Tensor bytes; std::uint64_t element = 1; bool filled = false; };
  std::unordered_map<std::string, Waiting> storages;
  const auto outer = std::move(context.storage);
  context.storage = [&](const std::string& key, std::uint64_t count) {
    Waiting& one = storages[key];
    if (!one.bytes.defined()) one.bytes = new_storage(context, count);
    else if (one.bytes.nbytes() != count) context.refuse("two storages in it have one name");
    return one.bytes;
  };
  const PickleValue* protocol = run_pickle(bytes, at, context);
  if (protocol->kind != Kind::integer || protocol->integer != 1001) context.refuse("it is of an unknown version of torch.save");
  const PickleValue* system = run_pickle(bytes, at, context);
  const PickleValue* little = system->at("little_endian");
  if (!little || little->kind != Kind::boolean || !little->integer) context.refuse("it was saved on a big-endian machine");
  PickleValue* root = run_pickle(bytes, at, context);
  const PickleValue* keys = run_pickle(bytes, at, context);
  context.storage = outer;
  for (const PickleValue* key : keys->items) {
    const auto found = key->kind == Kind::text ? storages.find(std::string(key->text)) : storages.end();
    if (found == storages.end() || found->second.filled) context.refuse("its list of storages does not fit its tensors");
    std::int64_t count = 0;
    if (bytes.size() - at < 8) context.refuse("it is cut off");
    std::memcpy(&count, bytes.data() + at, 8);
    at += 8;
    const std::uint64_t size = found->second.bytes.nbytes();
    if (bytes.size() - at < size) context.refuse("it is cut off");
    if (count < 0 || (count == 0) != (size == 0) || (count > 0 && (size % static_cast<std::uint64_t>(count) != 0 || size / static_cast<std::uint64_t>(count) > 16)))
      context.refuse("a storage in it has another size than its tensors say");
    if (size > 0) std::memcpy(found->second.bytes.data_ptr(), bytes.data() + at, size);
    at += size;
    found->second.filled = true;
  }
  for (const auto& [key, one] : storages)
    if (!one.filled) context.refuse("a storage in it is missing");
  return root;
}

class ZipFile {
 public:
  ZipFile(const std::string& bytes, const PickleContext& context) : context_(context) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
    zip_ = source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error) : nullptr;
    const std::string why = zip_error_strerror(&error);
    zip_error_fini(&error);
    if (!zip_) {
      if (source) zip_source_free(source);
      context_.refuse("its zip container is damaged (" + why + ")");
    }
  }
  ~ZipFile() { if (zip_) zip_discard(zip_); }
  ZipFile(const ZipFile&) = delete;
  ZipFile& operator=(const ZipFile&) = delete;

  // Every name must be one that torch.save writes; returns them without the folder they share, with index and size.
  struct Entry { zip_uint64_t index; std::uint64_t size; };
  std::map<std::string, Entry> entries() const {
    std::map<std::string, Entry> found;
    std::string folder;
    const zip_int64_t count = zip_get_num_entries(zip_, 0);
    if (count > 1'000'000) context_.refuse("it has too many parts");
    std::set<std::string> foreign;
    for (zip_int64_t i = 0; i < count; ++i) {
      zip_stat_t state;
      zip_stat_init(&state);
      const auto index = static_cast<zip_uint64_t>(i);
      constexpr zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
      if (zip_stat_index(zip_, index, 0, &state) != 0 || (state.valid & needed) != needed) context_.refuse("its zip container is damaged");
      const std::string name = state.name;
      const auto slash = name.find('/');
      const std::string own = slash == std::string::npos ? "" : name.substr(slash + 1);
      if (own.starts_with("code/") || own == "constants.pkl") context_.refuse("it is a TorchScript file, a program and not weights");
      const bool digits = own.starts_with("data/") && own.size() > 5 && own.find_first_not_of("0123456789", 5) == std::string::npos;
      const bool known = digits || own == "data.pkl" || own == "version" || own == "byteorder" || own == ".format_version" || own == ".storage_alignment" || own.starts_with(".data/");
      if (slash == 0 || !known || (found.size() + foreign.size() > 0 && !folder.empty() && name.substr(0, slash) != folder)) { foreign.insert(name); continue; }
      if (folder.empty()) folder = name.substr(0, slash);
      if (state.comp_method != ZIP_CM_STORE || state.encryption_method != ZIP_EM_NONE || state.size != state.comp_size) context_.refuse("its parts are packed in a way that torch.save never does");
      if (!found.emplace(own, Entry{index, state.size}).second) context_.refuse("a part of it appears twice");
    }
    if (!found.count("data.pkl")) context_.refuse("it is a zip file, but not one with weights of torch.save");
    if (!foreign.empty()) context_.refuse("it holds \"" + foreign.begin()->substr(0, 100) + "\", which is no part of weights");
    return found;
  }
  void read(const Entry& entry, char* into) const {
    zip_file_t* file = zip_fopen_index(zip_, entry.index, 0);
    if (!file) context_.refuse("its zip container is damaged");
    std::uint64_t done = 0;
    zip_int64_t got = 1;
    while (done < entry.size && got > 0) {
      got = zip_fread(file, into + done, std::min<std::uint64_t>(entry.size - done, std::uint64_t{1} << 30));
      if (got > 0) done += static_cast<std::uint64_t>(got);
    }
    char more = 0;
    const bool whole = done == entry.size && zip_fread(file, &more, 1) == 0;  // the checksum is compared at the end
    zip_fclose(file);
    if (!whole) context_.refuse("a part of it is damaged (its checksum differs)");
  }

 private:
  const PickleContext& context_;
  zip_t* zip_ = nullptr;
};

PickleValue* read_zip(const std::string& bytes, PickleContext& context) {
  const ZipFile zip(bytes, context);
  const auto entries = zip.entries();
  if (const auto order = entries.find("byteorder"); order != entries.end()) {
    std::string text(std::min<std::uint64_t>(order->second.size, 16), '\0');
    if (order->second.size <= 16) zip.read(order->second, text.data());
    if (text != "little") context.refuse("it was saved on a big-endian machine");
  }
  const auto& pickle = entries.at("data.pkl");
  context.texts.emplace_back(pickle.size, '\0');
  std::string& program = context.texts.back();
  zip.read(pickle, program.data());
  std::unordered_map<std::string, at::Tensor> storages;
  context.storage = [&](const std::string& key, std::uint64_t count) {
    at::Tensor& storage = storages[key];
    if (storage.defined()) {
      if (storage.nbytes() != count) context.refuse("two storages in it have one name");
      return storage;
    }
    const auto found = entries.find("data/" + key);
    if (found == entries.end()) context.refuse("a storage in it is missing");
    if (found->second.size != count) context.refuse("a storage in it has another size than its tensors say");
    storage = new_storage(context, count);
    zip.read(found->second, static_cast<char*>(storage.data_ptr()));
    return storage;
  };
  std::size_t at = 0;
  PickleValue* root = run_pickle(program, at, context);
  context.storage = nullptr;
  return root;
}

}  // namespace

PickleValue* describe_nested_file(PickleContext& context, std::string_view bytes) {
  if (context.nesting >= 2) context.refuse("it holds files inside files inside files");
  ++context.nesting;
  std::size_t at = 0;
  const PickleValue* magic = run_pickle(bytes, at, context);
  if (magic->kind != Kind::big_integer || magic->text != legacy_magic) context.refuse("a tensor in it is written in an unknown way");
  PickleValue* root = read_legacy(bytes, at, context);
  --context.nesting;
  return root;
}

Checkpoint parse_checkpoint(const std::string& bytes, const std::string& what) {
  PickleContext context;
  context.what = what;
  context.storage_bytes_left = bytes.size();
  context.tensor_bytes_left = 4 * bytes.size() + 4096;  // one storage may serve several tensors
  Checkpoint checkpoint;
  const PickleValue* root = nullptr;
  if (bytes.starts_with("PK\3\4")) {
    checkpoint.format = "torch zip";
    root = read_zip(bytes, context);
  } else if (bytes.starts_with('\x80')) {
    std::size_t at = 0;
    root = run_pickle(bytes, at, context);
    checkpoint.format = "pickle";
    if (root->kind == Kind::big_integer && root->text == legacy_magic) {
      checkpoint.format = "torch legacy";
      root = read_legacy(bytes, at, context);
    }
  } else {
    context.refuse("it is neither a file of torch.save nor a pickle");
  }
  checkpoint.sets = find_weight_sets(context, root);
  std::set<std::string> records;
  for (const auto& value : context.values)
    if (value.kind == Kind::object) records.insert(std::string(value.text));
  checkpoint.records.assign(records.begin(), records.end());
  if (checkpoint.sets.empty()) {
    const bool tensorflow = std::any_of(records.begin(), records.end(), [](const std::string& name) { return name.find("tflib") != std::string::npos; });
    context.refuse(tensorflow ? "it holds networks of the TensorFlow versions, which this program does not read" : "it holds no weights");
  }
  return checkpoint;
}

Checkpoint read_checkpoint(const std::string& path) { return parse_checkpoint(read_file(path), path); }

}  // namespace orrery::io
