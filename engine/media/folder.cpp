#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/api/result.h"
#include "engine/data/names.h"
#include "engine/media/containers.h"

namespace orrery::media {
namespace {

constexpr int most_levels = 64;

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::bad_input, why); }

const char* kind_of(unsigned char type) {
  switch (type) {
    case DT_LNK: return "a link; links are not followed";
    case DT_FIFO: return "a pipe, not a file";
    case DT_SOCK: return "a socket, not a file";
    case DT_CHR:
    case DT_BLK: return "a device, not a file";
    default: return "not an ordinary file";
  }
}

unsigned char type_at(int folder, const char* name) {
  struct stat state {};
  if (::fstatat(folder, name, &state, AT_SYMLINK_NOFOLLOW) != 0) return DT_UNKNOWN;
  return IFTODT(state.st_mode);
}

// Walks with openat, one level at a time, so that neither long paths nor folders exchanged for links meanwhile lead elsewhere.
class Folder final : public Container {
 public:
  explicit Folder(const std::string& path) : root_(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (!root_) refuse(data::readable_name(path) + " cannot be opened: " + std::strerror(errno) + ".");
  }

  Listing list(ListingProgress& progress) override {
    Listing listing;
    walk(Descriptor(::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), "", 0, listing, progress);
    return listing;
  }

  Descriptor open(const Listing& listing, const Item& item) const override {
    // Down the relative path, a folder at a time.
    const std::string& path = listing.folders[item.folder];
    Descriptor folder;
    for (std::size_t at = 0; at < path.size();) {
      const std::size_t slash = std::min(path.find('/', at), path.size());
      Descriptor next(::openat(folder ? folder.get() : root_.get(), path.substr(at, slash - at).c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!next) refuse(errno == ELOOP || errno == ENOTDIR ? "its folder has changed" : std::string("its folder cannot be opened (") + std::strerror(errno) + ")");
      folder = std::move(next);
      at = slash + 1;
    }
    Descriptor file(::openat(folder ? folder.get() : root_.get(), item.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!file) refuse(errno == ELOOP ? "a link; links are not followed" : std::string("it cannot be opened (") + std::strerror(errno) + ")");
    struct stat state {};
    if (::fstat(file.get(), &state) != 0 || !S_ISREG(state.st_mode)) refuse("not an ordinary file");
    return file;
  }

  std::string read(const Listing& listing, const Item& item, std::uint64_t limit_bytes) const override {
    return read_descriptor(open(listing, item).get(), limit_bytes);
  }

 private:
  Descriptor root_;

  static void walk(Descriptor folder, const std::string& path, int level, Listing& listing, ListingProgress& progress) {
    const auto shown = [&](const std::string& name) { return data::readable_name(path.empty() ? name : path + "/" + name); };
    const int descriptor = folder.release();
    DIR* entries = descriptor >= 0 ? ::fdopendir(descriptor) : nullptr;
    if (!entries) {
      listing.refused.push_back({shown(""), std::string("the folder cannot be read (") + std::strerror(errno) + ")", false});
      if (descriptor >= 0) ::close(descriptor);
      return;
    }
    struct Closer {
      DIR* it;
      ~Closer() { ::closedir(it); }
    } closer{entries};
    const auto folder_number = static_cast<std::uint32_t>(listing.folders.size());
    listing.folders.push_back(path);
    std::vector<std::string> files, folders;
    while (!progress.cancelled) {
      errno = 0;
      const dirent* entry = ::readdir(entries);
      if (!entry) {
        if (errno != 0) listing.refused.push_back({shown(""), std::string("the folder cannot be read to its end (") + std::strerror(errno) + ")", false});
        break;
      }
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      const unsigned char type = entry->d_type == DT_UNKNOWN ? type_at(::dirfd(entries), entry->d_name) : entry->d_type;
      if (type == DT_DIR) {
        folders.push_back(name);
        continue;
      }
      progress.found_one(name);
      if (type == DT_REG) files.push_back(name);
      else listing.refused.push_back({shown(name), kind_of(type), false});
    }
    std::sort(files.begin(), files.end());
    std::sort(folders.begin(), folders.end());
    for (auto& name : files) listing.items.push_back({folder_number, std::move(name), 0});
    for (const auto& name : folders) {
      if (progress.cancelled) return;
      const std::string inner = path.empty() ? name : path + "/" + name;
      if (level + 1 >= most_levels) {
        listing.refused.push_back({shown(name), "the folder lies deeper than " + std::to_string(most_levels) + " levels", false});
        continue;
      }
      Descriptor next(::openat(::dirfd(entries), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!next) listing.refused.push_back({shown(name), std::string("the folder cannot be opened (") + std::strerror(errno) + ")", false});
      else walk(std::move(next), inner, level + 1, listing, progress);
    }
  }
};

}  // namespace

Descriptor::~Descriptor() {
  if (value_ >= 0) ::close(value_);
}

void ListingProgress::found_one(const std::string& name) {
  // The name is for the eye only: now and then is enough.
  if (const std::int64_t count = ++found; count < 64 || count % 256 == 0) {
    std::lock_guard lock(mutex_);
    last_name_ = name;
  }
}

std::string ListingProgress::last_name() const {
  std::lock_guard lock(mutex_);
  return data::readable_name(last_name_);
}

Descriptor open_ordinary(const std::string& path, bool follow_link) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (follow_link ? 0 : O_NOFOLLOW)));
  if (!file) refuse(errno == ELOOP ? "a link; links are not followed" : std::string("it cannot be opened (") + std::strerror(errno) + ")");
  struct stat state {};
  if (::fstat(file.get(), &state) != 0 || !S_ISREG(state.st_mode)) refuse("not an ordinary file");
  return file;
}

std::string read_descriptor(int descriptor, std::uint64_t limit_bytes) {
  struct stat state {};
  if (::fstat(descriptor, &state) != 0) refuse(std::string("it cannot be read (") + std::strerror(errno) + ")");
  const auto size = static_cast<std::uint64_t>(state.st_size);
  if (size > limit_bytes) refuse("it is too large a file: " + std::to_string(size >> 20) + " MB; the limit is " + std::to_string(limit_bytes >> 20) + " MB");
  std::string bytes(static_cast<std::size_t>(size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(descriptor, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse(std::string("it cannot be read (") + std::strerror(errno) + ")");
    if (got == 0) refuse("it became shorter while it was read");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::unique_ptr<Container> open_folder(const std::string& path) { return std::make_unique<Folder>(path); }

}  // namespace orrery::media
