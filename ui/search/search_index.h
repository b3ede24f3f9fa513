// What can be found by Ctrl+K, and how well a text fits it.
#pragma once

#include <QString>
#include <functional>
#include <vector>

namespace orrery::ui {

struct SearchEntry {
  QString title;  // "Truncation ψ"
  QString kind;   // "Control", "Model", "Verb", "System", "Panel"
  QString note;   // shortcut, value, section
  QString words;  // also searched, not shown
  QString icon;
  std::function<void()> run;
  // A control that takes a number: "truncation 0.5" offers to set it.
  std::function<void(double)> set = {};
  std::function<bool(double)> takes = {};  // whether that number can be its value; empty: any
};

// 0: does not fit. Larger is better: whole words and beginnings of words before letters in order somewhere.
double fit(const SearchEntry& entry, const QString& query);

// The best entries, best first; of equally good ones the earlier. A number at the end of the query goes to `set`.
std::vector<SearchEntry> found(const std::vector<SearchEntry>& entries, const QString& query, std::size_t most);

}  // namespace orrery::ui
