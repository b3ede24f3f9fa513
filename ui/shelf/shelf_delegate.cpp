#include "ui/shelf/shelf_delegate.h"

#include <QGuiApplication>
#include <QPainter>
#include <QPainterPath>
#include <QTreeView>

#include "ui/shelf/shelf_model.h"
#include "ui/style/colors.h"
#include "ui/style/icons.h"

namespace orrery::ui {
namespace {

constexpr int kHeadingPx = 30;
constexpr int kEntryPx = 52;
constexpr int kPicturePx = 40;
constexpr int kSidePx = 8;

const char* iconOf(int kind) {
  switch (static_cast<ShelfKind>(kind)) {
    case ShelfKind::model: return "model";
    case ShelfKind::data: return "data";
    case ShelfKind::run: return "train";
    case ShelfKind::exported: return "export";
  }
  return "file";
}

QRect textRect(const QRect& row) { return row.adjusted(kSidePx + kPicturePx + 10, 7, -kSidePx, -7); }

}  // namespace

QSize ShelfDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const {
  return {160, index.data(ShelfModel::HeadingRole).toBool() ? kHeadingPx : kEntryPx};
}

void ShelfDelegate::updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option, const QModelIndex&) const {
  const QRect text = textRect(option.rect);
  editor->setGeometry(text.x() - 4, option.rect.y() + 2, text.width() + 8, 26);
}

void ShelfDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  // Not the option's palette: a style sheet leaves that one behind when the theme changes.
  const Colors& colors = colorsOf(QGuiApplication::palette());
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  const QRect row = option.rect;
  const auto* tree = qobject_cast<const QTreeView*>(option.widget);

  if (index.data(ShelfModel::HeadingRole).toBool()) {
    const bool open = tree && tree->isExpanded(index);
    if (option.state & QStyle::State_HasFocus && option.state & QStyle::State_Selected) painter->fillRect(row, colors.field);
    paintIcon(*painter, open ? QStringLiteral("chevron-down") : QStringLiteral("chevron-right"), QRectF(row.x() + kSidePx, row.center().y() - 5, 12, 12), colors.dim);
    painter->setPen(colors.dim);
    painter->drawText(row.adjusted(kSidePx + 18, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, index.data().toString());
    painter->drawText(row.adjusted(0, 0, -kSidePx, 0), Qt::AlignVCenter | Qt::AlignRight, QString::number(index.data(ShelfModel::CountRole).toInt()));
    painter->restore();
    return;
  }

  if (option.state & (QStyle::State_Selected | QStyle::State_MouseOver)) {
    painter->setPen(Qt::NoPen);
    painter->setBrush(option.state & QStyle::State_Selected ? colors.hover : colors.field);
    painter->drawRoundedRect(QRectF(row).adjusted(3, 1, -3, -1), 4, 4);
  }
  if (option.state & QStyle::State_HasFocus && option.state & QStyle::State_Selected) {
    painter->setPen(QGuiApplication::palette().color(QPalette::Highlight));
    painter->setBrush(Qt::NoBrush);
    painter->drawRoundedRect(QRectF(row).adjusted(3.5, 1.5, -3.5, -1.5), 4, 4);
  }
  const bool missing = index.data(ShelfModel::MissingRole).toBool();
  const QRectF frame(row.x() + kSidePx, row.center().y() - kPicturePx / 2 + 1, kPicturePx, kPicturePx);
  const auto picture = index.data(ShelfModel::ThumbnailRole).value<QPixmap>();
  QPainterPath rounded;
  rounded.addRoundedRect(frame, 4, 4);
  if (picture.isNull()) {
    painter->fillPath(rounded, colors.field);
    const double pad = 11;
    paintIcon(*painter, QString::fromLatin1(iconOf(index.data(ShelfModel::KindRole).toInt())), frame.adjusted(pad, pad, -pad, -pad), colors.dim);
  } else {
    painter->setClipPath(rounded);
    painter->setRenderHint(QPainter::SmoothPixmapTransform);
    painter->setOpacity(missing ? 0.35 : 1.0);
    painter->drawPixmap(frame, picture, QRectF(picture.rect()));
    painter->setOpacity(1.0);
    painter->setClipping(false);
  }

  const QRect text = textRect(row);
  const QFontMetrics metrics(option.font);
  painter->setPen(missing ? colors.faint : colors.text);
  painter->drawText(QRect(text.x(), text.y(), text.width(), text.height() / 2), Qt::AlignVCenter | Qt::AlignLeft, metrics.elidedText(index.data().toString(), Qt::ElideMiddle, text.width()));
  QFont small = option.font;
  small.setPixelSize(11);
  painter->setFont(small);
  const QFontMetrics fine(small);
  const QRect line(text.x(), text.y() + text.height() / 2, text.width(), text.height() / 2);
  const QString age = index.data(ShelfModel::AgeRole).toString();
  const int age_width = fine.horizontalAdvance(age);
  const QString subtitle = index.data(ShelfModel::SubtitleRole).toString();
  // The age gives way where there is no room for both.
  const bool both = fine.horizontalAdvance(subtitle) + age_width + 8 <= line.width() || subtitle.isEmpty();
  painter->setPen(missing ? colors.danger : colors.dim);
  painter->drawText(line, Qt::AlignVCenter | Qt::AlignLeft, fine.elidedText(subtitle, Qt::ElideRight, both ? line.width() - age_width - 4 : line.width()));
  painter->setPen(colors.dim);
  if (both) painter->drawText(line, Qt::AlignVCenter | Qt::AlignRight, age);
  painter->restore();
}

}  // namespace orrery::ui
