#include "ui/tokens/code_models.h"

#include <QPixmap>
#include <algorithm>
#include <numeric>

#include "ui/tokens/token_desk.h"
#include "ui/widgets/format.h"

namespace orrery::ui {

CodeListModel::CodeListModel(TokenDesk& desk, QObject* parent) : QAbstractListModel(parent), desk_(desk) {
  connect(&desk, &TokenDesk::codebookChanged, this, &CodeListModel::rebuild);
  connect(&desk, &TokenDesk::lookChanged, this, [this] {
    count();
    if (order_ == CodeOrder::here) return rebuild();
    if (!codes_.empty()) Q_EMIT dataChanged(index(0), index(static_cast<int>(codes_.size()) - 1));
  });
  rebuild();
}

void CodeListModel::setOrder(CodeOrder order) {
  order_ = order;
  rebuild();
}

void CodeListModel::setSearch(const QString& text) {
  search_ = text.trimmed();
  rebuild();
}

int CodeListModel::rowOf(int code) const {
  const auto found = std::find(codes_.begin(), codes_.end(), code);
  return found == codes_.end() ? -1 : static_cast<int>(found - codes_.begin());
}

void CodeListModel::count() {
  const Codebook* book = desk_.codebook();
  places_.assign(book ? static_cast<std::size_t>(book->codes) : 0, 0);
  if (const TokenLook* look = desk_.look()) {
    for (const auto& cell : look->cells) {
      if (cell.code >= 0 && cell.code < static_cast<int>(places_.size())) ++places_[static_cast<std::size_t>(cell.code)];
    }
  }
}

void CodeListModel::rebuild() {
  beginResetModel();
  count();
  codes_.resize(places_.size());
  std::iota(codes_.begin(), codes_.end(), 0);
  if (const Codebook* book = desk_.codebook()) {
    const auto by = [&](auto key) { std::stable_sort(codes_.begin(), codes_.end(), [&](int a, int b) { return key(a) > key(b); }); };
    if (order_ == CodeOrder::usage && !book->usage.empty()) by([&](int code) { return book->usage[static_cast<std::size_t>(code)]; });
    if (order_ == CodeOrder::similarity && !book->plane.empty()) by([&](int code) { return -book->plane[2 * static_cast<std::size_t>(code)]; });
    if (order_ == CodeOrder::here) by([&](int code) { return places_[static_cast<std::size_t>(code)]; });
  }
  if (!search_.isEmpty()) std::erase_if(codes_, [&](int code) { return !QString::number(code).startsWith(search_); });
  endResetModel();
}

int CodeListModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(codes_.size()); }

QVariant CodeListModel::data(const QModelIndex& index, int role) const {
  const Codebook* book = desk_.codebook();
  if (!book || !index.isValid() || index.row() >= static_cast<int>(codes_.size())) return {};
  const int code = codes_[static_cast<std::size_t>(index.row())];
  const auto at = static_cast<std::size_t>(code);
  const bool known = at < book->usage.size();
  const bool dead = known && book->usage[at] <= 0.0F;
  switch (role) {
    case CodeRole: return code;
    case DeadRole: return dead;
    case PlacesRole: return places_[at];
    case Qt::DecorationRole: return QPixmap::fromImage(desk_.patch(code));
    case Qt::ToolTipRole:
    case Qt::AccessibleTextRole: {
      QStringList parts{tr("code %1").arg(code)};
      if (dead) parts << tr("never used in %1").arg(QString::fromStdString(book->usage_of));
      else if (known) parts << tr("%1 % of the tokens of %2").arg(formatNumber(book->usage[at] * 100.0, 2), QString::fromStdString(book->usage_of));
      parts << (places_[at] > 0 ? tr("%1 here").arg(places_[at]) : tr("none here"));
      return parts.join(QStringLiteral(", "));
    }
    default: return {};
  }
}

TokenTableModel::TokenTableModel(TokenDesk& desk, QObject* parent) : QAbstractTableModel(parent), desk_(desk) {
  for (const auto signal : {&TokenDesk::lookChanged, &TokenDesk::pinsChanged, &TokenDesk::codebookChanged}) connect(&desk, signal, this, &TokenTableModel::refresh);
  refresh();
}

void TokenTableModel::refresh() {
  const int cells = desk_.rows() * desk_.cols();
  if (cells != cells_) {
    beginResetModel();
    cells_ = cells;
    endResetModel();
  } else if (cells_ > 0) {
    Q_EMIT dataChanged(index(0, 0), index(cells_ - 1, 5));
  }
}

int TokenTableModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : cells_; }

QVariant TokenTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (role != Qt::DisplayRole || orientation != Qt::Horizontal) return {};
  const QString names[] = {tr("Place"), tr("Code"), tr("Confidence"), tr("Entropy"), tr("Round"), tr("Pinned")};
  return section >= 0 && section < 6 ? names[section] : QString();
}

Qt::ItemFlags TokenTableModel::flags(const QModelIndex& index) const {
  return QAbstractTableModel::flags(index) | (index.column() == pinned ? Qt::ItemIsUserCheckable : Qt::NoItemFlags);
}

bool TokenTableModel::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (role != Qt::CheckStateRole || index.column() != pinned) return false;
  if (value.toInt() == Qt::Checked) desk_.pin(index.row());
  else desk_.free(index.row());
  desk_.endGesture();
  return true;
}

QVariant TokenTableModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= cells_) return {};
  const int cell = index.row();
  if (role == Qt::CheckStateRole && index.column() == pinned) return desk_.pinned(cell) ? Qt::Checked : Qt::Unchecked;
  if (role == Qt::AccessibleTextRole) return desk_.describe(cell).join(QStringLiteral(", "));
  if (role == Qt::TextAlignmentRole && index.column() >= probability && index.column() <= round) return QVariant(Qt::AlignRight | Qt::AlignVCenter);
  const TokenLook* look = desk_.look();
  const TokenCell* at = look && cell < static_cast<int>(look->cells.size()) ? &look->cells[static_cast<std::size_t>(cell)] : nullptr;
  if (role == Qt::DecorationRole && index.column() == code && at && at->code >= 0 && desk_.codebook()) return QPixmap::fromImage(desk_.patch(at->code).scaled(16, 16, Qt::KeepAspectRatio, Qt::SmoothTransformation));
  if (role != Qt::DisplayRole) return {};
  switch (index.column()) {
    case place: return tr("%1, %2").arg(cell / std::max(1, desk_.cols()) + 1).arg(cell % std::max(1, desk_.cols()) + 1);
    case code: return !at || at->code < 0 ? QStringLiteral("–") : QString::number(at->code);
    case probability: return !at || at->code < 0 ? QStringLiteral("–") : tr("%1 %").arg(formatNumber(at->probability * 100.0, 1));
    case entropy: return at ? formatNumber(at->entropy_bits, 2) : QStringLiteral("–");
    case round: return !at || at->came < 0 ? QStringLiteral("–") : QString::number(at->came);
    default: return {};
  }
}

}  // namespace orrery::ui
