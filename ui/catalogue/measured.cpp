#include "ui/catalogue/measured.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include "ui/project/atomic_write.h"
#include "ui/project/user_folders.h"

namespace orrery::ui {
namespace {

QString file() { return stateFolder() + QStringLiteral("/measured.json"); }

}  // namespace

MeasuredSpeeds::MeasuredSpeeds(Session& session) : QObject(&session) {
  const auto bytes = readSmallFile(file());
  for (const auto& item : QJsonDocument::fromJson(bytes.value_or(QByteArray())).array()) {
    const QJsonObject object = item.toObject();
    const Measured measured{object.value(QLatin1String("img_per_s")).toDouble(), object.value(QLatin1String("memory_mb")).toDouble()};
    if (measured.pictures_per_s > 0.0) known_[{object.value(QLatin1String("system")).toString().toStdString(), object.value(QLatin1String("preset")).toString().toStdString()}] = measured;
  }
  connect(&session, &Session::jobChanged, this, &MeasuredSpeeds::take);
}

void MeasuredSpeeds::watch(JobId job, const std::string& system, const std::string& preset) { watched_[job] = {system, preset}; }

void MeasuredSpeeds::take(const JobStatus& status) {
  const auto watched = watched_.find(status.id);
  if (watched == watched_.end()) return;
  const auto number = [&](const char* name) {
    const auto found = status.numbers.find(name);
    return found == status.numbers.end() ? 0.0 : found->second;
  };
  const double speed = number("img_per_s");
  if (speed > 0.0) {
    Measured& known = known_[watched->second];
    known = {speed, std::max(known.memory_mb, number("memory_mb"))};
  }
  if (status.finished()) {
    watched_.erase(watched);
    save();
    Q_EMIT changed();
  }
}

std::optional<Measured> MeasuredSpeeds::of(const std::string& system, const std::string& preset) const {
  const auto found = known_.find({system, preset});
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Measured> MeasuredSpeeds::of(const std::string& system) const {
  std::optional<Measured> best;
  for (const auto& [key, measured] : known_) {
    if (key.first == system && (!best || measured.pictures_per_s > best->pictures_per_s)) best = measured;
  }
  return best;
}

void MeasuredSpeeds::save() const {
  QJsonArray list;
  for (const auto& [key, measured] : known_) {
    list.append(QJsonObject{{QStringLiteral("system"), QString::fromStdString(key.first)}, {QStringLiteral("preset"), QString::fromStdString(key.second)},
                            {QStringLiteral("img_per_s"), measured.pictures_per_s}, {QStringLiteral("memory_mb"), measured.memory_mb}});
  }
  writeFileAtomically(file(), QJsonDocument(list).toJson());  // a note for the cards: not worth a message
}

}  // namespace orrery::ui
