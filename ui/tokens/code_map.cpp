#include "ui/tokens/code_map.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include "ui/style/colors.h"
#include "ui/tokens/token_desk.h"

namespace orrery::ui {
namespace {

constexpr double kPatch = 16.0, kMargin = 12.0;

}  // namespace

CodeMap::CodeMap(TokenDesk& desk, QWidget* parent) : QWidget(parent), desk_(desk) {
  setAccessibleName(tr("Map of the codebook"));
  setAccessibleDescription(tr("Codes that are alike lie near each other. The list shows the same codes."));
  for (const auto signal : {&TokenDesk::codebookChanged, &TokenDesk::changed, &TokenDesk::lookChanged}) connect(&desk, signal, this, qOverload<>(&QWidget::update));
}

QPointF CodeMap::placeOf(int code) const {
  const Codebook* book = desk_.codebook();
  if (!book || 2 * static_cast<std::size_t>(code) + 1 >= book->plane.size()) return {};
  const double x = book->plane[2 * static_cast<std::size_t>(code)], y = book->plane[2 * static_cast<std::size_t>(code) + 1];
  const QRectF in = QRectF(rect()).adjusted(kMargin, kMargin, -kMargin, -kMargin);
  return {in.center().x() + x * in.width() / 2, in.center().y() - y * in.height() / 2};
}

int CodeMap::codeAt(const QPointF& at) const {
  const Codebook* book = desk_.codebook();
  int nearest = -1;
  double best = kPatch;
  for (int code = 0; book && code < book->codes; ++code) {
    const double away = QLineF(placeOf(code), at).length();
    if (away < best) best = away, nearest = code;
  }
  return nearest;
}

void CodeMap::paintEvent(QPaintEvent*) {
  const Codebook* book = desk_.codebook();
  if (!book || book->plane.empty()) return;
  QPainter painter(this);
  painter.setRenderHint(QPainter::SmoothPixmapTransform);
  const auto paint = [&](int code) {
    const QRectF box(placeOf(code) - QPointF(kPatch / 2, kPatch / 2), QSizeF(kPatch, kPatch));
    const bool dead = static_cast<std::size_t>(code) < book->usage.size() && book->usage[static_cast<std::size_t>(code)] <= 0.0F;
    painter.setOpacity(dead ? 0.35 : 1.0);
    painter.drawImage(box, desk_.patch(code));
    painter.setOpacity(1.0);
    if (code == desk_.code()) {
      painter.setPen(QPen(palette().color(QPalette::Highlight), 2));
      painter.setBrush(Qt::NoBrush);
      painter.drawRect(box.adjusted(-2, -2, 2, 2));
    }
  };
  for (int code = 0; code < book->codes; ++code) paint(code);
  if (desk_.code() >= 0) paint(desk_.code());  // over its neighbours
}

void CodeMap::mousePressEvent(QMouseEvent* event) {
  if (const int code = codeAt(event->position()); event->button() == Qt::LeftButton && code >= 0) desk_.pick(code);
}

bool CodeMap::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  auto* help = static_cast<QHelpEvent*>(event);
  const int code = codeAt(help->pos());
  if (code < 0) QToolTip::hideText();
  else QToolTip::showText(help->globalPos(), tr("code %1").arg(code), this);
  return true;
}

}  // namespace orrery::ui
