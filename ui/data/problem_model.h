// What was skipped or changed on the way in, with the reason of each.
#pragma once

#include <QAbstractTableModel>
#include <vector>

#include "engine/api/dataset.h"

namespace orrery::ui {

class ProblemModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum class Show { all, skipped, kept };
  using QAbstractTableModel::QAbstractTableModel;

  void setProblems(std::vector<ImportProblem> problems);
  void setShow(Show show);
  int skipped() const;
  int kept() const { return static_cast<int>(problems_.size()) - skipped(); }
  QString fileAt(int row) const;
  // One line a problem: file, a tab, the reason.
  QString asText() const;

  int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : static_cast<int>(rows_.size()); }
  int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : 2; }
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  void filter();

  std::vector<ImportProblem> problems_;
  std::vector<int> rows_;
  Show show_ = Show::all;
};

}  // namespace orrery::ui
