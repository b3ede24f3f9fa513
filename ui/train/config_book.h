// A preset's configuration as a flat list of keys, read from Catalogue::config, and the checks that a changed value must pass.
#pragma once

#include <QString>
#include <QStringList>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace orrery::ui {

struct ConfigKey {
  enum class Type { toggle, whole, number, text, other };  // other: lists and the like, edited as JSON text
  std::string path;    // "train.batch"
  std::string value;   // JSON text: 16, 0.002, "skip"
  Type type = Type::other;
  QString help;
  QString unit;
  std::optional<double> min;
  std::optional<double> max;
  QStringList choices;
};

class ConfigBook {
 public:
  // Nothing when the text is not the JSON that Catalogue::config promises.
  static std::optional<ConfigBook> parse(const std::string& json);

  const std::vector<ConfigKey>& keys() const { return keys_; }
  const ConfigKey* find(const std::string& path) const;
  // Why `text` cannot be the value of that key; nothing when it can. `text` is JSON, or plain text for text keys.
  std::optional<QString> check(const std::string& path, const std::string& text) const;
  // The known path that resembles `path` most; empty when none comes near.
  std::string nearest(const std::string& path) const;
  // A number found under any of these paths, in this order, with `changes` laid over.
  std::optional<double> number(const std::vector<std::string>& paths, const std::map<std::string, std::string>& changes = {}) const;

 private:
  std::vector<ConfigKey> keys_;
};

// The value as a person reads it: text without its quotes.
QString shownValue(const std::string& json_text);

}  // namespace orrery::ui
