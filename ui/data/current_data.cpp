#include "ui/data/current_data.h"

namespace orrery::ui {

CurrentData::CurrentData(Session& session) : QObject(&session), session_(session) {
  connect(&session, &Session::datasetOpened, this, &CurrentData::setStore);
}

QStringList CurrentData::builtIns() {
  return {QStringLiteral("builtin:emoji"), QStringLiteral("builtin:glyphs"), QStringLiteral("builtin:photos"), QStringLiteral("builtin:toy-letters"), QStringLiteral("builtin:toy-moons"),
          QStringLiteral("builtin:toy-swissroll"), QStringLiteral("builtin:toy-rings")};
}

void CurrentData::setStore(const QString& store) {
  if (store == store_ && info_) return;
  store_ = store;
  refresh();
}

void CurrentData::refresh() {
  const int asked = ++asked_;
  info_.reset();
  error_.reset();
  looking_ = !store_.isEmpty();
  Q_EMIT changed();
  if (store_.isEmpty()) return;
  const std::string store = store_.toStdString();
  session_.background<Result<DatasetInfo>>(
      this, [datasets = session_.studio().datasets.get(), store] { return datasets->info(store); },
      [this, asked](Result<DatasetInfo> result) {
        if (asked != asked_) return;  // another store has been chosen meanwhile
        looking_ = false;
        if (result) {
          info_ = result.value();
        } else {
          error_ = result.error();
        }
        Q_EMIT changed();
      });
}

}  // namespace orrery::ui
