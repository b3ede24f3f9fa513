// What training has really done on this machine: speed and memory of each system and preset, noted by runs, shown on the cards.
#pragma once

#include <QObject>
#include <map>
#include <optional>

#include "ui/session/session.h"

namespace orrery::ui {

struct Measured {
  double pictures_per_s = 0.0;
  double memory_mb = 0.0;
};

class MeasuredSpeeds : public QObject {
  Q_OBJECT

 public:
  explicit MeasuredSpeeds(Session& session);

  // The run form says what a job trains: the job's own status does not.
  void watch(JobId job, const std::string& system, const std::string& preset);
  std::optional<Measured> of(const std::string& system, const std::string& preset) const;
  // The best of its presets.
  std::optional<Measured> of(const std::string& system) const;

 Q_SIGNALS:
  void changed();

 private:
  void take(const JobStatus& status);
  void save() const;

  std::map<JobId, std::pair<std::string, std::string>> watched_;
  std::map<std::pair<std::string, std::string>, Measured> known_;
};

}  // namespace orrery::ui
