#include "engine/jobs/snapshot_broadcast.h"

#include <filesystem>

#include "engine/api/result.h"
#include "engine/train/run_folder.h"

namespace orrery {

SnapshotBroadcast::~SnapshotBroadcast() {
  std::error_code ignored;
  if (!written_.empty()) std::filesystem::remove(written_, ignored);
}

bool SnapshotBroadcast::watched(const std::string&) const { return job_.server() != nullptr && job_.server()->watched(); }

void SnapshotBroadcast::publish(const std::string& run_folder, std::shared_ptr<const Model> model, const std::map<std::string, double>&, bool keep) {
  if (!watched(run_folder)) return;
  if (!keep) {
    written_ = RunFolder{run_folder}.live();
    try {
      save_model(*model, written_);
    } catch (const Error&) {
      return;  // the next one will do
    }
  }
  job_.server()->send(keep ? jobs::SnapshotNews::kept : jobs::SnapshotNews::passing);
}

}  // namespace orrery
