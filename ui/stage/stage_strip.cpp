#include "ui/stage/stage_strip.h"

#include <QHBoxLayout>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QLabel>
#include <QMouseEvent>
#include <QPainter>
#include <QResizeEvent>
#include <QToolTip>

#include "ui/project/attached.h"
#include "ui/session/playback.h"
#include "ui/stage/stage_core.h"
#include "ui/style/colors.h"
#include "ui/style/icons.h"
#include "ui/tokens/token_desk.h"
#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segmented.h"

namespace orrery::ui {

PositionBar::PositionBar(Session& session, QWidget* parent) : QWidget(parent), session_(session) {
  setMouseTracking(true);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  setAccessibleName(tr("Stored positions"));
  setAccessibleDescription(tr("Keys 1 to 9 go to a stored position, Shift and a number stores the current one."));
  connect(&session_, &Session::positionsChanged, this, qOverload<>(&QWidget::update));
}

int PositionBar::indexAt(const QPoint& at) const {
  const int index = (at.x() - 2) / 20;
  return rect().contains(at) && index >= 0 && index < Session::kPositions ? index : -1;
}

void PositionBar::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Colors& colors = colorsOf(palette());
  const QColor accent = palette().color(QPalette::Highlight);
  for (int i = 0; i < Session::kPositions; ++i) {
    const QRectF box(2 + i * 20 + 1, 4, 18, 18);
    const bool stored = session_.position(i).has_value();
    painter.setPen(Qt::NoPen);
    painter.setBrush(stored        ? QBrush(mixed(colors.panel, accent, i == hover_ ? 0.45 : 0.28))
                     : i == hover_ ? QBrush(colors.field)
                                   : Qt::NoBrush);
    painter.drawRoundedRect(box, 4, 4);
    painter.setPen(stored ? colors.text : i == hover_ ? colors.dim : colors.faint);
    painter.drawText(box, Qt::AlignCenter, QString::number(i + 1));
  }
}

void PositionBar::mousePressEvent(QMouseEvent* event) {
  const int index = indexAt(event->pos());
  if (index < 0) return;
  const bool store =
      event->button() == Qt::RightButton || event->modifiers() & (Qt::ShiftModifier | Qt::ControlModifier) || !session_.position(index);
  store ? session_.storePosition(index) : session_.recallPosition(index);
}

void PositionBar::mouseMoveEvent(QMouseEvent* event) {
  const int index = indexAt(event->pos());
  if (index != std::exchange(hover_, index)) update();
}

void PositionBar::leaveEvent(QEvent*) {
  hover_ = -1;
  update();
}

bool PositionBar::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  auto* help = static_cast<QHelpEvent*>(event);
  const int index = indexAt(help->pos());
  if (index < 0) return QToolTip::hideText(), true;
  const QString text = session_.position(index) ? tr("Go to position %1 (%1). Shift+%1 stores the current view here.").arg(index + 1)
                                                : tr("Store the current view in position %1 (Shift+%1).").arg(index + 1);
  QToolTip::showText(help->globalPos(), text, this);
  return true;
}

StageStrip::StageStrip(Session& session, StageCore& core, QWidget* parent) : QWidget(parent), session_(session), core_(core) {
  setFixedHeight(36);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(8, 0, 8, 0);
  row->setSpacing(4);
  const auto button = [&](const char* icon_name, const QString& name, const QKeySequence& keys) {
    QToolButton* made = makeIconButton(QLatin1String(icon_name), name, keys, this);
    row->addWidget(made);
    return made;
  };
  play_ = button("play", tr("Play the path"), Qt::Key_Space);
  connect(play_, &QToolButton::clicked, this, [this] {
    QKeyEvent space(QEvent::KeyPress, Qt::Key_Space, {});
    core_.key(space);
  });
  QToolButton* dice = button("dice", tr("Random seed"), Qt::Key_R);
  connect(dice, &QToolButton::clicked, &session_, &Session::randomise);
  row->addSpacing(4);
  positions_ = new PositionBar(session_, this);
  row->addWidget(positions_);
  row->addStretch(1);

  mode_ = new Segmented(Segmented::Look::pills, this);
  mode_->setAccessibleName(tr("Display"));
  mode_->setItems({{}, {}, {}, {}, {}, {}, {}},
                  {tr("Pictures"), tr("Grid of seeds (G)"), tr("Wipe between A and B (W)"), tr("Difference of A and B (D)"), tr("Spectrum (P)"), tr("Plane of points (X)"), tr("Race of samplers (C)")},
                  {"stage", "data", "wipe", "difference", "spectrum", "space", "race"});
  connect(mode_, &Segmented::chosen, this, [this](int index) {
    constexpr StageMode kModes[] = {StageMode::pictures, StageMode::grid, StageMode::wipe, StageMode::difference, StageMode::spectrum, StageMode::space, StageMode::race};
    session_.setStageMode(kModes[index]);
  });
  row->addWidget(mode_);
  row->addSpacing(4);
  views_ = new Segmented(Segmented::Look::pills, this);
  views_->setAccessibleName(tr("Views"));
  views_->setItems({{}, {}, {}}, {tr("One view"), tr("Two views"), tr("Four views")}, {"view-1", "view-2", "view-4"});
  connect(views_, &Segmented::chosen, this, [this](int index) { session_.setViewCount(1 << index); });
  row->addWidget(views_);
  link_ = button("link", tr("Controls act on all views"), {});
  link_->setCheckable(true);
  connect(link_, &QToolButton::toggled, &session_, &Session::setLinked);
  row->addSpacing(4);
  brush_ = button("brush", tr("Paint a mask"), Qt::Key_B);
  brush_->setCheckable(true);
  connect(brush_, &QToolButton::clicked, &session_, &Session::setBrush);
  tokens_ = button("tokens", tr("Work on tokens"), Qt::Key_T);
  tokens_->setCheckable(true);
  connect(tokens_, &QToolButton::clicked, this, [this](bool on) { attached<TokenDesk>(session_).setOn(on); });
  connect(&attached<TokenDesk>(session_), &TokenDesk::changed, this, &StageStrip::refresh);
  hud_ = button("hud", tr("Show seed and time"), Qt::Key_H);
  hud_->setCheckable(true);
  connect(hud_, &QToolButton::clicked, this, [this](bool on) { core_.setHud(on); });
  lens_ = button("zoom-in", tr("Lens"), Qt::Key_L);
  lens_->setCheckable(true);
  connect(lens_, &QToolButton::clicked, this, [this](bool on) { core_.setLens(on); });
  fit_ = button("fit", tr("Fit"), Qt::Key_F);
  connect(fit_, &QToolButton::clicked, &core_, &StageCore::fit);
  one_to_one_ = button("one-to-one", tr("One to one"), Qt::Key_Z);
  connect(one_to_one_, &QToolButton::clicked, &core_, &StageCore::oneToOne);
  zoom_ = makeLabel({}, "dim", this);
  zoom_->setFixedWidth(48);
  zoom_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  zoom_->setToolTip(tr("Zoom: turn the wheel on the picture"));
  row->addWidget(zoom_);

  connect(&session_, &Session::viewsChanged, this, &StageStrip::refresh);
  connect(&core_, &StageCore::displayChanged, this, &StageStrip::refresh);
  connect(&session_, &Session::viewModelChanged, this, &StageStrip::refresh);
  connect(&session_.playback(), &Playback::playingChanged, this, &StageStrip::refresh);
  refresh();
}

void StageStrip::refresh() {
  const bool playing = session_.playback().playing();
  play_->setIcon(icon(playing ? QStringLiteral("pause") : QStringLiteral("play")));
  play_->setAccessibleName(playing ? tr("Pause") : tr("Play the path"));
  constexpr int kIndex[] = {0, 2, 3, 1, 4, 5, 6};  // of StageMode
  mode_->setCurrent(kIndex[static_cast<int>(session_.stageMode())]);
  views_->setCurrent(session_.viewCount() == 4 ? 2 : session_.viewCount() - 1);
  link_->setVisible(session_.viewCount() > 1);
  link_->setChecked(session_.linked());
  brush_->setVisible(core_.brush().possible());
  brush_->setChecked(session_.brush());
  tokens_->setVisible(attached<TokenDesk>(session_).possible());
  tokens_->setChecked(attached<TokenDesk>(session_).on());
  hud_->setChecked(core_.hud());
  lens_->setChecked(core_.lens());
  const bool pictures = session_.stageMode() != StageMode::space && session_.stageMode() != StageMode::race;
  zoom_->setText(pictures ? tr("%1%").arg(formatNumber(core_.zoom() * 100.0, 0)) : QString());
}

void StageStrip::resizeEvent(QResizeEvent* event) {
  // Narrow: what has a key goes first.
  const int width = event->size().width();
  zoom_->setVisible(width > 770);
  hud_->setVisible(width > 710);
  lens_->setVisible(width > 710);
  positions_->setVisible(width > 650);
  fit_->setVisible(width > 460);
  one_to_one_->setVisible(width > 460);
}

}  // namespace orrery::ui
