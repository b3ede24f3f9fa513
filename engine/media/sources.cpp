#include "engine/media/sources.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/api/result.h"
#include "engine/data/builtin.h"
#include "engine/data/names.h"
#include "engine/media/file_type.h"
#include "engine/media/folder_classes.h"

namespace orrery::media {
namespace {

// One file that was named by itself. A link is followed: it was chosen.
class SingleFile final : public Container {
 public:
  explicit SingleFile(std::string path) : path_(std::move(path)) {}
  Listing list(ListingProgress& progress) override {
    Listing listing;
    listing.folders.push_back("");
    listing.items.push_back({0, std::string(data::file_name_of(path_)), 0});
    progress.found_one(listing.items[0].name);
    return listing;
  }
  Descriptor open(const Listing&, const Item&) const override { return open_ordinary(path_, true); }
  std::string read(const Listing& listing, const Item& item, std::uint64_t limit_bytes) const override { return read_descriptor(open(listing, item).get(), limit_bytes); }

 private:
  std::string path_;
};

std::string head_of(int descriptor) {
  std::string head(560, '\0');
  const ssize_t got = ::pread(descriptor, head.data(), head.size(), 0);
  head.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return head;
}

std::string display_name(const std::string& input) {
  if (data::is_builtin(input)) return input.substr(std::strlen("builtin:"));
  std::string path = input;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  struct stat state {};
  const bool is_folder = ::stat(path.c_str(), &state) == 0 && S_ISDIR(state.st_mode);
  const std::string_view name = data::file_name_of(path);
  return data::readable_name(is_folder ? name : data::without_extension(name));
}

class Lister {
 public:
  Lister(const std::string& out, ListingProgress& progress) : progress_(progress) {
    if (::stat(out.c_str(), &out_) != 0) out_ = {};
  }

  void input(const std::string& path, std::size_t number, bool several, int size_px) {
    if (data::is_builtin(path)) return archive(open_ordinary(data::builtin_store(path, size_px), true), FileType::zip, number, display_name(path), "");
    struct stat state {};
    if (::stat(path.c_str(), &state) != 0) {
      throw Error(ErrorCode::bad_input, data::readable_name(path) + " cannot be opened: " + std::strerror(errno) + ".", "Nothing was changed.", "Check the name.");
    }
    const std::string name = data::readable_name(data::file_name_of(path));
    if (S_ISDIR(state.st_mode)) return add(open_folder(path), number, several ? display_name(path) + "/" : "", "");
    if (!S_ISREG(state.st_mode)) return refuse(name, "not an ordinary file");
    if (is_out(state)) return refuse(name, "it is the data set being written");
    Descriptor file = open_ordinary(path, true);
    const FileType content = type_of_content(head_of(file.get()));
    const FileType claimed = type_of_extension(data::extension_of(path));
    if (content == FileType::zip || content == FileType::archive || (claimed == FileType::archive && content == FileType::unknown)) return archive(std::move(file), content == FileType::unknown ? claimed : content, number, several ? name : "", "");
    if (claimed == FileType::zip) return refuse(name, "it is damaged or not a zip");
    add(std::make_unique<SingleFile>(path), number, "", "");
  }

  SourceList take() { return std::move(list_); }

 private:
  ListingProgress& progress_;
  struct stat out_ {};
  SourceList list_;

  bool is_out(const struct stat& state) const { return out_.st_ino != 0 && state.st_ino == out_.st_ino && state.st_dev == out_.st_dev; }
  void refuse(const std::string& name, const std::string& reason) {
    progress_.found_one(name);
    list_.refused.push_back({name, reason, false});
  }

  // `name` is shown before what is inside; "" for the only source.
  void archive(Descriptor file, FileType type, std::size_t input, const std::string& name, const std::string& place) {
    const std::string shown = name.empty() ? "the archive" : name;
    const std::string prefix = name.empty() ? "" : name + "/";
    if (type == FileType::zip) {
      Descriptor again(::dup(file.get()));
      try {
        return add(open_zip(std::move(file), shown), input, prefix, place);
      } catch (const Error&) {
        // Its directory is missing or damaged; the entries may still be read one after the other.
        list_.notes.push_back({shown, "its directory is damaged; what could be read from its front was read", true});
      }
      file = std::move(again);
    }
    try {
      add(open_archive(std::move(file), shown), input, prefix, place);
    } catch (const Error& error) {
      refuse(shown, error.what());
    }
  }

  void add(std::unique_ptr<Container> container, std::size_t input, const std::string& shown, const std::string& place) {
    auto source = std::make_unique<Source>();
    source->container = std::move(container);
    source->shown = shown;
    source->place = place;
    source->input = input;
    source->listing = source->container->list(progress_);
    if (progress_.cancelled) return;
    source->metadata = take_metadata(*source->container, source->listing);
    for (auto& problem : source->listing.refused) {
      // An archive that breaks off names itself.
      list_.refused.push_back({problem.file.empty() ? (shown.empty() ? "the archive" : shown.substr(0, shown.size() - 1)) : shown + problem.file, problem.reason, problem.kept});
    }
    for (const auto& note : source->metadata.notes) list_.notes.push_back({shown + note.file, note.reason, true});
    Source& parent = *source;
    list_.sources.push_back(std::move(source));
    take_archives(parent);
  }

  // Archives inside a folder become sources of their own.
  void take_archives(Source& parent) {
    std::vector<Item> kept, archives;
    for (auto& item : parent.listing.items) {
      const FileType type = type_of_extension(data::extension_of(item.name));
      (type == FileType::zip || type == FileType::archive ? archives : kept).push_back(std::move(item));
    }
    parent.listing.items = std::move(kept);
    for (const auto& item : archives) {
      const std::string name = parent.shown_path(item);
      Descriptor file;
      try {
        file = parent.container->open(parent.listing, item);
      } catch (const Error& error) {
        refuse_listed(name, error.what());
        continue;
      }
      struct stat state {};
      const FileType content = file ? type_of_content(head_of(file.get())) : FileType::unknown;
      if (!file) refuse_listed(name, "an archive inside an archive is not opened");
      else if (::fstat(file.get(), &state) == 0 && is_out(state)) refuse_listed(name, "it is the data set being written");
      else if (state.st_size == 0) refuse_listed(name, "it is empty");
      else if (content != FileType::zip && content != FileType::archive) refuse_listed(name, "it is damaged or not an archive");
      else archive(std::move(file), content, parent.input, name, std::string(data::without_extension(parent.listing.path(item))));
    }
  }
  void refuse_listed(const std::string& name, const std::string& reason) { list_.refused.push_back({name, reason, false}); }
};

}  // namespace

std::string Source::shown_path(const Item& item) const { return shown + data::readable_name(listing.path(item)); }

bool may_give_pictures(const Item& item) { return type_of_extension(data::extension_of(item.name)) != FileType::other; }

SourceList list_sources(const std::vector<std::string>& inputs, const std::string& out, int size_px, ListingProgress& progress) {
  Lister lister(out, progress);
  for (std::size_t i = 0; i < inputs.size() && !progress.cancelled; ++i) lister.input(inputs[i], i, inputs.size() > 1, size_px);
  return lister.take();
}

void name_classes(const std::vector<std::string>& inputs, SourceList& list) {
  std::vector<ClassFolders> things(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    things[i].name = display_name(inputs[i]);
    things[i].is_place = false;
  }
  struct Use {
    Source* source;
    std::size_t folder;  // of its listing
    std::size_t at;      // in things[input].folders
  };
  std::vector<Use> uses;
  for (const auto& source : list.sources) {
    source->classes.assign(source->listing.folders.size(), "");
    if (source->metadata.folders_are_no_classes) continue;
    auto& thing = things[source->input];
    thing.is_place = thing.is_place || dynamic_cast<SingleFile*>(source->container.get()) == nullptr;
    std::vector<bool> used(source->listing.folders.size(), false);
    for (const auto& item : source->listing.items) {
      if (used[item.folder] || !may_give_pictures(item)) continue;
      used[item.folder] = true;
      uses.push_back({source.get(), item.folder, thing.folders.size()});
      const std::string& folder = source->listing.folders[item.folder];
      thing.folders.push_back(source->place.empty() || folder.empty() ? source->place + folder : source->place + "/" + folder);
    }
  }
  find_classes(things);
  for (const auto& use : uses) use.source->classes[use.folder] = data::readable_name(things[use.source->input].classes[use.at]);
}

}  // namespace orrery::media
