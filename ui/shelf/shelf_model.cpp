#include "ui/shelf/shelf_model.h"

#include <QLocale>
#include <algorithm>

#include "ui/widgets/format.h"

namespace orrery::ui {
namespace {

constexpr quintptr kHeading = 0;  // internalId of headings; entries carry their group + 1

}  // namespace

ShelfModel::ShelfModel(ShelfKeeper& keeper, QObject* parent) : QAbstractItemModel(parent), keeper_(keeper) {
  connect(&keeper.store(), &ShelfStore::changed, this, &ShelfModel::rebuild);
  connect(&keeper.thumbnails(), &Thumbnails::changed, this, [this](const QString& path) {
    const QModelIndex index = indexOf(path);
    if (index.isValid()) Q_EMIT dataChanged(index, index, {ThumbnailRole});
  });
  connect(&keeper, &ShelfKeeper::missingChanged, this, [this](const QStringList& paths) {
    // One by one: a name that is being typed elsewhere must not be read anew.
    for (const QString& path : paths) {
      const QModelIndex index = indexOf(path);
      if (index.isValid()) Q_EMIT dataChanged(index, index, {MissingRole, SubtitleRole});
    }
  });
  rebuild();
}

bool ShelfModel::fits(const ShelfEntry& entry) const {
  for (const QString& word : search_.split(QLatin1Char(' '), Qt::SkipEmptyParts)) {
    const auto has = [&](const QString& text) { return text.contains(word, Qt::CaseInsensitive); };
    if (word.startsWith(QLatin1Char('#')) && word.size() > 1) {
      if (std::none_of(entry.tags.begin(), entry.tags.end(), [&](const QString& tag) { return tag.startsWith(word.mid(1), Qt::CaseInsensitive); })) return false;
    } else if (!has(entry.name) && !has(entry.system) && !has(entry.note) && !has(entry.path) && std::none_of(entry.tags.begin(), entry.tags.end(), has)) {
      return false;
    }
  }
  return true;
}

void ShelfModel::rebuild() {
  beginResetModel();
  for (auto& group : groups_) group.clear();
  for (const auto& entry : keeper_.store().entries()) {
    if (fits(entry)) groups_[static_cast<int>(entry.kind)] << entry;
  }
  for (auto& group : groups_) {
    std::stable_sort(group.begin(), group.end(), [this](const ShelfEntry& a, const ShelfEntry& b) {
      if (a.starter || b.starter) return a.starter && !b.starter;  // starters stand first, in their own order
      switch (order_) {
        case ShelfOrder::newest: return a.when > b.when;
        case ShelfOrder::name: return a.name.localeAwareCompare(b.name) < 0;
        case ShelfOrder::size: return a.size_bytes > b.size_bytes;
      }
      return false;
    });
  }
  endResetModel();
}

void ShelfModel::setSearch(const QString& text) {
  search_ = text;
  rebuild();
}

void ShelfModel::setOrder(ShelfOrder order) {
  order_ = order;
  rebuild();
}

const ShelfEntry* ShelfModel::entry(const QModelIndex& index) const {
  if (!index.isValid() || index.internalId() == kHeading) return nullptr;
  const auto& group = groups_[index.internalId() - 1];
  return index.row() < group.size() ? &group[index.row()] : nullptr;
}

QModelIndex ShelfModel::indexOf(const QString& path) const {
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    for (int row = 0; row < groups_[group].size(); ++row) {
      if (groups_[group][row].path == path) return createIndex(row, 0, group + 1);
    }
  }
  return {};
}

QModelIndex ShelfModel::index(int row, int column, const QModelIndex& parent) const {
  if (column != 0 || row < 0) return {};
  if (!parent.isValid()) return row < 4 ? createIndex(row, 0, kHeading) : QModelIndex();
  if (parent.internalId() != kHeading) return {};
  return row < groups_[parent.row()].size() ? createIndex(row, 0, static_cast<quintptr>(parent.row()) + 1) : QModelIndex();
}

QModelIndex ShelfModel::parent(const QModelIndex& index) const {
  if (!index.isValid() || index.internalId() == kHeading) return {};
  return createIndex(static_cast<int>(index.internalId()) - 1, 0, kHeading);
}

int ShelfModel::rowCount(const QModelIndex& parent) const {
  if (!parent.isValid()) return 4;
  return parent.internalId() == kHeading ? static_cast<int>(groups_[parent.row()].size()) : 0;
}

Qt::ItemFlags ShelfModel::flags(const QModelIndex& index) const {
  if (!entry(index)) return Qt::ItemIsEnabled;
  return Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsEditable | Qt::ItemNeverHasChildren;
}

QVariant ShelfModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const ShelfEntry* one = entry(index);
  if (!one) {
    static const char* const kNames[] = {QT_TR_NOOP("Models"), QT_TR_NOOP("Data"), QT_TR_NOOP("Runs"), QT_TR_NOOP("Exports")};
    switch (role) {
      case Qt::DisplayRole:
      case Qt::AccessibleTextRole: return tr(kNames[index.row()]);
      case HeadingRole: return true;
      case CountRole: return static_cast<int>(groups_[index.row()].size());
      case KindRole: return index.row();
      default: return {};
    }
  }
  const bool missing = keeper_.missing(one->path);
  const QString age = one->starter || !one->when.isValid() ? QString() : formatAgo(one->when.secsTo(QDateTime::currentDateTime()));
  QStringList parts;
  if (!one->note.isEmpty()) parts << one->note;
  if (one->size_bytes > 0) parts << formatBytes(one->size_bytes);
  for (const QString& tag : one->tags) parts << QLatin1Char('#') + tag;
  const QString subtitle = missing ? tr("Missing") : parts.join(QStringLiteral(" · "));
  switch (role) {
    case Qt::DisplayRole:
    case Qt::EditRole: return one->name;
    case Qt::AccessibleTextRole: return QStringLiteral("%1, %2 %3").arg(one->name, subtitle, age);
    case Qt::ToolTipRole: {
      QStringList lines{one->name, one->path};
      if (!one->system.isEmpty()) lines << one->system;
      if (!subtitle.isEmpty()) lines << subtitle;
      return QStringLiteral("<qt>%1</qt>").arg(lines.join(QLatin1Char('\n')).toHtmlEscaped().replace(QLatin1Char('\n'), QLatin1String("<br>")));
    }
    case PathRole: return one->path;
    case SubtitleRole: return subtitle;
    case AgeRole: return age;
    case MissingRole: return missing;
    case ThumbnailRole: return keeper_.thumbnails().of(*one);
    case HeadingRole: return false;
    case KindRole: return static_cast<int>(one->kind);
    case SystemRole: return one->system;
    default: return {};
  }
}

bool ShelfModel::setData(const QModelIndex& index, const QVariant& value, int role) {
  const ShelfEntry* one = entry(index);
  if (!one || role != Qt::EditRole) return false;
  // Once the editor is gone: the rename rebuilds the tree under it.
  QMetaObject::invokeMethod(
      this, [this, path = one->path, name = value.toString()] { keeper_.rename(path, name); }, Qt::QueuedConnection);
  return true;
}

}  // namespace orrery::ui
