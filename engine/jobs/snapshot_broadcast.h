// Snapshots of a trainer without a window, for whoever watches from another process: through files of the run folder, since weights do not
// cross the control socket.
#pragma once

#include <string>

#include "engine/jobs/detached_job.h"
#include "engine/train/snapshot_sink.h"

namespace orrery {

class SnapshotBroadcast : public SnapshotSink {
 public:
  explicit SnapshotBroadcast(const DetachedJob& job) : job_(job) {}
  // Removes the passing snapshot: what counts is kept elsewhere.
  ~SnapshotBroadcast() override;
  bool watched(const std::string& run_folder) const override;
  // A passing snapshot is written to RUN/live.safetensors, a kept one lies in the folder already; then those who watch are told. A disk
  // that is full stops nothing.
  void publish(const std::string& run_folder, std::shared_ptr<const Model> model, const std::map<std::string, double>& metrics, bool keep) override;

 private:
  const DetachedJob& job_;
  std::string written_;
};

}  // namespace orrery
