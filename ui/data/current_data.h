// The data set at hand: shown by the Data workspace, offered by the form of a new run, known to the catalogue's filter.
#pragma once

#include <QObject>
#include <optional>

#include "ui/session/session.h"

namespace orrery::ui {

class CurrentData : public QObject {
  Q_OBJECT

 public:
  explicit CurrentData(Session& session);

  const QString& store() const { return store_; }  // "" : none
  const std::optional<DatasetInfo>& info() const { return info_; }
  const std::optional<JobError>& error() const { return error_; }
  bool looking() const { return looking_; }
  void setStore(const QString& store);
  void refresh();

  // Always there, whatever lies on the disk.
  static QStringList builtIns();

 Q_SIGNALS:
  void changed();

 private:
  Session& session_;
  QString store_;
  std::optional<DatasetInfo> info_;
  std::optional<JobError> error_;
  bool looking_ = false;
  int asked_ = 0;
};

}  // namespace orrery::ui
