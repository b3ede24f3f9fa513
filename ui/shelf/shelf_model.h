// The shelf as a tree of two levels for the view: four headings, and the entries that the search lets through, in the chosen order.
#pragma once

#include <QAbstractItemModel>
#include <array>

#include "ui/shelf/shelf_keeper.h"

namespace orrery::ui {

enum class ShelfOrder { newest, name, size };

class ShelfModel : public QAbstractItemModel {
  Q_OBJECT

 public:
  enum Role { PathRole = Qt::UserRole + 1, SubtitleRole, AgeRole, MissingRole, ThumbnailRole, HeadingRole, CountRole, KindRole, SystemRole };

  explicit ShelfModel(ShelfKeeper& keeper, QObject* parent = nullptr);

  void setSearch(const QString& text);
  void setOrder(ShelfOrder order);
  ShelfOrder order() const { return order_; }
  const ShelfEntry* entry(const QModelIndex& index) const;
  QModelIndex indexOf(const QString& path) const;

  QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
  QModelIndex parent(const QModelIndex& index) const override;
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& = {}) const override { return 1; }
  QVariant data(const QModelIndex& index, int role) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role) override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;

 private:
  void rebuild();
  bool fits(const ShelfEntry& entry) const;

  ShelfKeeper& keeper_;
  QString search_;
  ShelfOrder order_ = ShelfOrder::newest;
  std::array<QVector<ShelfEntry>, 4> groups_;
};

}  // namespace orrery::ui
