// Lists behind the Tokens dock: the codes of the codebook, and the tokens of the picture.
#pragma once

#include <QAbstractListModel>
#include <QAbstractTableModel>
#include <vector>

namespace orrery::ui {

class TokenDesk;

enum class CodeOrder { number, usage, similarity, here };
inline constexpr int kCodeOrders = 4;

class CodeListModel : public QAbstractListModel {
  Q_OBJECT

 public:
  enum Role { CodeRole = Qt::UserRole + 1, DeadRole, PlacesRole };

  CodeListModel(TokenDesk& desk, QObject* parent);
  void setOrder(CodeOrder order);
  CodeOrder order() const { return order_; }
  void setSearch(const QString& text);  // a code's number, or its first digits
  int rowOf(int code) const;

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;

 private:
  void rebuild();
  void count();

  TokenDesk& desk_;
  CodeOrder order_ = CodeOrder::number;
  QString search_;
  std::vector<int> codes_, places_;  // shown, in order; how often each code is in the picture
};

class TokenTableModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { place, code, probability, entropy, round, pinned };

  TokenTableModel(TokenDesk& desk, QObject* parent);
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : 6; }
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role) override;

 private:
  void refresh();

  TokenDesk& desk_;
  int cells_ = 0;
};

}  // namespace orrery::ui
