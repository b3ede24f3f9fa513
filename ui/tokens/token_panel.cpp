#include "ui/tokens/token_panel.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QItemSelectionModel>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPainter>
#include <QStackedLayout>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/project/attached.h"
#include "ui/style/colors.h"
#include "ui/style/icons.h"
#include "ui/tokens/code_map.h"
#include "ui/tokens/code_models.h"
#include "ui/tokens/token_desk.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segmented.h"

namespace orrery::ui {
namespace {

constexpr int kCellPx = 38;

// A patch with its number under it; a code that is never used is faint.
class CodeDelegate : public QStyledItemDelegate {
 public:
  CodeDelegate(TokenDesk& desk, QObject* parent) : QStyledItemDelegate(parent), desk_(desk) {}
  QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override { return {kCellPx, kCellPx + 12}; }
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    const int code = index.data(CodeListModel::CodeRole).toInt();
    const bool dead = index.data(CodeListModel::DeadRole).toBool();
    const Colors& colors = colorsOf(option.palette);
    const QRect box(option.rect.left() + 4, option.rect.top() + 2, kCellPx - 8, kCellPx - 8);
    painter->save();
    painter->setRenderHint(QPainter::SmoothPixmapTransform);
    painter->setOpacity(dead ? 0.3 : 1.0);
    painter->drawPixmap(box, index.data(Qt::DecorationRole).value<QPixmap>());
    painter->setOpacity(1.0);
    const bool picked = code == desk_.code();
    if (picked || option.state & QStyle::State_HasFocus) {
      painter->setPen(QPen(option.palette.color(QPalette::Highlight), picked ? 2 : 1));
      painter->drawRect(QRectF(box).adjusted(-1.5, -1.5, 1.5, 1.5));
    }
    QFont small = option.font;
    small.setPixelSize(10);
    painter->setFont(small);
    painter->setPen(dead ? colors.faint : index.data(CodeListModel::PlacesRole).toInt() > 0 ? option.palette.color(QPalette::Text) : colors.dim);
    painter->drawText(QRect(option.rect.left(), box.bottom() + 3, option.rect.width(), 13), Qt::AlignHCenter | Qt::AlignTop, QString::number(code));
    painter->restore();
  }

 private:
  TokenDesk& desk_;
};

}  // namespace

TokenPanel::TokenPanel(Session& session, QWidget* parent)
    : QWidget(parent), desk_(attached<TokenDesk>(session)), codes_(new CodeListModel(desk_, this)), tokens_(new TokenTableModel(desk_, this)) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(8, 0, 8, 8);
  column->setSpacing(6);
  auto* bar = new QHBoxLayout;
  bar->setSpacing(6);
  column->addLayout(bar);
  canvas_ = makeIconButton(QStringLiteral("tokens"), tr("Work on tokens"), Qt::Key_T, this);
  canvas_->setCheckable(true);
  connect(canvas_, &QToolButton::clicked, &desk_, &TokenDesk::setOn);
  bar->addWidget(canvas_);
  pages_ = new Segmented(Segmented::Look::pills, this);
  pages_->setAccessibleName(tr("What is listed"));
  pages_->setItems({tr("Codes"), tr("Map"), tr("Tokens")}, {tr("Every code as the picture it stands for: click one to paint with it"), tr("Codes that are alike, near each other"), tr("The picture's tokens, one by one")});
  connect(pages_, &Segmented::chosen, this, &TokenPanel::showPage);
  bar->addWidget(pages_);
  bar->addStretch(1);
  tools_ = new QWidget(this);
  auto* tools = new QHBoxLayout(tools_);
  tools->setContentsMargins(0, 0, 0, 0);
  tools->setSpacing(6);
  column->addWidget(tools_);
  search_ = new QLineEdit(this);
  search_->setPlaceholderText(tr("Code"));
  search_->setAccessibleName(tr("Search a code by its number"));
  search_->setToolTip(search_->accessibleName());
  search_->setClearButtonEnabled(true);
  connect(search_, &QLineEdit::textChanged, codes_, &CodeListModel::setSearch);
  tools->addWidget(search_, 1);
  order_ = new QComboBox(this);
  order_->addItems({tr("by number"), tr("by usage"), tr("by similarity"), tr("by places here")});
  order_->setAccessibleName(tr("Order of the codes"));
  order_->setToolTip(order_->accessibleName());
  connect(order_, &QComboBox::activated, this, [this](int order) { codes_->setOrder(static_cast<CodeOrder>(order)); });
  tools->addWidget(order_);

  auto* body = new QWidget(this);
  stack_ = new QStackedLayout(body);
  column->addWidget(body, 1);
  code_list_ = new QListView(body);
  code_list_->setAccessibleName(tr("Codebook"));
  code_list_->setModel(codes_);
  code_list_->setItemDelegate(new CodeDelegate(desk_, code_list_));
  code_list_->setViewMode(QListView::IconMode);
  code_list_->setMovement(QListView::Static);
  code_list_->setResizeMode(QListView::Adjust);
  code_list_->setUniformItemSizes(true);
  code_list_->setFrameShape(QFrame::NoFrame);
  code_list_->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  const auto picked = [this](const QModelIndex& index) { desk_.pick(index.data(CodeListModel::CodeRole).toInt()); };
  connect(code_list_, &QListView::clicked, this, picked);
  connect(code_list_, &QListView::activated, this, picked);
  map_ = new CodeMap(desk_, body);
  token_table_ = new QTableView(body);
  token_table_->setAccessibleName(tr("Tokens of the picture"));
  token_table_->setModel(tokens_);
  token_table_->setFrameShape(QFrame::NoFrame);
  token_table_->setShowGrid(false);
  token_table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  token_table_->setSelectionMode(QAbstractItemView::SingleSelection);
  token_table_->verticalHeader()->hide();
  token_table_->verticalHeader()->setDefaultSectionSize(24);
  token_table_->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
  token_table_->horizontalHeader()->setStretchLastSection(true);
  token_table_->horizontalHeader()->setHighlightSections(false);
  token_table_->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  connect(token_table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& now) {
    if (!following_ && now.isValid()) desk_.setHover(now.row());
  });
  for (QWidget* page : {static_cast<QWidget*>(code_list_), static_cast<QWidget*>(map_), static_cast<QWidget*>(token_table_)}) stack_->addWidget(page);

  note_ = makeWrappedLabel({}, "dim");
  column->addWidget(note_);
  heat_ = new Segmented(Segmented::Look::pills, this);
  heat_->setAccessibleName(tr("Colour of the grid"));
  QStringList names;
  for (int i = 0; i < kTokenHeats; ++i) names << heatName(static_cast<TokenHeat>(i));
  heat_->setItems(names, {tr("The picture alone (E)"), tr("How sure the model is of each token (E)"), tr("How undecided the model is at each place (E)"), tr("In which round each token came (E)")});
  connect(heat_, &Segmented::chosen, this, [this](int heat) { desk_.setHeat(static_cast<TokenHeat>(heat)); });
  column->addWidget(heat_, 0, Qt::AlignLeft);

  for (const auto signal : {&TokenDesk::changed, &TokenDesk::codebookChanged, &TokenDesk::lookChanged, &TokenDesk::pinsChanged}) connect(&desk_, signal, this, &TokenPanel::refresh);
  connect(&desk_, &TokenDesk::hoverChanged, this, &TokenPanel::follow);
  showPage(0);
  refresh();
}

void TokenPanel::showPage(int page) {
  pages_->setCurrent(page);
  stack_->setCurrentIndex(page);
  tools_->setVisible(page == 0);
}

void TokenPanel::showEvent(QShowEvent*) { desk_.setWatched(true); }
void TokenPanel::hideEvent(QHideEvent*) { desk_.setWatched(false); }

void TokenPanel::refresh() {
  canvas_->setChecked(desk_.on());
  heat_->setCurrent(static_cast<int>(desk_.heat()));
  code_list_->viewport()->update();
  const Codebook* book = desk_.codebook();
  if (!book) return note_->setText(tr("The codebook is being drawn..."));
  const auto dead = std::count_if(book->usage.begin(), book->usage.end(), [](float share) { return share <= 0.0F; });
  QStringList parts{tr("%1 codes").arg(book->codes)};
  if (dead > 0) parts << tr("%1 never used in %2").arg(dead).arg(QString::fromStdString(book->usage_of));
  if (desk_.code() >= 0) parts << tr("painting %1, %2 here").arg(desk_.code()).arg(desk_.placesOf(desk_.code()).size());
  if (desk_.pinnedCount() > 0) parts << tr("%1 pinned").arg(desk_.pinnedCount());
  note_->setText(parts.join(QStringLiteral("   ")));
}

void TokenPanel::follow() {
  if (desk_.hover() < 0 || token_table_->isHidden()) return;
  following_ = true;
  token_table_->selectionModel()->setCurrentIndex(tokens_->index(desk_.hover(), 0), QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
  following_ = false;
}

}  // namespace orrery::ui
