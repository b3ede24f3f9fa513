// A run folder as the window reads it: its record (config.json), its numbers (stats.jsonl), its log and its probe sheets.
#pragma once

#include <QString>
#include <QStringList>
#include <QVector>
#include <map>
#include <optional>
#include <string>

#include "ui/train/stats_history.h"

namespace orrery::ui {

struct RunRecordInfo {
  std::string system, preset, data, data_name, device;
  std::map<std::string, std::string> set;
  std::uint64_t seed = 0;
  int resolution_px = 0;
};
// Nothing when there is no run, or its record is damaged.
std::optional<RunRecordInfo> readRunRecord(const QString& folder);

// "probe-000012.png" -> 12; sheets in order of time.
struct ProbeSheet {
  QString file;
  double kimg = 0.0;
};
QVector<ProbeSheet> probeSheets(const QString& folder);

struct LogLine {
  QString time;  // "12:04:31"
  QString text;
  bool bad = false;
};
// The last `most` lines of log.txt.
QVector<LogLine> readLog(const QString& folder, int most = 500);

StatsHistory readHistory(const QString& folder);

}  // namespace orrery::ui
