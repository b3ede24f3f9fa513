#include "ui/window/top_bar.h"

#include <QAbstractButton>
#include <QHBoxLayout>
#include <QMenu>
#include <QPainter>
#include <QResizeEvent>
#include <QToolButton>

#include "ui/style/colors.h"
#include "ui/style/icons.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segmented.h"

namespace orrery::ui {

class SearchButton : public QAbstractButton {
 public:
  explicit SearchButton(QWidget* parent) : QAbstractButton(parent) {
    setText(TopBar::tr("Search anything"));
    setAccessibleName(text());
    setToolTip(TopBar::tr("Find controls, models, verbs and systems (Ctrl+K)"));
    setFocusPolicy(Qt::TabFocus);
    setCursor(Qt::IBeamCursor);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setMaximumWidth(380);
  }
  QSize sizeHint() const override { return {320, 28}; }
  QSize minimumSizeHint() const override { return {90, 28}; }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Colors& colors = colorsOf(palette());
    painter.setPen(hasFocus() ? QPen(palette().color(QPalette::Highlight), 1) : underMouse() ? QPen(colors.line, 1) : QPen(Qt::NoPen));
    painter.setBrush(colors.field);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5);
    paintIcon(painter, QStringLiteral("search"), QRectF(8, 6, 16, 16), colors.dim);
    painter.setPen(colors.dim);
    const QString key = QStringLiteral("Ctrl+K");
    const int key_width = fontMetrics().horizontalAdvance(key);
    const bool wide = width() > 200;
    painter.drawText(rect().adjusted(30, 0, wide ? -key_width - 20 : -8, 0), Qt::AlignVCenter | Qt::AlignLeft,
                     fontMetrics().elidedText(text(), Qt::ElideRight, width() - 40));
    if (wide) painter.drawText(rect().adjusted(0, 0, -10, 0), Qt::AlignVCenter | Qt::AlignRight, key);
  }
  void enterEvent(QEnterEvent*) override { update(); }
  void leaveEvent(QEvent*) override { update(); }
};

TopBar::TopBar(const QStringList& workspaces, QMenu* menu, QWidget* parent) : QWidget(parent) {
  setFixedHeight(44);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(44, 0, 8, 0);
  row->setSpacing(8);
  tabs_ = new Segmented(Segmented::Look::tabs, this);
  tabs_->setItems(workspaces, {tr("Play a model (F1)"), tr("Train a model (F2)"), tr("Pictures to train on (F3)"),
                               tr("Compare models and settings (F4)")});
  tabs_->setAccessibleName(tr("Workspace"));
  row->addWidget(tabs_);
  row->addStretch(1);
  search_ = new SearchButton(this);
  row->addWidget(search_, 4);
  row->addStretch(1);
  device_ = new ElidedLabel({}, this);
  setRole(device_, "dim");
  device_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  device_->setMaximumWidth(260);
  row->addWidget(device_);
  QToolButton* help = makeIconButton(QStringLiteral("help"), tr("Keys and help"), QKeySequence(QStringLiteral("Ctrl+/")), this);
  row->addWidget(help);
  QToolButton* more = makeIconButton(QStringLiteral("menu"), tr("Menu"), {}, this);
  more->setMenu(menu);
  more->setPopupMode(QToolButton::InstantPopup);
  row->addWidget(more);
  connect(tabs_, &Segmented::chosen, this, &TopBar::workspaceChosen);
  connect(search_, &QAbstractButton::clicked, this, &TopBar::searchWanted);
  connect(help, &QToolButton::clicked, this, &TopBar::helpWanted);
}

void TopBar::setWorkspace(int index) { tabs_->setCurrent(index); }

void TopBar::setDevice(const QString& text) {
  device_->setText(text);
  device_->setToolTip(tr("Where models run: %1").arg(text));
}

QRect TopBar::searchRect() const { return {search_->mapToGlobal(QPoint(0, 0)), search_->size()}; }

void TopBar::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), colorsOf(palette()).window);
  paintIcon(painter, QStringLiteral("orrery"), QRectF(14, 11, 22, 22), palette().color(QPalette::Highlight));
}

void TopBar::resizeEvent(QResizeEvent* event) { device_->setVisible(event->size().width() > 1100); }

}  // namespace orrery::ui
