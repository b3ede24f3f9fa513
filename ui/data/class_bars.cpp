#include "ui/data/class_bars.h"

#include <QLocale>
#include <QPaintEvent>
#include <QPainter>
#include <algorithm>

#include "ui/style/colors.h"

namespace orrery::ui {
namespace {

constexpr int kRowPx = 22;
constexpr int kNamePx = 130;
constexpr int kNumberPx = 64;

}  // namespace

ClassBars::ClassBars(QWidget* parent) : QWidget(parent) {
  setAccessibleName(tr("Pictures by class"));
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void ClassBars::setCounts(const std::vector<std::string>& names, const std::vector<std::int64_t>& counts) {
  given_.clear();
  QStringList words;
  for (std::size_t i = 0; i < names.size(); ++i) {
    given_.emplace_back(QString::fromStdString(names[i]), i < counts.size() ? counts[i] : 0);
    if (words.size() < 40) words << QStringLiteral("%1: %2").arg(given_.back().first).arg(given_.back().second);
  }
  setAccessibleDescription(words.join(QStringLiteral(", ")));
  order();
}

void ClassBars::setByCount(bool by_count) {
  by_count_ = by_count;
  order();
}

void ClassBars::order() {
  shown_ = given_;
  if (by_count_) std::stable_sort(shown_.begin(), shown_.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  updateGeometry();
  update();
}

QSize ClassBars::sizeHint() const { return {320, kRowPx * static_cast<int>(shown_.size())}; }

void ClassBars::paintEvent(QPaintEvent* event) {
  const Colors& colors = colorsOf(palette());
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  std::int64_t most = 1;
  for (const auto& [name, count] : shown_) most = std::max(most, count);
  const QFontMetrics metrics(font());
  const int name_px = std::min(kNamePx, width() / 3);
  const double room = std::max(10, width() - name_px - kNumberPx - 16);
  const int first = std::max(0, event->rect().top() / kRowPx);
  for (int i = first; i < static_cast<int>(shown_.size()) && i * kRowPx < event->rect().bottom() + 1; ++i) {
    const auto& [name, count] = shown_[i];
    const int y = i * kRowPx;
    painter.setPen(colors.text);
    painter.drawText(QRect(0, y, name_px, kRowPx), Qt::AlignVCenter | Qt::AlignLeft, metrics.elidedText(name, Qt::ElideRight, name_px));
    painter.setPen(Qt::NoPen);
    painter.setBrush(colors.field);
    painter.drawRoundedRect(QRectF(name_px + 8, y + 7, room, 8), 2, 2);
    painter.setBrush(palette().color(QPalette::Highlight));
    painter.drawRoundedRect(QRectF(name_px + 8, y + 7, std::max(2.0, room * static_cast<double>(count) / static_cast<double>(most)), 8), 2, 2);
    painter.setPen(colors.dim);
    painter.drawText(QRect(width() - kNumberPx, y, kNumberPx, kRowPx), Qt::AlignVCenter | Qt::AlignRight, QLocale().toString(qlonglong(count)));
  }
}

}  // namespace orrery::ui
