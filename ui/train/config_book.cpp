#include "ui/train/config_book.h"

#include <QCoreApplication>
#include <QLocale>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

namespace orrery::ui {
namespace {

using Json = nlohmann::ordered_json;

QString tr(const char* text) { return QCoreApplication::translate("ConfigBook", text); }

ConfigKey::Type typeOf(const Json& value) {
  if (value.is_boolean()) return ConfigKey::Type::toggle;
  if (value.is_number_integer()) return ConfigKey::Type::whole;
  if (value.is_number()) return ConfigKey::Type::number;
  if (value.is_string()) return ConfigKey::Type::text;
  return ConfigKey::Type::other;
}

QString textOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? QString::fromStdString(found->get<std::string>()) : QString();
}

std::optional<double> numberOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

void flatten(const Json& node, const std::string& path, const Json& help, std::vector<ConfigKey>& out) {
  if (node.is_object() && !node.empty()) {
    for (const auto& [key, value] : node.items()) flatten(value, path.empty() ? key : path + "." + key, help, out);
    return;
  }
  ConfigKey key;
  key.path = path;
  key.value = node.dump();
  key.type = typeOf(node);
  if (const auto found = help.find(path); found != help.end()) {
    key.help = textOf(*found, "help");
    key.unit = textOf(*found, "unit");
    key.min = numberOf(*found, "min");
    key.max = numberOf(*found, "max");
    if (const auto list = found->find("choices"); list != found->end() && list->is_array()) {
      for (const auto& choice : *list) {
        if (choice.is_string()) key.choices << QString::fromStdString(choice.get<std::string>());
      }
    }
  }
  out.push_back(std::move(key));
}

// Edits between two words (Levenshtein 1966).
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, corner + (a[i - 1] == b[j - 1] ? 0 : 1)});
      corner = above;
    }
  }
  return row.back();
}

}  // namespace

QString shownValue(const std::string& json_text) {
  const auto json = Json::parse(json_text, nullptr, false);
  return QString::fromStdString(json.is_string() ? json.get<std::string>() : json_text);
}

std::optional<ConfigBook> ConfigBook::parse(const std::string& text) {
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("config") || !json["config"].is_object()) return std::nullopt;
  const Json help = json.value("help", Json::object());
  if (!help.is_object()) return std::nullopt;
  ConfigBook book;
  flatten(json["config"], "", help, book.keys_);
  return book;
}

const ConfigKey* ConfigBook::find(const std::string& path) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const ConfigKey& key) { return key.path == path; });
  return found == keys_.end() ? nullptr : &*found;
}

std::optional<QString> ConfigBook::check(const std::string& path, const std::string& text) const {
  const ConfigKey* key = find(path);
  if (!key) {
    const std::string near = nearest(path);
    return near.empty() ? tr("There is no such key.") : tr("There is no such key. Did you mean %1?").arg(QString::fromStdString(near));
  }
  const auto json = Json::parse(text, nullptr, false);
  switch (key->type) {
    case ConfigKey::Type::toggle:
      if (!json.is_boolean()) return tr("Must be true or false.");
      return std::nullopt;
    case ConfigKey::Type::whole:
      if (!json.is_number_integer() && !(json.is_number() && json.get<double>() == std::floor(json.get<double>()))) return tr("Must be a whole number.");
      break;
    case ConfigKey::Type::number:
      if (!json.is_number()) return tr("Must be a number.");
      break;
    case ConfigKey::Type::text: {
      const QString value = QString::fromStdString(json.is_string() ? json.get<std::string>() : text);
      if (!key->choices.isEmpty() && !key->choices.contains(value)) return tr("Must be one of %1.").arg(key->choices.join(QStringLiteral(", ")));
      return std::nullopt;
    }
    case ConfigKey::Type::other:
      if (json.is_discarded()) return tr("Must be JSON, such as [1, 2] or null.");
      return std::nullopt;
  }
  const double value = json.get<double>();
  if (!std::isfinite(value)) return tr("Must be a finite number.");
  const QLocale locale;
  if (key->min && value < *key->min) return tr("Must be at least %1.").arg(locale.toString(*key->min, 'g', 6));
  if (key->max && value > *key->max) return tr("Must be at most %1.").arg(locale.toString(*key->max, 'g', 6));
  return std::nullopt;
}

std::string ConfigBook::nearest(const std::string& path) const {
  std::string best;
  std::size_t least = path.size() / 2 + 1;
  const auto leaf = [](const std::string& text) { return text.substr(text.rfind('.') + 1); };
  for (const auto& key : keys_) {
    // A key given without its section counts as near as its last word is.
    const std::size_t d = std::min(distance(path, key.path), path.find('.') == std::string::npos ? distance(path, leaf(key.path)) + 1 : path.size());
    if (d < least) {
      least = d;
      best = key.path;
    }
  }
  return best;
}

std::optional<double> ConfigBook::number(const std::vector<std::string>& paths, const std::map<std::string, std::string>& changes) const {
  for (const auto& path : paths) {
    const ConfigKey* key = find(path);
    if (!key) continue;
    const auto changed = changes.find(path);
    const auto json = Json::parse(changed == changes.end() ? key->value : changed->second, nullptr, false);
    if (json.is_number()) return json.get<double>();
  }
  return std::nullopt;
}

}  // namespace orrery::ui
