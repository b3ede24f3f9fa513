#include "engine/data/store_index.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "engine/api/result.h"

namespace orrery::data {
namespace {

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorCode::bad_input, what, "Nothing was changed.", "Repair that file, or use the set without it."); }

using Json = nlohmann::json;

// Follows {"labels": [[file, label], ...]} and lets everything else pass. Depths: 1 the object, 2 the list, 3 an item, 4 a vector.
class LabelHandler : public nlohmann::json_sax<Json> {
 public:
  LabelList list;
  std::string error;

  bool null() override { return scalar(nullptr, {}, {}); }
  bool boolean(bool) override { return wrong_scalar(); }
  bool number_integer(number_integer_t v) override { return scalar(nullptr, static_cast<double>(v), v); }
  bool number_unsigned(number_unsigned_t v) override { return scalar(nullptr, static_cast<double>(v), v <= INT64_MAX ? static_cast<std::int64_t>(v) : -1); }
  bool number_float(number_float_t v, const string_t&) override { return scalar(nullptr, v, {}); }
  bool string(string_t& v) override { return scalar(&v, {}, {}); }
  bool binary(binary_t&) override { return wrong_scalar(); }
  bool start_object(std::size_t) override { return open(false); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(true); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (depth_ == 1) key_is_labels_ = name == "labels";
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    error = "it is not JSON from byte " + std::to_string(position) + " on";
    return false;
  }

 private:
  int depth_ = 0;
  bool key_is_labels_ = false;
  bool inside_ = false;     // in the list of labels
  bool in_vector_ = false;  // in the label of an item
  bool good_ = true;        // the item so far
  int part_ = 0;            // of the item: 0 file due, 1 label due, 2 complete
  std::int64_t item_ = 0;
  std::string file_;
  std::int64_t class_ = -1;
  std::vector<float> vector_;

  bool open(bool array) {
    if (depth_ == 1 && key_is_labels_) {
      inside_ = list.present = array;
      if (!array) list.problems.push_back("\"labels\" is neither a list nor null");
    } else if (inside_ && depth_ == 2) {
      begin_item(array);
    } else if (inside_ && depth_ == 3 && array && part_ == 1) {
      in_vector_ = true;
    } else {
      good_ = false;
    }
    ++depth_;
    return true;
  }
  bool close() {
    --depth_;
    if (!inside_) return true;
    if (depth_ == 1) inside_ = false;
    if (depth_ == 2) finish_item();
    if (depth_ == 3 && in_vector_) {
      in_vector_ = false;
      ++part_;
    }
    return true;
  }
  bool wrong_scalar() {
    if (depth_ == 1 && key_is_labels_) list.problems.push_back("\"labels\" is neither a list nor null");
    if (inside_ && depth_ == 2) {
      begin_item(false);
      finish_item();
    }
    good_ = false;
    return true;
  }
  bool scalar(std::string* text, std::optional<double> number, std::optional<std::int64_t> whole) {
    const bool is_null = !text && !number;
    if (depth_ == 1 && key_is_labels_ && is_null) return true;
    if (inside_ && depth_ == 4 && in_vector_ && number) {
      vector_.push_back(static_cast<float>(*number));
    } else if (inside_ && depth_ == 3 && part_ == 0 && text) {
      file_ = std::move(*text);
      ++part_;
    } else if (inside_ && depth_ == 3 && part_ == 1 && whole) {
      class_ = *whole;
      good_ = good_ && class_ >= 0;
      ++part_;
    } else {
      return wrong_scalar();
    }
    return true;
  }
  void begin_item(bool array) {
    good_ = array;
    part_ = 0;
    class_ = -1;
    vector_.clear();
  }
  void finish_item() {
    if (!good_ || part_ != 2) {
      if (list.problems.size() < 1000) list.problems.push_back("label " + std::to_string(item_) + " is not [file, class number]");
    } else if (class_ >= 0) {
      list.classes.emplace_back(std::move(file_), class_);
    } else {
      list.vectors.emplace_back(std::move(file_), vector_);
    }
    ++item_;
  }
};

template <class T> void take(const Json& json, const char* key, T& into) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return;
  try {
    into = found->get<T>();
  } catch (const Json::exception&) {
    refuse(std::string(extras_entry) + " has the wrong type at \"" + key + "\".");
  }
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

LabelList parse_labels(std::string_view json) {
  LabelHandler handler;
  if (!Json::sax_parse(json.begin(), json.end(), &handler)) refuse(std::string(labels_entry) + " cannot be read: " + handler.error + ".");
  return std::move(handler.list);
}

std::string write_labels(const std::vector<std::string>& files, const std::vector<std::int64_t>& labels) {
  if (labels.empty()) return "{\n\"labels\": null\n}\n";
  std::string out = "{\n\"labels\": [";
  for (std::size_t i = 0; i < files.size(); ++i) {
    out += i == 0 ? "\n" : ",\n";
    out += "[" + dump(files[i]) + ", " + std::to_string(labels[i]) + "]";
  }
  return out + "\n]\n}\n";
}

std::string write_extras(const StoreExtras& extras) {
  Json json{{"orrery_store", 1}, {"name", extras.name}, {"class_names", extras.class_names}, {"captions", extras.captions}, {"sources", extras.sources}};
  json["tags"] = Json::object();
  for (const auto& [name, tag] : extras.tags) json["tags"][name] = {{"names", tag.names}, {"values", tag.values}};
  Json problems = Json::array();
  for (const auto& problem : extras.problems) problems.push_back({{"file", problem.file}, {"reason", problem.reason}, {"kept", problem.kept}});
  json["import"] = {{"seen", extras.seen}, {"skipped", extras.skipped}, {"problems", std::move(problems)}};
  return dump(json);
}

StoreExtras parse_extras(std::string_view text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (!json.is_object()) refuse(std::string(extras_entry) + " is not a JSON object.");
  StoreExtras out;
  take(json, "name", out.name);
  take(json, "class_names", out.class_names);
  take(json, "captions", out.captions);
  take(json, "sources", out.sources);
  Json tags = Json::object();
  take(json, "tags", tags);
  for (const auto& [name, tag] : tags.items()) {
    if (!tag.is_object()) refuse(std::string(extras_entry) + " has the wrong type at \"tags\".");
    take(tag, "names", out.tags[name].names);
    take(tag, "values", out.tags[name].values);
  }
  Json report = Json::object();
  take(json, "import", report);
  if (!report.is_object()) refuse(std::string(extras_entry) + " has the wrong type at \"import\".");
  take(report, "seen", out.seen);
  take(report, "skipped", out.skipped);
  Json problems = Json::array();
  take(report, "problems", problems);
  for (const auto& item : problems) {
    if (!item.is_object()) refuse(std::string(extras_entry) + " has the wrong type at \"problems\".");
    ImportProblem problem;
    take(item, "file", problem.file);
    take(item, "reason", problem.reason);
    take(item, "kept", problem.kept);
    out.problems.push_back(std::move(problem));
  }
  return out;
}

}  // namespace orrery::data
