#include "ui/shelf/shelf_store.h"

#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <algorithm>

#include "ui/project/atomic_write.h"

namespace orrery::ui {
namespace {

const QStringList& kindNames() {
  static const QStringList names{QStringLiteral("model"), QStringLiteral("data"), QStringLiteral("run"), QStringLiteral("export")};
  return names;
}

}  // namespace

bool isBuiltIn(const QString& path) { return path.startsWith(QLatin1String("builtin:")) || path.startsWith(QLatin1String("starter:")); }

bool isMissing(const ShelfEntry& entry) {
  const QLatin1String points("points:");  // the picture that they are drawn from
  return !isBuiltIn(entry.path) && !QFileInfo::exists(entry.path.startsWith(points) ? entry.path.mid(points.size()) : entry.path);
}

QByteArray shelfToJson(const QVector<ShelfEntry>& entries) {
  QJsonArray list;
  for (const auto& entry : entries) {
    list.append(QJsonObject{{QStringLiteral("kind"), kindNames().at(static_cast<int>(entry.kind))},
                            {QStringLiteral("path"), entry.path},
                            {QStringLiteral("name"), entry.name},
                            {QStringLiteral("system"), entry.system},
                            {QStringLiteral("note"), entry.note},
                            {QStringLiteral("tags"), QJsonArray::fromStringList(entry.tags)},
                            {QStringLiteral("size_bytes"), entry.size_bytes},
                            {QStringLiteral("when"), entry.when.toUTC().toString(Qt::ISODateWithMs)},
                            {QStringLiteral("starter"), entry.starter}});
  }
  return QJsonDocument(QJsonObject{{QStringLiteral("version"), 1}, {QStringLiteral("entries"), list}}).toJson();
}

std::optional<QVector<ShelfEntry>> shelfFromJson(const QByteArray& json) {
  QJsonParseError error{};
  const auto document = QJsonDocument::fromJson(json, &error);
  if (error.error != QJsonParseError::NoError || !document.isObject() || !document.object().value(QLatin1String("entries")).isArray()) return std::nullopt;
  QVector<ShelfEntry> entries;
  for (const auto& item : document.object().value(QLatin1String("entries")).toArray()) {
    const QJsonObject object = item.toObject();
    const auto kind = kindNames().indexOf(object.value(QLatin1String("kind")).toString());
    ShelfEntry entry;
    entry.path = object.value(QLatin1String("path")).toString();
    if (kind < 0 || entry.path.isEmpty()) continue;
    entry.kind = static_cast<ShelfKind>(kind);
    entry.name = object.value(QLatin1String("name")).toString();
    entry.system = object.value(QLatin1String("system")).toString();
    entry.note = object.value(QLatin1String("note")).toString();
    for (const auto& tag : object.value(QLatin1String("tags")).toArray()) entry.tags << tag.toString();
    entry.size_bytes = object.value(QLatin1String("size_bytes")).toInteger();
    entry.when = QDateTime::fromString(object.value(QLatin1String("when")).toString(), Qt::ISODateWithMs).toLocalTime();
    entry.starter = object.value(QLatin1String("starter")).toBool();
    entries << entry;
  }
  return entries;
}

ShelfStore::ShelfStore(QString file, QObject* parent) : QObject(parent), file_(std::move(file)) {}

void ShelfStore::load() {
  const auto bytes = readSmallFile(file_);
  if (!bytes) return;
  if (auto entries = shelfFromJson(*bytes)) {
    entries_ = *entries;
    Q_EMIT changed();
    return;
  }
  const QString aside = file_ + QStringLiteral(".damaged");
  QFile::remove(aside);
  QFile::rename(file_, aside);
  Q_EMIT problem(tr("The list of the shelf was damaged and starts empty."), aside);
}

const ShelfEntry* ShelfStore::find(const QString& path) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const ShelfEntry& entry) { return entry.path == path; });
  return found == entries_.end() ? nullptr : &*found;
}

ShelfEntry* ShelfStore::entryOf(const QString& path) { return const_cast<ShelfEntry*>(std::as_const(*this).find(path)); }

void ShelfStore::put(const ShelfEntry& entry) {
  if (ShelfEntry* known = entryOf(entry.path)) {
    ShelfEntry next = *known;
    next.size_bytes = entry.size_bytes;
    if (!entry.system.isEmpty()) next.system = entry.system;
    if (!entry.note.isEmpty()) next.note = entry.note;
    next.starter = entry.starter;
    if (next == *known) return;
    *known = next;
  } else {
    entries_ << entry;
    if (!entries_.back().when.isValid()) entries_.back().when = QDateTime::currentDateTime();
  }
  save();
}

void ShelfStore::restore(const ShelfEntry& entry) {
  if (ShelfEntry* known = entryOf(entry.path)) {
    *known = entry;
  } else {
    entries_ << entry;
  }
  save();
}

void ShelfStore::remove(const QString& path) {
  if (entries_.removeIf([&](const ShelfEntry& entry) { return entry.path == path; }) > 0) save();
}

void ShelfStore::rename(const QString& path, const QString& name) {
  if (ShelfEntry* entry = entryOf(path); entry && !name.trimmed().isEmpty()) {
    entry->name = name.trimmed();
    save();
  }
}

void ShelfStore::setTags(const QString& path, const QStringList& tags) {
  if (ShelfEntry* entry = entryOf(path)) {
    entry->tags = tags;
    save();
  }
}

void ShelfStore::relocate(const QString& path, const QString& new_path) {
  ShelfEntry* entry = entryOf(path);
  if (!entry || path == new_path) return;
  ShelfEntry moved = *entry;
  moved.path = new_path;
  entries_.removeIf([&](const ShelfEntry& other) { return other.path == new_path; });
  *entryOf(path) = moved;
  save();
}

void ShelfStore::save() {
  if (const auto reason = writeFileAtomically(file_, shelfToJson(entries_))) {
    Q_EMIT problem(tr("The list of the shelf could not be saved."), *reason);
  }
  Q_EMIT changed();
}

}  // namespace orrery::ui
