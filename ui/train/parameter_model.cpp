#include "ui/train/parameter_model.h"

#include <QColor>
#include <QComboBox>
#include <QGuiApplication>
#include <QLineEdit>
#include <QPainter>
#include <algorithm>

#include "ui/style/colors.h"

namespace orrery::ui {

ParameterModel::ParameterModel(QObject* parent) : QAbstractItemModel(parent) {}

void ParameterModel::setBook(const ConfigBook& book) {
  book_ = book;
  // A change that has become the preset's own value is none any more.
  std::erase_if(changes_, [this](const auto& one) {
    const ConfigKey* key = book_.find(one.first);
    return key && shownValue(key->value) == shownValue(one.second);
  });
  rebuild();
}

void ParameterModel::setChanges(std::map<std::string, std::string> changes) {
  changes_ = std::move(changes);
  rebuild();
  Q_EMIT changed();
}

void ParameterModel::setSearch(const QString& text) {
  search_ = text;
  rebuild();
}

void ParameterModel::rebuild() {
  beginResetModel();
  sections_.clear();
  const QStringList words = search_.split(QLatin1Char(' '), Qt::SkipEmptyParts);
  const auto add = [&](const std::string& path, const QString& help, bool known) {
    const QString full = QString::fromStdString(path);
    for (const QString& word : words) {
      if (!full.contains(word, Qt::CaseInsensitive) && !help.contains(word, Qt::CaseInsensitive)) return;
    }
    const int dot = full.lastIndexOf(QLatin1Char('.'));
    const QString section = known ? (dot < 0 ? tr("general") : full.left(dot)) : tr("unknown keys");
    auto found = std::find_if(sections_.begin(), sections_.end(), [&](const Section& one) { return one.name == section; });
    if (found == sections_.end()) found = sections_.insert(sections_.end(), Section{section, {}});
    found->rows.push_back({path, known ? full.mid(dot + 1) : full, known});
  };
  for (const auto& [path, value] : changes_) {
    if (!book_.find(path)) add(path, {}, false);
  }
  for (const auto& key : book_.keys()) add(key.path, key.help, true);
  endResetModel();
}

void ParameterModel::change(const std::string& path, const std::string& text) {
  const ConfigKey* key = book_.find(path);
  if (key && (text == key->value || QString::fromStdString(text) == shownValue(key->value))) return reset(path);
  if (const auto known = changes_.find(path); known != changes_.end() && known->second == text) return;
  changes_[path] = text;
  if (key) {
    const QModelIndex index = indexOf(path);
    if (index.isValid()) Q_EMIT dataChanged(index, index.siblingAtColumn(1));
  } else {
    rebuild();
  }
  Q_EMIT changed();
}

void ParameterModel::reset(const std::string& path) {
  if (changes_.erase(path) == 0) return;
  if (book_.find(path)) {
    const QModelIndex index = indexOf(path);
    if (index.isValid()) Q_EMIT dataChanged(index, index.siblingAtColumn(1));
  } else {
    rebuild();
  }
  Q_EMIT changed();
}

QModelIndex ParameterModel::indexOf(const std::string& path) const {
  for (std::size_t section = 0; section < sections_.size(); ++section) {
    for (std::size_t i = 0; i < sections_[section].rows.size(); ++i) {
      if (sections_[section].rows[i].path == path) return createIndex(static_cast<int>(i), 0, section + 1);
    }
  }
  return {};
}

const ParameterModel::Row* ParameterModel::row(const QModelIndex& index) const {
  if (!index.isValid() || index.internalId() == 0) return nullptr;
  const auto& rows = sections_[index.internalId() - 1].rows;
  return index.row() < static_cast<int>(rows.size()) ? &rows[index.row()] : nullptr;
}

std::string ParameterModel::valueOf(const Row& row) const {
  const auto changed = changes_.find(row.path);
  if (changed != changes_.end()) return changed->second;
  const ConfigKey* key = book_.find(row.path);
  return key ? key->value : std::string();
}

QModelIndex ParameterModel::index(int row, int column, const QModelIndex& parent) const {
  if (row < 0 || column < 0 || column > 1) return {};
  if (!parent.isValid()) return row < static_cast<int>(sections_.size()) ? createIndex(row, column, quintptr{0}) : QModelIndex();
  if (parent.internalId() != 0) return {};
  return row < static_cast<int>(sections_[parent.row()].rows.size()) ? createIndex(row, column, static_cast<quintptr>(parent.row()) + 1) : QModelIndex();
}

QModelIndex ParameterModel::parent(const QModelIndex& index) const {
  if (!index.isValid() || index.internalId() == 0) return {};
  return createIndex(static_cast<int>(index.internalId()) - 1, 0, quintptr{0});
}

int ParameterModel::rowCount(const QModelIndex& parent) const {
  if (!parent.isValid()) return static_cast<int>(sections_.size());
  if (parent.internalId() != 0 || parent.column() != 0) return 0;
  return static_cast<int>(sections_[parent.row()].rows.size());
}

Qt::ItemFlags ParameterModel::flags(const QModelIndex& index) const {
  const Row* one = row(index);
  if (!one) return Qt::ItemIsEnabled;
  Qt::ItemFlags flags = Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemNeverHasChildren;
  if (index.column() == 1 && !read_only_) {
    const ConfigKey* key = book_.find(one->path);
    flags |= key && key->type == ConfigKey::Type::toggle ? Qt::ItemIsUserCheckable : Qt::ItemIsEditable;
  }
  return flags;
}

QVariant ParameterModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  return section == 0 ? tr("Setting") : tr("Value");
}

QVariant ParameterModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const Row* one = row(index);
  const Colors& colors = colorsOf(QGuiApplication::palette());
  if (!one) {
    if (index.internalId() != 0) return {};
    if (role == Qt::DisplayRole && index.column() == 0) return sections_[index.row()].name;
    if (role == Qt::ForegroundRole) return sections_[index.row()].name == tr("unknown keys") ? colors.danger : colors.dim;
    return {};
  }
  const ConfigKey* key = book_.find(one->path);
  const bool is_changed = changes_.contains(one->path);
  const std::string value = valueOf(*one);
  const bool toggle = key && key->type == ConfigKey::Type::toggle;
  switch (role) {
    case Qt::DisplayRole:
      if (index.column() == 0) return one->name;
      if (toggle) return value == "true" ? tr("on") : tr("off");
      return key && !key->unit.isEmpty() ? QStringLiteral("%1 %2").arg(shownValue(value), key->unit) : shownValue(value);
    case Qt::EditRole: return shownValue(value);
    case Qt::CheckStateRole: return toggle && index.column() == 1 ? QVariant(value == "true" ? Qt::Checked : Qt::Unchecked) : QVariant();
    case Qt::ToolTipRole: {
      QStringList lines{QString::fromStdString(one->path)};
      if (key && !key->help.isEmpty()) lines << key->help;
      if (key) lines << tr("Preset: %1").arg(shownValue(key->value));
      if (key && (key->min || key->max)) {
        lines << tr("Range: %1 to %2").arg(key->min ? QString::number(*key->min) : QStringLiteral("−∞"), key->max ? QString::number(*key->max) : QStringLiteral("∞"));
      }
      return QStringLiteral("<qt>%1</qt>").arg(lines.join(QLatin1Char('\n')).toHtmlEscaped().replace(QLatin1Char('\n'), QLatin1String("<br>")));
    }
    case Qt::ForegroundRole:
      if (!one->known || (is_changed && book_.check(one->path, value))) return colors.danger;
      if (is_changed) return QGuiApplication::palette().color(QPalette::Highlight);
      return index.column() == 0 ? colors.dim : colors.text;
    case PathRole: return QString::fromStdString(one->path);
    case ChangedRole: return is_changed;
    case ProblemRole: return is_changed ? book_.check(one->path, value).value_or(QString()) : QString();
    case ChoicesRole: return key ? key->choices : QStringList();
    case TypeRole: return key ? static_cast<int>(key->type) : static_cast<int>(ConfigKey::Type::other);
    default: return {};
  }
}

bool ParameterModel::setData(const QModelIndex& index, const QVariant& value, int role) {
  const Row* one = row(index);
  if (!one || read_only_) return false;
  const std::string path = one->path;
  if (role == Qt::CheckStateRole) {
    change(path, value.toInt() == Qt::Checked ? "true" : "false");
    return true;
  }
  if (role != Qt::EditRole) return false;
  change(path, value.toString().trimmed().toStdString());
  return true;
}

// ---- the delegate ----

QWidget* ParameterDelegate::createEditor(QWidget* parent, const QStyleOptionViewItem&, const QModelIndex& index) const {
  const QStringList choices = index.data(ParameterModel::ChoicesRole).toStringList();
  if (!choices.isEmpty()) {
    auto* list = new QComboBox(parent);
    list->addItems(choices);
    // Chosen is done: no second key press.
    connect(list, &QComboBox::activated, this, [this, list] {
      Q_EMIT const_cast<ParameterDelegate*>(this)->commitData(list);
      Q_EMIT const_cast<ParameterDelegate*>(this)->closeEditor(list);
    });
    return list;
  }
  auto* line = new QLineEdit(parent);
  line->setAccessibleName(index.data(ParameterModel::PathRole).toString());
  return line;
}

void ParameterDelegate::setEditorData(QWidget* editor, const QModelIndex& index) const {
  const QString value = index.data(Qt::EditRole).toString();
  if (auto* list = qobject_cast<QComboBox*>(editor)) {
    list->setCurrentIndex(std::max(0, list->findText(value)));
  } else if (auto* line = qobject_cast<QLineEdit*>(editor)) {
    line->setText(value);
    line->selectAll();
  }
}

void ParameterDelegate::setModelData(QWidget* editor, QAbstractItemModel* model, const QModelIndex& index) const {
  if (auto* list = qobject_cast<QComboBox*>(editor)) {
    model->setData(index, list->currentText(), Qt::EditRole);
  } else if (auto* line = qobject_cast<QLineEdit*>(editor)) {
    model->setData(index, line->text(), Qt::EditRole);
  }
}

void ParameterDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  QStyledItemDelegate::paint(painter, option, index);
  // A dot marks what differs from the preset, beside its colour.
  if (index.column() == 0 && index.data(ParameterModel::ChangedRole).toBool()) {
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(Qt::NoPen);
    painter->setBrush(index.data(Qt::ForegroundRole).value<QColor>());
    painter->drawEllipse(QPointF(option.rect.x() - 5, option.rect.center().y() + 1), 2.5, 2.5);
    painter->restore();
  }
}

}  // namespace orrery::ui
