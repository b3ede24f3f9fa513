#include "ui/data/problem_model.h"

#include <QGuiApplication>
#include <algorithm>

#include "ui/style/colors.h"
#include "ui/style/icons.h"

namespace orrery::ui {

void ProblemModel::setProblems(std::vector<ImportProblem> problems) {
  problems_ = std::move(problems);
  filter();
}

void ProblemModel::setShow(Show show) {
  show_ = show;
  filter();
}

void ProblemModel::filter() {
  beginResetModel();
  rows_.clear();
  for (std::size_t i = 0; i < problems_.size(); ++i) {
    if (show_ == Show::all || (show_ == Show::kept) == problems_[i].kept) rows_.push_back(static_cast<int>(i));
  }
  endResetModel();
}

int ProblemModel::skipped() const {
  return static_cast<int>(std::count_if(problems_.begin(), problems_.end(), [](const ImportProblem& one) { return !one.kept; }));
}

QString ProblemModel::fileAt(int row) const { return row >= 0 && row < rowCount() ? QString::fromStdString(problems_[rows_[row]].file) : QString(); }

QString ProblemModel::asText() const {
  QStringList lines;
  for (const int i : rows_) lines << QString::fromStdString(problems_[i].file + "\t" + problems_[i].reason);
  return lines.join(QLatin1Char('\n'));
}

QVariant ProblemModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  return section == 0 ? tr("File") : tr("What is the matter");
}

QVariant ProblemModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const ImportProblem& problem = problems_[rows_[index.row()]];
  const Colors& colors = colorsOf(QGuiApplication::palette());
  switch (role) {
    case Qt::DisplayRole: {
      // A newline in a name must not break the line.
      return QString::fromStdString(index.column() == 0 ? problem.file : problem.reason).replace(QLatin1Char('\n'), QChar(0x21B5));
    }
    case Qt::DecorationRole:
      if (index.column() != 0) return {};
      return problem.kept ? icon(QStringLiteral("info"), colors.dim) : icon(QStringLiteral("error"), colors.danger);
    case Qt::AccessibleTextRole: return problem.kept ? tr("Taken with a change: %1").arg(data(index, Qt::DisplayRole).toString()) : tr("Skipped: %1").arg(data(index, Qt::DisplayRole).toString());
    case Qt::ForegroundRole: return index.column() == 0 ? colors.text : colors.dim;
    case Qt::ToolTipRole: return QStringLiteral("<qt>%1<br>%2</qt>").arg(QString::fromStdString(problem.file).toHtmlEscaped(), QString::fromStdString(problem.reason).toHtmlEscaped());
    default: return {};
  }
}

}  // namespace orrery::ui
