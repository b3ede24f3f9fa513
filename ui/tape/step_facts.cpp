#include "ui/tape/step_facts.h"

#include <QPainter>
#include <algorithm>

#include "ui/style/colors.h"

namespace orrery::ui {

StepFacts::StepFacts(QWidget* parent) : QWidget(parent) {
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setAccessibleName(tr("About this step"));
}

void StepFacts::setFacts(std::vector<Fact> facts) {
  facts_ = std::move(facts);
  setAccessibleDescription(text());
  update();
}

void StepFacts::setNote(const QString& note) {
  if (note == note_) return;
  note_ = note;
  setToolTip(note);
  update();
}

QString StepFacts::text() const {
  QStringList words;
  for (const auto& fact : facts_) words << (fact.name.isEmpty() ? fact.value : fact.name + QLatin1Char(' ') + fact.value);
  return words.join(QStringLiteral(", "));
}

void StepFacts::paintEvent(QPaintEvent*) {
  constexpr int kGap = 18, kNameGap = 6;
  QPainter painter(this);
  const Colors& colors = colorsOf(palette());
  QFont small = font();
  small.setPixelSize(12);
  painter.setFont(small);
  const QFontMetrics metrics(small);
  int x = 0;
  for (const auto& fact : facts_) {
    const int name = fact.name.isEmpty() ? 0 : metrics.horizontalAdvance(fact.name) + kNameGap;
    const int value = std::max(metrics.horizontalAdvance(fact.widest), metrics.horizontalAdvance(fact.value));
    if (x + name + value > width()) break;  // whole facts or none
    painter.setPen(colors.dim);
    painter.drawText(QRect(x, 0, name, height()), Qt::AlignLeft | Qt::AlignVCenter, fact.name);
    painter.setPen(colors.text);
    painter.drawText(QRect(x + name, 0, value, height()), Qt::AlignLeft | Qt::AlignVCenter, fact.value);
    x += name + value + kGap;
  }
  const int room = width() - x;
  if (note_.isEmpty() || room < 60) return;
  painter.setPen(palette().color(QPalette::Highlight));
  painter.drawText(QRect(x, 0, room, height()), Qt::AlignRight | Qt::AlignVCenter, metrics.elidedText(note_, Qt::ElideRight, room));
}

}  // namespace orrery::ui
