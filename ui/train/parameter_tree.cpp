#include "ui/train/parameter_tree.h"

#include <QCompleter>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QStringListModel>
#include <QTreeView>
#include <QVBoxLayout>

#include "ui/widgets/labels.h"
#include "ui/widgets/tight.h"

namespace orrery::ui {

ParameterTree::ParameterTree(bool read_only, QWidget* parent) : QWidget(parent) {
  model_ = new ParameterModel(this);
  model_->setReadOnly(read_only);
  search_ = new QLineEdit;
  search_->setPlaceholderText(tr("Search settings and their help"));
  search_->setAccessibleName(tr("Search settings"));
  search_->setClearButtonEnabled(true);
  view_ = new QTreeView;
  view_->setModel(model_);
  view_->setItemDelegate(new ParameterDelegate(view_));
  view_->setAccessibleName(tr("Settings"));
  view_->setIndentation(14);
  view_->setRootIsDecorated(true);
  view_->setUniformRowHeights(true);
  view_->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed | QAbstractItemView::AnyKeyPressed | QAbstractItemView::SelectedClicked);
  view_->setMinimumHeight(220);
  view_->header()->setSectionResizeMode(0, QHeaderView::Stretch);
  view_->header()->setSectionResizeMode(1, QHeaderView::Interactive);
  view_->header()->setStretchLastSection(false);
  view_->header()->resizeSection(1, 150);
  view_->installEventFilter(this);
  help_ = makeWrappedLabel(QString(), "dim");
  help_->setMinimumHeight(36);
  help_->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  reset_ = withTip(makeButton(tr("Preset's value"), "link"), tr("Takes the change back (Delete)"));
  line_ = new QLineEdit;
  line_->setPlaceholderText(tr("path = value, such as train.batch = 8"));
  line_->setAccessibleName(tr("Set by path"));
  auto* completer = new QCompleter(line_);
  completer->setModel(new QStringListModel(completer));
  completer->setFilterMode(Qt::MatchContains);
  completer->setCaseSensitivity(Qt::CaseInsensitive);
  line_->setCompleter(completer);

  auto* about = tight(new QHBoxLayout);
  about->addWidget(help_, 1);
  about->addWidget(reset_, 0, Qt::AlignTop);
  auto* column = tight(new QVBoxLayout(this));
  column->addWidget(search_);
  column->addWidget(view_, 1);
  column->addLayout(about);
  column->addWidget(line_);
  line_->setVisible(!read_only);
  reset_->setVisible(!read_only);

  connect(search_, &QLineEdit::textChanged, model_, &ParameterModel::setSearch);
  connect(model_, &ParameterModel::modelReset, this, [this] {
    view_->expandAll();
    QStringList paths;
    for (const auto& key : model_->book().keys()) paths << QString::fromStdString(key.path);
    static_cast<QStringListModel*>(line_->completer()->model())->setStringList(paths);
    refreshHelp();
  });
  connect(model_, &ParameterModel::changed, this, &ParameterTree::refreshHelp);
  connect(view_->selectionModel(), &QItemSelectionModel::currentChanged, this, &ParameterTree::refreshHelp);
  connect(line_, &QLineEdit::returnPressed, this, &ParameterTree::takeLine);
  connect(reset_, &QPushButton::clicked, this, [this] { model_->reset(view_->currentIndex().data(ParameterModel::PathRole).toString().toStdString()); });
  refreshHelp();
}

void ParameterTree::refreshHelp() {
  const QModelIndex index = view_->currentIndex().siblingAtColumn(0);
  const QString path = index.data(ParameterModel::PathRole).toString();
  const ConfigKey* key = model_->book().find(path.toStdString());
  const QString problem = index.data(ParameterModel::ProblemRole).toString();
  QString text;
  if (path.isEmpty()) {
    text = tr("Choose a setting to read what it does.");
  } else if (!problem.isEmpty()) {
    text = problem;
  } else if (key) {
    text = key->help.isEmpty() ? path : key->help;
    if (index.data(ParameterModel::ChangedRole).toBool()) text += tr(" (preset: %1)").arg(shownValue(key->value));
  }
  help_->setText(text);
  setRole(help_, problem.isEmpty() ? "dim" : "danger");
  reset_->setEnabled(index.data(ParameterModel::ChangedRole).toBool());
}

void ParameterTree::takeLine() {
  const QString text = line_->text();
  const int at = text.indexOf(QLatin1Char('='));
  const QString path = text.left(at).trimmed(), value = text.mid(at + 1).trimmed();
  if (at < 0 || path.isEmpty() || value.isEmpty()) {
    setRole(line_, "bad");
    return;
  }
  setRole(line_, "");
  model_->change(path.toStdString(), value.toStdString());
  line_->clear();
  reveal(path.toStdString());
  line_->setFocus();
}

void ParameterTree::reveal(const std::string& path) {
  if (path.ends_with(".*")) {  // a whole group
    search_->setText(QString::fromStdString(path.substr(0, path.size() - 1)));
    search_->setFocus();
    return;
  }
  if (!model_->indexOf(path).isValid()) search_->clear();
  const QModelIndex index = model_->indexOf(path);
  if (!index.isValid()) return;
  view_->setCurrentIndex(index.siblingAtColumn(1));
  view_->scrollTo(index);
  view_->setFocus();
}

bool ParameterTree::eventFilter(QObject* watched, QEvent* event) {
  if (watched == view_ && event->type() == QEvent::KeyPress) {
    // What an open editor passes on is done with.
    if (view_->isPersistentEditorOpen(view_->currentIndex().siblingAtColumn(1))) return true;
    const int key = static_cast<QKeyEvent*>(event)->key();
    if (key == Qt::Key_Delete || key == Qt::Key_Backspace) {
      if (reset_->isVisibleTo(this)) model_->reset(view_->currentIndex().data(ParameterModel::PathRole).toString().toStdString());
      return true;
    }
    if ((key == Qt::Key_Return || key == Qt::Key_Enter) && view_->currentIndex().isValid()) {
      view_->edit(view_->currentIndex().siblingAtColumn(1));
      return true;
    }
  }
  return QWidget::eventFilter(watched, event);
}

}  // namespace orrery::ui
