#include "ui/tape/film_strip.h"

#include <QApplication>
#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QScrollBar>
#include <QToolTip>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "ui/style/colors.h"
#include "ui/style/icons.h"
#include "ui/widgets/format.h"

namespace orrery::ui {
namespace {

constexpr int kFetchSoon_ms = 12;
constexpr int kFetchGrowing_ms = 120;  // while the network is at work, its pictures come first
constexpr int kRest_ms = 160;
constexpr int kEdge_px = 24;           // a drag that near to the side moves the strip
constexpr double kLeastCell_px = 20.0;

}  // namespace

FilmStrip::FilmStrip(TapeDesk& desk, Session& session, QWidget* parent) : QAbstractScrollArea(parent), desk_(desk), session_(session), rows_(desk.rows()) {
  setFrameShape(QFrame::NoFrame);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAsNeeded);
  setFocusPolicy(Qt::StrongFocus);
  viewport()->setMouseTracking(true);
  setAccessibleName(tr("Film strip"));
  fetch_.setSingleShot(true);
  edge_.setInterval(16);
  connect(&fetch_, &QTimer::timeout, this, &FilmStrip::fetch);
  connect(&edge_, &QTimer::timeout, this, [this] {
    const int left = kGutter + kEdge_px, right = viewport()->width() - kEdge_px;
    const int beyond = drag_x_ < left ? drag_x_ - left : drag_x_ > right ? drag_x_ - right : 0;
    if (beyond == 0) return;
    horizontalScrollBar()->setValue(horizontalScrollBar()->value() + beyond / 2);
    scrubTo({drag_x_, 0});
  });
  connect(horizontalScrollBar(), &QScrollBar::valueChanged, this, [this] {
    viewport()->update();
    if (!fetch_.isActive() || fetch_.remainingTime() > kFetchSoon_ms) fetch_.start(kFetchSoon_ms);
  });
  connect(&desk_, &TapeDesk::tapeChanged, this, &FilmStrip::follow);
  connect(&desk_, &TapeDesk::tapeChanged, this, &FilmStrip::followRows);
  connect(&desk_, &TapeDesk::headMoved, this, &FilmStrip::followHead);
  connect(&desk_, &TapeDesk::rowChanged, this, &FilmStrip::followRows);
  connect(&desk_, &TapeDesk::listChanged, viewport(), qOverload<>(&QWidget::update));
  connect(&desk_.pictures(), &StepPictures::thumbnailsArrived, viewport(), qOverload<>(&QWidget::update));
  follow();
  followRows();
}

void FilmStrip::followRows() {
  viewport()->update();
  auto rows = desk_.rows();
  if (rows_ == rows) return;
  rows_ = std::move(rows);
  layOut();
  followHead();
}

// ---- geometry ----

int FilmStrip::rowHeight() const {
  const int count = static_cast<int>(rows_.size());
  return std::max(12, (viewport()->height() - kNumbers - kGap * (count - 1)) / count);
}

double FilmStrip::cellWidth() const {
  const ModelInfo* model = session_.model();
  const double aspect = model && model->width_px > 0 && model->height_px > 0 ? static_cast<double>(model->width_px) / model->height_px : 1.0;
  return std::max(kLeastCell_px, std::round(rowHeight() * aspect));
}

QRect FilmStrip::cellRect(int step, int row) const {
  const int x = kGutter + static_cast<int>(std::lround(step * pitch())) - horizontalScrollBar()->value();
  return {x, row * (rowHeight() + kGap), static_cast<int>(cellWidth()), rowHeight()};
}

int FilmStrip::stepAt(int x) const { return static_cast<int>(std::floor((x - kGutter + horizontalScrollBar()->value()) / pitch())); }

void FilmStrip::layOut() {
  const int room = std::max(1, viewport()->width() - kGutter);
  horizontalScrollBar()->setRange(0, std::max(0, static_cast<int>(std::ceil(columns() * pitch())) - kGap - room));
  horizontalScrollBar()->setPageStep(room);
  horizontalScrollBar()->setSingleStep(static_cast<int>(pitch()));
  viewport()->update();
  if (!fetch_.isActive()) fetch_.start(kFetchSoon_ms);
}

void FilmStrip::resizeEvent(QResizeEvent*) {
  layOut();
  followHead();
}

void FilmStrip::follow() {
  const TapeInfo* tape = desk_.tape();
  const TapeId now = tape ? tape->id : 0;
  if (now != tape_) previous_ = std::exchange(tape_, now);
  layOut();
  if (tape && !tape->complete) {
    fetch_.start(kFetchGrowing_ms);
  } else {
    fetch_.start(kFetchSoon_ms);
  }
  followHead();
}

void FilmStrip::followHead() {
  setAccessibleDescription(desk_.scrubbing() ? desk_.note(session_.activeView()) : tr("The finished picture"));
  viewport()->update();
  if (desk_.scrubbing()) moved_.start();
  if (!desk_.tape() || dragged_row_) return;
  auto* bar = horizontalScrollBar();
  const auto head = desk_.book().head(session_.activeView());
  const int room = viewport()->width() - kGutter;
  const double at = (head ? *head : static_cast<double>(desk_.step())) * pitch();
  const double margin = std::min(2.0 * pitch(), room / 3.0);
  if (desk_.playing()) {
    bar->setValue(static_cast<int>(at + pitch() / 2 - room / 2.0));
  } else if (at - margin < bar->value()) {
    bar->setValue(static_cast<int>(at - margin));
  } else if (at + pitch() + margin > bar->value() + room) {
    bar->setValue(static_cast<int>(at + pitch() + margin) - room);
  }
}

// What is in sight from the head outwards, then a little beyond on both sides.
void FilmStrip::fetch() {
  const TapeInfo* tape = desk_.tape();
  if (!tape || !isVisible()) return;
  const int last = static_cast<int>(tape->steps.size()) - 1;
  const int first_seen = std::clamp(stepAt(kGutter), 0, last), last_seen = std::clamp(stepAt(viewport()->width()), 0, last), page = last_seen - first_seen + 1;
  const int head = std::clamp(desk_.step(), first_seen, last_seen);
  std::vector<int> steps;
  for (int step = first_seen; step <= last_seen; ++step) steps.push_back(step);
  std::stable_sort(steps.begin(), steps.end(), [head](int a, int b) { return std::abs(a - head) < std::abs(b - head); });
  // Beyond what is in sight only while the hand rests: on the way nothing takes the time of the step that is looked at.
  const bool still = !moved_.isValid() || moved_.elapsed() > kRest_ms;
  if (!still) fetch_.start(kRest_ms);
  for (int i = 1; i <= page && still; ++i) {
    if (last_seen + i <= last) steps.push_back(last_seen + i);
    if (first_seen - i >= 0) steps.push_back(first_seen - i);
  }
  std::vector<StepKey> keys;
  for (const int step : steps) {
    for (const TapeRow row : rows_) {
      if (step == 0 && row != TapeRow::state) continue;  // nothing to see
      if (std::find(tape->rows.begin(), tape->rows.end(), row) != tape->rows.end()) keys.push_back({tape->id, step, row});
    }
  }
  const double px = std::max<double>(rowHeight(), cellWidth()) * devicePixelRatioF();
  desk_.pictures().wantThumbnails(keys, static_cast<int>(std::ceil(px)));
}

// ---- the hand ----

void FilmStrip::scrubTo(const QPoint& at) {
  if (!dragged_row_ || !desk_.tape()) return;
  desk_.scrub(std::clamp(stepAt(at.x()), 0, desk_.recorded()), rows_[static_cast<std::size_t>(*dragged_row_)]);
}

void FilmStrip::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton || !desk_.tape()) return;
  const QPoint at = event->pos();
  desk_.stop();
  dragged_row_ = std::clamp(at.y() / (rowHeight() + kGap), 0, static_cast<int>(rows_.size()) - 1);
  if (at.x() < kGutter) {
    desk_.setRow(rows_[static_cast<std::size_t>(*dragged_row_)]);
    dragged_row_.reset();
    return;
  }
  drag_x_ = at.x();
  scrubTo(at);
  edge_.start();
}

void FilmStrip::mouseMoveEvent(QMouseEvent* event) {
  if (!dragged_row_) return;
  drag_x_ = event->pos().x();
  scrubTo(event->pos());
}

void FilmStrip::mouseReleaseEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  edge_.stop();
  dragged_row_.reset();
  viewport()->update();
}

void FilmStrip::wheelEvent(QWheelEvent* event) {
  const QPoint turned = event->angleDelta();
  if (event->modifiers() & (Qt::ShiftModifier | Qt::ControlModifier) || std::abs(turned.x()) > std::abs(turned.y())) {
    const int by = std::abs(turned.x()) > std::abs(turned.y()) ? turned.x() : turned.y();
    horizontalScrollBar()->setValue(horizontalScrollBar()->value() - by);
  } else {
    wheel_ -= turned.y() / 120.0;
    const int whole = static_cast<int>(wheel_);
    wheel_ -= whole;
    if (whole != 0) {
      desk_.stop();
      desk_.scrubBy(whole);
    }
  }
  event->accept();
}

void FilmStrip::keyPressEvent(QKeyEvent* event) {
  const bool far = event->modifiers() & Qt::ShiftModifier;
  const int page = std::max(1, static_cast<int>((viewport()->width() - kGutter) / pitch()) - 1);
  const auto move = [this](int steps) {
    desk_.stop();
    desk_.scrubBy(steps);
  };
  const auto turn = [this](int by) {
    const auto at = std::find(rows_.begin(), rows_.end(), desk_.row());
    const int index = at == rows_.end() ? 0 : static_cast<int>(at - rows_.begin()) + by;
    desk_.setRow(rows_[static_cast<std::size_t>(std::clamp(index, 0, static_cast<int>(rows_.size()) - 1))]);
  };
  switch (event->key()) {
    case Qt::Key_Left: return move(far ? -10 : -1);
    case Qt::Key_Right: return move(far ? 10 : 1);
    case Qt::Key_PageUp: return move(-page);
    case Qt::Key_PageDown: return move(page);
    case Qt::Key_Home: return desk_.stop(), desk_.scrub(0);
    case Qt::Key_End: return desk_.live();
    case Qt::Key_Up: return turn(-1);
    case Qt::Key_Down: return turn(1);
    case Qt::Key_Space: return desk_.toggle();
    case Qt::Key_B: return desk_.branch();
    case Qt::Key_Escape:
      if (!desk_.scrubbing()) break;
      return desk_.live();
    default: break;
  }
  QAbstractScrollArea::keyPressEvent(event);
}

void FilmStrip::contextMenuEvent(QContextMenuEvent* event) { Q_EMIT menuWanted(event->globalPos()); }

void FilmStrip::focusInEvent(QFocusEvent*) { viewport()->update(); }
void FilmStrip::focusOutEvent(QFocusEvent*) { viewport()->update(); }

bool FilmStrip::viewportEvent(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const TapeInfo* tape = desk_.tape();
    const int step = stepAt(help->pos().x()), row = std::clamp(help->pos().y() / (rowHeight() + kGap), 0, static_cast<int>(rows_.size()) - 1);
    if (help->pos().x() < kGutter) {
      QToolTip::showText(help->globalPos(), rowHelp(rows_[static_cast<std::size_t>(row)]), viewport());
    } else if (tape && step >= 0 && step < static_cast<int>(tape->steps.size())) {
      const TapeStep& facts = tape->steps[static_cast<std::size_t>(step)];
      QToolTip::showText(help->globalPos(), (desk_.ofTokens() ? tr("Step %1 of %2, %3 % masked").arg(step).arg(desk_.steps()).arg(formatNumber(facts.level * 100.0, 0)) : tr("Step %1 of %2, σ %3").arg(step).arg(desk_.steps()).arg(formatNumber(facts.level, facts.level < 10 ? 3 : 1))), viewport());
    } else {
      QToolTip::hideText();
    }
    return true;
  }
  return QAbstractScrollArea::viewportEvent(event);
}

// ---- painting ----

// Of the tape itself; of the one it branches off, where they are the same; until then of the one before, so that a drag of a control shows no gaps.
QImage FilmStrip::pictureOf(const TapeInfo& tape, int step, TapeRow row) const {
  const auto& pictures = desk_.pictures();
  QImage found = pictures.thumbnail({tape.id, step, row});
  if (found.isNull() && tape.parent != 0 && step <= tape.branch_step) found = pictures.thumbnail({tape.parent, step, row});
  if (found.isNull() && previous_ != 0) found = pictures.thumbnail({previous_, step, row});
  return found;
}

void FilmStrip::paintCell(QPainter& painter, const TapeInfo& tape, int step, int row) {
  const Colors& colors = colorsOf(QApplication::palette());
  const QRect cell = cellRect(step, row);
  const bool there = step < static_cast<int>(tape.steps.size());
  // Nothing is predicted at the start, nothing can have changed before the second prediction, and at the end there is no noise.
  const TapeRow which = rows_[static_cast<std::size_t>(row)];
  const bool empty = there && ((which != TapeRow::state && step == 0) || (which == TapeRow::difference && step == 1) ||
                               (which == TapeRow::noise && !(tape.steps[static_cast<std::size_t>(step)].level > 0.0)));
  const QImage picture = there && !empty ? pictureOf(tape, step, which) : QImage();
  if (picture.isNull()) {
    painter.fillRect(cell, there ? colors.field : mixed(colors.panel, colors.field, 0.5));
    if (there && empty) {
      painter.setPen(colors.faint);
      painter.drawLine(QPointF(cell.center().x() - 4, cell.center().y() + 0.5), QPointF(cell.center().x() + 5, cell.center().y() + 0.5));
    }
    return;
  }
  painter.fillRect(cell, colors.dark ? QColor("#101216") : QColor("#ffffff"));
  painter.drawImage(cell, picture);
}

void FilmStrip::paintNumbers(QPainter& painter, const TapeInfo& tape, int first, int last) {
  const Colors& colors = colorsOf(QApplication::palette());
  const QColor accent = QApplication::palette().color(QPalette::Highlight);
  const int top = static_cast<int>(rows_.size()) * (rowHeight() + kGap) - kGap;
  const QFontMetrics metrics(painter.font());
  const int widest = metrics.horizontalAdvance(QString::number(desk_.steps())) + 8;
  const int every = std::max(1, static_cast<int>(std::ceil(widest / pitch())));
  const int head = desk_.step();
  if (tape.parent != 0 || tape.branch_step > 0) {
    // The part that is the parent's, and where the branch leaves it.
    const QRect leaves = cellRect(static_cast<int>(tape.branch_step), 0);
    painter.fillRect(QRect(std::max(kGutter, leaves.right()), top + 1, viewport()->width(), 2), accent);
  }
  for (int step = first; step <= last; ++step) {
    const QRect cell = cellRect(step, 0);
    const bool at_head = step == head;
    if (step % every != 0 && !at_head) continue;
    if (!at_head && std::abs(step - head) < every && std::abs(step - head) * pitch() < widest) continue;
    painter.setPen(at_head ? (desk_.scrubbing() ? accent : colors.text) : colors.dim);
    painter.drawText(QRect(cell.left() - 12, top + 2, cell.width() + 24, kNumbers - 2), Qt::AlignCenter, QString::number(step));
  }
}

void FilmStrip::paintHead(QPainter& painter) {
  const Colors& colors = colorsOf(QApplication::palette());
  const auto active = std::find(rows_.begin(), rows_.end(), desk_.row());
  const int row = active == rows_.end() ? 0 : static_cast<int>(active - rows_.begin());
  const int step = desk_.step();
  const bool lit = desk_.scrubbing();
  const QColor sign = lit ? QApplication::palette().color(QPalette::Highlight) : colors.dim;
  for (int i = 0; i < static_cast<int>(rows_.size()); ++i) {
    const QRectF cell = QRectF(cellRect(step, i)).adjusted(0.5, 0.5, -0.5, -0.5);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(i == row ? QPen(sign, 2) : QPen(sign, 1, Qt::SolidLine));
    painter.setOpacity(i == row ? 1.0 : 0.55);
    painter.drawRect(i == row ? cell.adjusted(0.5, 0.5, -0.5, -0.5) : cell);
  }
  painter.setOpacity(1.0);
}

void FilmStrip::paintEvent(QPaintEvent*) {
  const Colors& colors = colorsOf(QApplication::palette());
  QPainter painter(viewport());
  painter.fillRect(viewport()->rect(), colors.panel);
  const TapeInfo* tape = desk_.tape();
  if (!tape || tape->steps.empty()) return;
  QFont small = font();
  small.setPixelSize(11);
  painter.save();
  painter.setClipRect(QRect(kGutter, 0, viewport()->width() - kGutter, viewport()->height()));
  painter.setRenderHint(QPainter::SmoothPixmapTransform);
  const int first = std::clamp(stepAt(kGutter), 0, columns() - 1), last = std::clamp(stepAt(viewport()->width()), 0, columns() - 1);
  for (int row = 0; row < static_cast<int>(rows_.size()); ++row) {
    for (int step = first; step <= last; ++step) paintCell(painter, *tape, step, row);
  }
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setFont(small);
  paintNumbers(painter, *tape, first, last);
  paintHead(painter);
  painter.restore();
  painter.setRenderHint(QPainter::Antialiasing);
  for (int row = 0; row < static_cast<int>(rows_.size()); ++row) {
    const QRect gutter(0, row * (rowHeight() + kGap), kGutter - 4, rowHeight());
    painter.setPen(rows_[static_cast<std::size_t>(row)] == desk_.row() ? colors.text : colors.dim);
    painter.drawText(gutter, Qt::AlignCenter, rowSymbol(rows_[static_cast<std::size_t>(row)]));
  }
  if (hasFocus()) {
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QApplication::palette().color(QPalette::Highlight));
    painter.drawRect(QRectF(viewport()->rect()).adjusted(0.5, 0.5, -0.5, -0.5));
  }
}

}  // namespace orrery::ui
