#include "ui/search/search_index.h"

#include <QCoreApplication>
#include <QStringList>
#include <algorithm>

#include "ui/widgets/format.h"

namespace orrery::ui {
namespace {

bool beginsWord(const QString& text, qsizetype at) { return at == 0 || !text[at - 1].isLetterOrNumber(); }

// One word of the query against one text: 3 whole word, 2 beginning of a word, 1 inside, 0.4 letters in order, 0 not at all.
double fitWord(const QString& text, const QString& word) {
  double best = 0.0;
  for (qsizetype at = text.indexOf(word, 0, Qt::CaseInsensitive); at >= 0; at = text.indexOf(word, at + 1, Qt::CaseInsensitive)) {
    const bool begins = beginsWord(text, at), ends = at + word.size() == text.size() || !text[at + word.size()].isLetterOrNumber();
    best = std::max(best, begins && ends ? 3.0 : begins ? 2.0 : 1.0);
  }
  if (best > 0.0 || word.size() < 3) return best;
  qsizetype next = 0;
  for (const QChar letter : text) {
    if (next < word.size() && letter.toLower() == word[next].toLower()) ++next;
  }
  return next == word.size() ? 0.4 : 0.0;
}

}  // namespace

double fit(const SearchEntry& entry, const QString& query) {
  double sum = 0.0;
  for (const QString& word : query.split(QLatin1Char(' '), Qt::SkipEmptyParts)) {
    const double in_title = fitWord(entry.title, word);
    const double elsewhere = std::max({fitWord(entry.note, word), fitWord(entry.kind, word), fitWord(entry.words, word)});
    const double best = std::max(in_title * 2.0, elsewhere >= 1.0 ? elsewhere : 0.0);
    if (best <= 0.0) return 0.0;
    sum += best;
  }
  // Of two that fit alike the shorter title is meant.
  return sum + 1.0 / (10.0 + static_cast<double>(entry.title.size()));
}

std::vector<SearchEntry> found(const std::vector<SearchEntry>& entries, const QString& query, std::size_t most) {
  struct Ranked {
    double score;
    SearchEntry entry;
  };
  std::vector<Ranked> ranked;
  const QString trimmed = query.trimmed();
  const qsizetype space = trimmed.lastIndexOf(QLatin1Char(' '));
  double number = 0.0;
  const bool with_number = space > 0 && parseNumber(trimmed.mid(space + 1), &number);
  for (const auto& entry : entries) {
    if (with_number && entry.set && (!entry.takes || entry.takes(number))) {
      const double score = fit(entry, trimmed.left(space));
      if (score > 0.0) {
        SearchEntry setting = entry;
        setting.title = QCoreApplication::translate("Search", "Set %1 to %2").arg(entry.title, trimmed.mid(space + 1));
        setting.run = [set = entry.set, number] { set(number); };
        ranked.push_back({score + 1.0, setting});
        continue;
      }
    }
    const double score = trimmed.isEmpty() ? 1.0 : fit(entry, trimmed);
    if (score > 0.0) ranked.push_back({score, entry});
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) { return a.score > b.score; });
  std::vector<SearchEntry> out;
  for (const auto& one : ranked) {
    if (out.size() < most) out.push_back(one.entry);
  }
  return out;
}

}  // namespace orrery::ui
