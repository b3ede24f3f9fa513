#include "engine/media/metadata.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "engine/api/result.h"
#include "engine/data/names.h"
#include "engine/data/store_index.h"
#include "engine/media/file_type.h"

namespace orrery::media {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t most_bytes = std::uint64_t{256} << 20;
constexpr std::uint64_t most_caption_bytes = 64 << 10;
constexpr std::size_t most_notes = 1000;

enum class Role { none, labels, extras, csv, jsonl, sidecar };

Role role_of(const std::string& name) {
  if (name == data::labels_entry) return Role::labels;
  if (name == data::extras_entry) return Role::extras;
  if (name == "metadata.csv") return Role::csv;
  if (name == "metadata.jsonl") return Role::jsonl;
  const std::string extension = data::extension_of(name);
  return extension == "txt" || extension == "caption" ? Role::sidecar : Role::none;
}

class Taker {
 public:
  Taker(const Container& container, Listing& listing) : container_(container), listing_(listing) {}

  Metadata take() {
    split();
    for (const auto& item : listing_.items) paths_.insert(listing_.path(item));
    read_all();
    return std::move(out_);
  }

 private:
  const Container& container_;
  Listing& listing_;
  Metadata out_;
  std::vector<Item> described_by_;           // the metadata files, in the listing's order
  std::unordered_set<std::string> paths_;    // of the pictures
  std::vector<std::string> class_names_;     // of an orrery.json

  void note(const std::string& file, const std::string& reason) {
    if (out_.notes.size() < most_notes) out_.notes.push_back({data::readable_name(file), reason, true});
  }

  // Moves metadata files out of the list of pictures; a text file only if a picture of its name lies beside it.
  void split() {
    std::unordered_map<std::string, std::string> pictures;  // path without extension -> path
    const bool any_text = std::any_of(listing_.items.begin(), listing_.items.end(), [](const Item& item) { return role_of(item.name) == Role::sidecar; });
    for (const auto& item : listing_.items) {
      if (!any_text || !is_picture(type_of_extension(data::extension_of(item.name)))) continue;
      std::string path = listing_.path(item);
      pictures.try_emplace(std::string(data::without_extension(path)), path);
    }
    std::vector<Item> kept;
    for (auto& item : listing_.items) {
      const Role role = role_of(item.name);
      const std::string path = role == Role::none ? "" : listing_.path(item);
      if (role == Role::none) {
        kept.push_back(std::move(item));
      } else if (role == Role::sidecar) {
        const auto picture = pictures.find(std::string(data::without_extension(path)));
        if (picture == pictures.end()) kept.push_back(std::move(item));
        else if (container_.is_stream()) described_by_.push_back(item), texts_[path] = picture->second;
        else out_.sidecars.emplace(picture->second, std::move(item));
      } else {
        described_by_.push_back(std::move(item));
      }
    }
    listing_.items = std::move(kept);
  }
  std::unordered_map<std::string, std::string> texts_;  // in archives: text file -> picture

  void read_all() {
    std::map<std::string, std::string> files;  // orrery.json's names are needed before dataset.json's numbers, so: all first
    const auto keep = [&](const Item& item, std::string bytes, const std::string& error) {
      const std::string path = listing_.path(item);
      if (!error.empty()) note(path, error);
      else if (const auto text = texts_.find(path); text != texts_.end()) out_.captions[text->second] = caption_of(std::string_view(bytes).substr(0, most_caption_bytes));
      else files[path] = std::move(bytes);
      return true;
    };
    if (container_.is_stream() && !described_by_.empty()) {
      Listing part;
      part.folders = listing_.folders;
      part.items = described_by_;
      container_.stream(part, most_bytes, keep);
    } else {
      for (const auto& item : described_by_) {
        try {
          keep(item, container_.read(listing_, item, most_bytes), "");
        } catch (const Error& error) {
          note(listing_.path(item), error.what());
        }
      }
    }
    for (const Role role : {Role::extras, Role::labels, Role::csv, Role::jsonl}) {
      for (const auto& [path, bytes] : files) {
        if (role_of(std::string(data::file_name_of(path))) != role) continue;
        try {
          if (role == Role::extras) read_extras(path, bytes);
          if (role == Role::labels) read_labels(path, bytes);
          if (role == Role::csv) read_csv(path, bytes);
          if (role == Role::jsonl) read_jsonl(path, bytes);
        } catch (const Error& error) {
          note(path, error.what());
        }
      }
    }
  }

  static std::string beside(const std::string& path, const std::string& name) {
    const std::string_view folder = data::folder_of(path);
    return folder.empty() ? name : std::string(folder) + "/" + name;
  }

  void read_extras(const std::string& path, const std::string& bytes) {
    const data::StoreExtras extras = data::parse_extras(bytes);
    if (data::folder_of(path).empty()) class_names_ = extras.class_names;
    // Lists go by the order of the pictures' names.
    std::vector<std::string> pictures;
    const std::string inside = beside(path, "");
    for (const auto& name : paths_) {
      if (name.starts_with(inside) && data::extension_of(name) == "png") pictures.push_back(name);
    }
    if (extras.captions.size() != pictures.size()) return;
    std::sort(pictures.begin(), pictures.end());
    for (std::size_t i = 0; i < pictures.size(); ++i) out_.captions[pictures[i]] = caption_of(extras.captions[i]);
  }

  void read_labels(const std::string& path, const std::string& bytes) {
    if (data::folder_of(path).empty()) out_.folders_are_no_classes = true;
    const data::LabelList list = data::parse_labels(bytes);
    for (const auto& problem : list.problems) note(path, problem);
    if (!list.vectors.empty()) note(path, "labels that are vectors are not taken over");
    std::int64_t missing = 0;
    for (const auto& [name, number] : list.classes) {
      const std::string file = beside(path, name);
      if (!paths_.contains(file)) {
        ++missing;
        continue;
      }
      const auto index = static_cast<std::size_t>(number);
      out_.classes[file] = index < class_names_.size() ? caption_of(class_names_[index]) : std::to_string(number);
    }
    if (missing > 0) note(path, std::to_string(missing) + " labels are for files that are not there");
  }

  // One described picture; `where` says which line it comes from.
  void describe(const std::string& path, const std::string& where, const std::string& name, const std::string& label, const std::string& text) {
    const std::string file = beside(path, name);
    if (!paths_.contains(file)) return note(path, where + ": there is no file " + data::readable_name(name));
    if (!label.empty()) out_.classes[file] = caption_of(label);
    if (!text.empty()) out_.captions[file] = caption_of(text);
  }

  void read_csv(const std::string& path, const std::string& bytes) {
    const auto rows = parse_csv(bytes);
    if (rows.empty()) return note(path, "it is empty");
    const auto column = [&](std::initializer_list<const char*> names) {
      for (std::size_t i = 0; i < rows[0].fields.size(); ++i) {
        if (std::find(names.begin(), names.end(), rows[0].fields[i]) != names.end()) return static_cast<std::ptrdiff_t>(i);
      }
      return std::ptrdiff_t{-1};
    };
    const auto name = column({"file_name"}), label = column({"label", "class"}), text = column({"text", "caption"});
    if (name < 0) return note(path, "it has no column file_name");
    for (std::size_t i = 1; i < rows.size(); ++i) {
      const auto& row = rows[i];
      const std::string where = "line " + std::to_string(row.line);
      if (row.fields.size() != rows[0].fields.size()) {
        note(path, where + " has " + std::to_string(row.fields.size()) + " fields instead of " + std::to_string(rows[0].fields.size()));
        continue;
      }
      const auto field = [&](std::ptrdiff_t index) { return index < 0 ? std::string{} : row.fields[static_cast<std::size_t>(index)]; };
      describe(path, where, field(name), field(label), field(text));
    }
  }

  void read_jsonl(const std::string& path, const std::string& bytes) {
    std::string_view rest = bytes;
    if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
    for (std::int64_t line = 1; !rest.empty(); ++line) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view text = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      const std::string where = "line " + std::to_string(line);
      const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
      const auto string = [&](std::initializer_list<const char*> keys) -> std::string {
        for (const char* key : keys) {
          const auto found = json.find(key);
          if (found == json.end()) continue;
          if (found->is_string()) return found->get<std::string>();
          if (found->is_number_integer()) return found->dump();
        }
        return {};
      };
      if (!json.is_object()) {
        note(path, where + " is not a JSON object");
      } else if (const std::string name = string({"file_name"}); name.empty()) {
        note(path, where + " has no file_name");
      } else {
        describe(path, where, name, string({"label", "class"}), string({"text", "caption"}));
      }
    }
  }
};

}  // namespace

Metadata take_metadata(const Container& container, Listing& listing) { return Taker(container, listing).take(); }

std::string caption_of(std::string_view text) {
  std::string line;
  for (const char c : text.substr(0, most_caption_bytes)) {
    const bool space = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (space && (line.empty() || line.back() == ' ')) continue;
    line += space ? ' ' : c;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return data::readable_name(line);
}

std::vector<CsvRow> parse_csv(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<CsvRow> rows;
  std::int64_t line = 1;
  std::size_t at = 0;
  while (at < text.size()) {
    CsvRow row{line, {}};
    for (bool more = true; more;) {
      std::string field;
      if (at < text.size() && text[at] == '"') {
        for (++at; at < text.size(); ++at) {
          if (text[at] == '"' && (at + 1 == text.size() || text[at + 1] != '"')) break;
          if (text[at] == '"') ++at;
          if (text[at] == '\n') ++line;
          field += text[at];
        }
        if (at < text.size()) ++at;
      }
      while (at < text.size() && text[at] != ',' && text[at] != '\n') field += text[at++];
      if (!field.empty() && field.back() == '\r' && (at == text.size() || text[at] == '\n')) field.pop_back();
      row.fields.push_back(std::move(field));
      more = at < text.size() && text[at] == ',';
      if (at < text.size()) ++at;
    }
    ++line;
    if (row.fields.size() > 1 || !row.fields[0].empty()) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace orrery::media
