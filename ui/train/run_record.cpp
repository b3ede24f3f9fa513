#include "ui/train/run_record.h"

#include <QDir>
#include <nlohmann/json.hpp>

#include "ui/project/atomic_write.h"

namespace orrery::ui {

std::optional<RunRecordInfo> readRunRecord(const QString& folder) {
  const auto bytes = readSmallFile(folder + QStringLiteral("/config.json"));
  if (!bytes) return std::nullopt;
  const auto json = nlohmann::json::parse(bytes->begin(), bytes->end(), nullptr, false);
  try {
    RunRecordInfo info;
    info.system = json.at("system").get<std::string>();
    info.preset = json.value("preset", "");
    info.data = json.value("data", "");
    info.data_name = json.value("data_name", "");
    info.device = json.value("device", "cpu");
    info.seed = json.value("seed", std::uint64_t{0});
    info.set = json.value("set", std::map<std::string, std::string>());
    if (json.contains("shape")) info.resolution_px = json["shape"].value("resolution_px", 0);
    return info;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

QVector<ProbeSheet> probeSheets(const QString& folder) {
  QVector<ProbeSheet> sheets;
  const QDir probes(folder + QStringLiteral("/probes"));
  for (const QString& name : probes.entryList({QStringLiteral("probe-*.png")}, QDir::Files, QDir::Name)) {
    bool ok = false;
    const double kimg = name.mid(6, name.size() - 10).toDouble(&ok);
    if (ok) sheets << ProbeSheet{probes.filePath(name), kimg};
  }
  std::sort(sheets.begin(), sheets.end(), [](const ProbeSheet& a, const ProbeSheet& b) { return a.kimg < b.kimg; });
  return sheets;
}

QVector<LogLine> readLog(const QString& folder, int most) {
  QVector<LogLine> lines;
  const auto bytes = readSmallFile(folder + QStringLiteral("/log.txt"));
  if (!bytes) return lines;
  for (const QByteArray& line : bytes->split('\n')) {
    // "2026-11-25 12:04:31  resumed at step 400"
    const QString text = QString::fromUtf8(line);
    if (text.size() > 21) lines << LogLine{text.mid(0, 19), text.mid(21), false};
  }
  return lines.size() > most ? lines.mid(lines.size() - most) : lines;
}

StatsHistory readHistory(const QString& folder) { return StatsHistory::parse(readSmallFile(folder + QStringLiteral("/stats.jsonl"), qint64{256} << 20).value_or(QByteArray())); }

}  // namespace orrery::ui
