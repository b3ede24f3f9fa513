// The keys of a configuration as a tree of sections, with what the person changed laid over.
#pragma once

#include <QAbstractItemModel>
#include <QStyledItemDelegate>
#include <map>
#include <string>
#include <vector>

#include "ui/train/config_book.h"

namespace orrery::ui {

class ParameterModel : public QAbstractItemModel {
  Q_OBJECT

 public:
  enum Role { PathRole = Qt::UserRole + 1, ChangedRole, ProblemRole, ChoicesRole, TypeRole };

  explicit ParameterModel(QObject* parent = nullptr);

  // Another preset: what was changed stays changed, also where the key is unknown (it is shown as such).
  void setBook(const ConfigBook& book);
  const ConfigBook& book() const { return book_; }
  const std::map<std::string, std::string>& changes() const { return changes_; }
  void setChanges(std::map<std::string, std::string> changes);
  // Takes a value as typed; equal to the preset's own it is no change.
  void change(const std::string& path, const std::string& text);
  void reset(const std::string& path);
  void setReadOnly(bool read_only) { read_only_ = read_only; }
  void setSearch(const QString& text);
  QModelIndex indexOf(const std::string& path) const;

  QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
  QModelIndex parent(const QModelIndex& index) const override;
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& = {}) const override { return 2; }
  QVariant data(const QModelIndex& index, int role) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role) override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 Q_SIGNALS:
  void changed();

 private:
  struct Row {
    std::string path;
    QString name;
    bool known = true;
  };
  struct Section {
    QString name;
    std::vector<Row> rows;
  };
  void rebuild();
  const Row* row(const QModelIndex& index) const;
  std::string valueOf(const Row& row) const;

  ConfigBook book_;
  std::map<std::string, std::string> changes_;
  std::vector<Section> sections_;
  QString search_;
  bool read_only_ = false;
};

// A line for text and numbers, a list for choices.
class ParameterDelegate : public QStyledItemDelegate {
  Q_OBJECT

 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  void setEditorData(QWidget* editor, const QModelIndex& index) const override;
  void setModelData(QWidget* editor, QAbstractItemModel* model, const QModelIndex& index) const override;
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

}  // namespace orrery::ui
