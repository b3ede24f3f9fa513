// What lies in dropped folders and files, counted by name only (nothing is decoded), fast enough to watch: 100,000 files in well under a second.
#pragma once

#include <QString>
#include <QStringList>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace orrery::ui {

struct SourceCount {
  std::int64_t pictures = 0;
  std::int64_t films = 0;
  std::int64_t archives = 0;
  std::int64_t fonts = 0;
  std::int64_t others = 0;       // named, counted, and skipped by the import
  std::int64_t unreadable = 0;   // folders that may not be entered
  std::int64_t bytes = 0;        // of what can be taken
  std::map<std::string, std::int64_t> folders;  // pictures by first-level folder
  bool has_label_file = false;   // dataset.json or metadata.csv/jsonl
  std::string first_picture;     // for the preview, as raw bytes
  bool done = false;

  std::int64_t usable() const { return pictures + films + archives + fonts; }
  // Sub-folders that would become classes; 0 when all pictures lie at one level.
  std::int64_t classes() const { return folders.size() > 1 ? static_cast<std::int64_t>(folders.size()) : 0; }
};

enum class SourceKind { picture, film, archive, font, other };
SourceKind kindOfName(const std::string& name);

// Walks on the calling thread; `progress` at most every 40 ms and once at the end (with done set, unless it was stopped).
// Links to folders are not followed.
void scanSources(const QStringList& sources, const std::atomic<bool>& stop, const std::function<void(const SourceCount&)>& progress);

}  // namespace orrery::ui
