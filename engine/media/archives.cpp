#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/api/result.h"
#include "engine/data/names.h"
#include "engine/data/zip_reader.h"
#include "engine/media/containers.h"

namespace orrery::media {
namespace {

constexpr std::uint64_t most_entries = 4'000'000;
// A compressed archive must be inflated to pass over what is refused; beyond this it is given up.
constexpr std::uint64_t most_refused_bytes = std::uint64_t{1} << 30;
constexpr std::int64_t large_file = std::int64_t{256} << 20;

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::bad_input, why); }

// Sorts names into folders as they come.
class Sorter {
 public:
  explicit Sorter(Listing& listing) : listing_(listing) { listing.folders.push_back(""); }
  Item item(const std::string& path, std::uint64_t entry) {
    const std::string folder(data::folder_of(path));
    const auto [found, is_new] = numbers_.try_emplace(folder, static_cast<std::uint32_t>(listing_.folders.size()));
    if (is_new) listing_.folders.push_back(folder);
    return {found->second, std::string(data::file_name_of(path)), entry};
  }

 private:
  Listing& listing_;
  std::map<std::string, std::uint32_t> numbers_{{"", 0}};
};

class Zip final : public Container {
 public:
  Zip(Descriptor file, const std::string& shown) : zip_(file.release(), shown) {}

  Listing list(ListingProgress& progress) override {
    Listing listing;
    Sorter sorter(listing);
    std::set<std::string_view> names;
    const auto& entries = zip_.entries();
    for (std::size_t i = 0; i < entries.size() && !progress.cancelled; ++i) {
      const auto& entry = entries[i];
      if (entry.folder && !hostile_name(entry.name)) continue;
      progress.found_one(entry.name);
      const char* reason = hostile_name(entry.name);
      if (!reason && entry.link) reason = "a link; links are not followed";
      if (!reason && entry.encrypted) reason = "it is encrypted";
      if (!reason && !names.insert(entry.name).second) reason = "its name appears twice in the zip";
      if (reason) listing.refused.push_back({data::readable_name(entry.name), reason, false});
      else listing.items.push_back(sorter.item(entry.name, i));
    }
    std::sort(listing.items.begin(), listing.items.end(), [&](const Item& a, const Item& b) {
      const int order = listing.folders[a.folder].compare(listing.folders[b.folder]);
      return order != 0 ? order < 0 : a.name < b.name;
    });
    return listing;
  }

  std::string read(const Listing&, const Item& item, std::uint64_t limit_bytes) const override { return zip_.read(item.entry, limit_bytes); }

 private:
  data::ZipReader zip_;
};

struct Reader {
  archive* it = archive_read_new();
  ~Reader() { archive_read_free(it); }
};

// tar, 7z, and zips whose directory is lost, with or without compression around them. Read from the front, twice: to list, then to take.
class Archive final : public Container {
 public:
  Archive(Descriptor file, std::string shown) : file_(std::move(file)), shown_(std::move(shown)) {}

  bool is_stream() const override { return true; }
  std::string read(const Listing&, const Item&, std::uint64_t) const override { refuse("it cannot be read alone"); }

  Listing list(ListingProgress& progress) override {
    Listing listing;
    Sorter sorter(listing);
    std::set<std::string> names;
    std::uint64_t number = 0;
    for_each([&](archive*, archive_entry* entry, const std::string& name, const char* reason) {
      if (!reason && !names.insert(name).second) reason = "its name appears twice in the archive";
      progress.found_one(name);
      if (reason) listing.refused.push_back({data::readable_name(name), reason, false});
      else listing.items.push_back(sorter.item(name, number));
      (void)entry;
      ++number;
      return !progress.cancelled;
    }, [&](const std::string& error) { listing.refused.push_back({"", error, false}); });
    if (number == 0 && listing.refused.empty()) refuse("it is empty");
    return listing;
  }

  void stream(const Listing& listing, std::uint64_t limit_bytes, const Take& take) const override {
    std::size_t next = 0;
    std::uint64_t number = 0;
    std::string failed;
    for_each([&](archive* reader, archive_entry* entry, const std::string&, const char*) {
      if (next == listing.items.size()) return false;
      const Item& item = listing.items[next];
      if (number++ != item.entry) return true;
      ++next;
      std::string error;
      std::string bytes = contents(reader, entry, limit_bytes, error);
      return take(item, std::move(bytes), error);
    }, [&](const std::string& error) { failed = error; });
    for (; next < listing.items.size() && !failed.empty(); ++next) {
      if (!take(listing.items[next], {}, failed)) return;
    }
  }

 private:
  Descriptor file_;
  std::string shown_;

  // Calls `see(reader, entry, name, reason or nullptr)` for all but folders; `stop` with the reason when the archive breaks off.
  template <class See, class Stop> void for_each(See see, Stop stop) const {
    Reader reader;
    archive_read_support_filter_all(reader.it);
    archive_read_support_format_tar(reader.it);
    archive_read_support_format_7zip(reader.it);
    archive_read_support_format_zip_streamable(reader.it);
    ::lseek(file_.get(), 0, SEEK_SET);
    if (archive_read_open_fd(reader.it, file_.get(), 1 << 18) != ARCHIVE_OK) refuse("it is not an archive that can be read (" + error_of(reader.it) + ")");
    const bool compressed = archive_filter_code(reader.it, 0) != ARCHIVE_FILTER_NONE;
    std::uint64_t refused_bytes = 0;
    for (std::uint64_t count = 0;; ++count) {
      archive_entry* entry = nullptr;
      const int result = archive_read_next_header(reader.it, &entry);
      if (result == ARCHIVE_EOF) return;
      if (result < ARCHIVE_WARN) return stop("the archive is damaged from here on (" + error_of(reader.it) + ")");
      if (count == most_entries) return stop("the archive has more than 4,000,000 entries; the rest was not read");
      const char* raw = archive_entry_pathname(entry);
      const std::string name = raw ? raw : "";
      const char* reason = hostile_name(name);
      if (archive_entry_filetype(entry) == AE_IFDIR && !reason) continue;
      if (!reason && (archive_entry_hardlink(entry) || archive_entry_filetype(entry) == AE_IFLNK)) reason = "a link; links are not followed";
      if (!reason && archive_entry_filetype(entry) != AE_IFREG) reason = "not an ordinary file";
      if (!reason && archive_entry_is_encrypted(entry)) reason = "it is encrypted";
      if (compressed && archive_entry_size_is_set(entry) && archive_entry_size(entry) > large_file) {
        refused_bytes += static_cast<std::uint64_t>(archive_entry_size(entry));
        if (!reason) reason = "it is too large a file";
      }
      if (!see(reader.it, entry, name, reason)) return;
      if (refused_bytes > most_refused_bytes) return stop("the archive unpacks to gigabytes that are no pictures; the rest was not read");
    }
  }

  static std::string error_of(archive* reader) {
    const char* text = archive_error_string(reader);
    return data::readable_name(text ? text : "no reason given");
  }

  static std::string contents(archive* reader, archive_entry* entry, std::uint64_t limit_bytes, std::string& error) {
    std::string bytes;
    if (archive_entry_size_is_set(entry) && static_cast<std::uint64_t>(archive_entry_size(entry)) > limit_bytes) {
      error = "it is too large a file: " + std::to_string(archive_entry_size(entry) >> 20) + " MB; the limit is " + std::to_string(limit_bytes >> 20) + " MB";
      return bytes;
    }
    std::string part(std::size_t{1} << 18, '\0');
    for (;;) {
      const la_ssize_t got = archive_read_data(reader, part.data(), part.size());
      if (got == 0) return bytes;
      if (got < 0) error = "it is damaged (" + error_of(reader) + ")";
      else if (bytes.size() + static_cast<std::size_t>(got) > limit_bytes) error = "it unpacks to more than " + std::to_string(limit_bytes >> 20) + " MB";
      if (!error.empty()) return {};
      bytes.append(part.data(), static_cast<std::size_t>(got));
    }
  }
};

}  // namespace

const char* hostile_name(const std::string& name) {
  if (name.empty()) return "it has no name";
  if (name.front() == '/') return "its name is an absolute path";
  if (name.find('\\') != std::string::npos) return "its name has a backslash";
  if (name.size() >= 2 && name[1] == ':') return "its name is an absolute path";
  if (name.size() > 4096) return "its name is too long";
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t slash = std::min(name.find('/', at), name.size());
    if (name.compare(at, slash - at, "..") == 0) return "its name leads out of the archive";
    if (slash - at > 255) return "its name is too long";
    at = slash + 1;
  }
  return nullptr;
}

std::unique_ptr<Container> open_zip(Descriptor file, const std::string& shown) { return std::make_unique<Zip>(std::move(file), shown); }
std::unique_ptr<Container> open_archive(Descriptor file, const std::string& shown) { return std::make_unique<Archive>(std::move(file), shown); }

}  // namespace orrery::media
