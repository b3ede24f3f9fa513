// What would doom a training run, found before it starts. A pure function of facts, so that every rule has a test.
#pragma once

#include <QString>
#include <optional>
#include <string>
#include <vector>

#include "engine/api/catalogue.h"
#include "engine/api/dataset.h"
#include "engine/api/job.h"
#include "engine/api/training.h"
#include "ui/train/config_book.h"

namespace orrery::ui {

// How the run folder stands on the disk.
struct FolderState {
  bool exists = false;
  bool is_folder = true;
  bool empty = true;
  bool writable = true;    // or, when it does not exist, its nearest existing parent
  qint64 free_bytes = -1;  // negative: unknown
};
FolderState lookAtFolder(const QString& path);

struct PreflightFacts {
  const SystemInfo* system = nullptr;
  TrainOptions options;
  std::optional<ConfigBook> config;           // of the system and preset
  std::optional<DatasetInfo> data;            // once it is known
  std::optional<JobError> data_error;
  bool data_looking = false;                  // still being asked
  FolderState folder;
  bool folder_in_use = false;                 // a run of this window writes there now
  int runs_under_way = 0;
};

struct PreflightItem {
  enum class Level { good, looking, warning, blocks };
  enum class Fix { none, choose_data, free_folder, resume, drop_key, catalogue };
  Level level = Level::good;
  QString what;
  QString to_do;
  Fix fix = Fix::none;
  QString fix_label;
  std::string key;  // for drop_key
};

// At least one item; the worst first.
std::vector<PreflightItem> preflight(const PreflightFacts& facts);
bool mayStart(const std::vector<PreflightItem>& items);

}  // namespace orrery::ui
