// Whether somebody trains in a run folder.
#pragma once

#include <string>

namespace orrery {

// True when another process holds the run (its advisory lock, engine/train/run_lock.h, which dies with it): then AttachJob can watch it. Asks the
// disk; call it from a worker thread. This process's own trainings do not count.
bool trained_elsewhere(const std::string& run);

}  // namespace orrery
