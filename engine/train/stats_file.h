// RUN/stats.jsonl: one JSON object a line, the truth about a run's numbers. Appended and flushed line by line; a line torn by a crash is
// dropped, not an error.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/api/training.h"

namespace orrery {

// {"step":128,"kimg":2.048,"wall_s":31.5,"loss.g":0.71,...}: keys of `values` sorted, shortest round-trip numbers whatever the locale.
std::string stats_line(const StatsPoint& point);
// Every complete line, oldest first; lines that are not such an object are left out. A missing file is an empty list.
std::vector<StatsPoint> read_stats(const std::string& path);

class StatsFile {
 public:
  // Opens for appending and cuts off whatever lies beyond `last_step` (a resumed run writes those lines again) or is not a whole line.
  // Throws Error(disk_full, failed).
  StatsFile(std::string path, std::int64_t last_step);
  ~StatsFile();
  StatsFile(const StatsFile&) = delete;
  StatsFile& operator=(const StatsFile&) = delete;

  // Throws Error(disk_full, failed); a line that was written in part is taken back.
  void append(const StatsPoint& point);
  void truncate_after(std::int64_t last_step);

 private:
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace orrery
