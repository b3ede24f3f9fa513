#include "ui/catalogue/equation_view.h"

#include <QPainter>
#include <algorithm>

#include "ui/style/colors.h"

namespace orrery::ui {
namespace {

constexpr int kLinePx = 30;
constexpr int kPadPx = 14;
constexpr int kBigPx = 17;
constexpr int kSmallPx = 12;
constexpr double kLeastScale = 0.6;

}  // namespace

EquationView::EquationView(const QString& lines, QWidget* parent) : QWidget(parent), lines_(lines.split(QLatin1Char('\n'), Qt::SkipEmptyParts)) {
  setAccessibleName(tr("Objective"));
  setAccessibleDescription(lines);
  QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
}

// Single letters are variables and stand in italics; words (softplus, log) are functions and stand upright. "_" lowers and "^" raises what
// follows: one sign, or what braces hold.
QVector<EquationView::Piece> EquationView::pieces(const QString& line) const {
  QVector<Piece> list;
  const auto add = [&list](const QString& text, int level) {
    for (int i = 0; i < text.size();) {
      int end = i;
      // Raised letters (as in a transpose) are signs of their own: they must not make a word of the letter before them.
      const auto plain = [&](int at) { return text[at].isLetter() && text[at].category() != QChar::Letter_Modifier; };
      const bool letters = plain(i);
      while (end < text.size() && plain(end) == letters) ++end;
      list << Piece{text.mid(i, end - i), letters && end - i == 1, level};
      i = end;
    }
  };
  for (int i = 0; i < line.size();) {
    if ((line[i] == QLatin1Char('_') || line[i] == QLatin1Char('^')) && i + 1 < line.size()) {
      const int level = line[i] == QLatin1Char('^') ? 1 : -1;
      int from = i + 1, to = i + 2;
      if (line[from] == QLatin1Char('{')) {
        to = line.indexOf(QLatin1Char('}'), from);
        to = to < 0 ? line.size() : to;
        add(line.mid(from + 1, to - from - 1), level);
        i = to + 1;
      } else {
        while (to < line.size() && line[from].isLetterOrNumber() && line[to].isLetterOrNumber() && line[from].isDigit() == line[to].isDigit()) ++to;
        add(line.mid(from, to - from), level);
        i = to;
      }
      continue;
    }
    int end = i;
    while (end < line.size() && line[end] != QLatin1Char('_') && line[end] != QLatin1Char('^')) ++end;
    add(line.mid(i, end - i), 0);
    i = std::max(end, i + 1);
  }
  return list;
}

QFont EquationView::fontOf(const Piece& piece) const {
  QFont font(QStringLiteral("STIX Two Math"));
  font.setStyleHint(QFont::Serif);
  font.setFamilies({QStringLiteral("STIX Two Text"), QStringLiteral("Latin Modern Roman"), QStringLiteral("Liberation Serif"), QStringLiteral("DejaVu Serif"), QStringLiteral("serif")});
  font.setPixelSize(piece.level == 0 ? kBigPx : kSmallPx);
  font.setItalic(piece.italic);
  return font;
}

double EquationView::widthOf(const QString& line) const {
  double width = 0.0;
  for (const Piece& piece : pieces(line)) width += QFontMetricsF(fontOf(piece)).horizontalAdvance(piece.text);
  return width;
}

double EquationView::scaleFor(int width) const {
  double widest = 1.0;
  for (const QString& line : lines_) widest = std::max(widest, widthOf(line));
  return std::clamp((width - 2 * kPadPx) / widest, kLeastScale, 1.0);
}

QSize EquationView::sizeHint() const {
  double widest = 100.0;
  for (const QString& line : lines_) widest = std::max(widest, widthOf(line));
  return {static_cast<int>(widest) + 2 * kPadPx, heightForWidth(static_cast<int>(widest) + 2 * kPadPx)};
}

int EquationView::heightForWidth(int width) const { return static_cast<int>(2 * kPadPx + kLinePx * scaleFor(width) * static_cast<double>(lines_.size())); }

void EquationView::paintEvent(QPaintEvent*) {
  const Colors& colors = colorsOf(palette());
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(colors.field);
  painter.drawRoundedRect(rect(), 6, 6);
  painter.setPen(colors.text);
  const double scale = scaleFor(width());
  painter.translate(kPadPx, kPadPx);
  painter.scale(scale, scale);
  double y = kLinePx * 0.68;
  for (const QString& line : lines_) {
    double x = 0.0;
    for (const Piece& piece : pieces(line)) {
      const QFont font = fontOf(piece);
      painter.setFont(font);
      painter.drawText(QPointF(x, y - (piece.level > 0 ? 6.0 : piece.level < 0 ? -4.0 : 0.0)), piece.text);
      x += QFontMetricsF(font).horizontalAdvance(piece.text);
    }
    y += kLinePx;
  }
}

}  // namespace orrery::ui
