#include "ui/controls/picture_editor.h"

#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QMimeData>
#include <QMouseEvent>
#include <QPainter>
#include <QPushButton>
#include <QSettings>
#include <QToolButton>
#include <QUrl>
#include <QVBoxLayout>

#include "ui/style/colors.h"
#include "ui/style/icons.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/picture_value.h"

namespace orrery::ui {
namespace {

QString fileIn(const QMimeData& mime) {
  const auto urls = mime.urls();
  return urls.size() == 1 && urls.front().isLocalFile() ? urls.front().toLocalFile() : QString();
}

}  // namespace

PictureWell::PictureWell(const QString& empty, QWidget* parent) : QWidget(parent), empty_(empty) {
  setFixedSize(sizeHint());
  setAcceptDrops(true);
  setCursor(Qt::PointingHandCursor);
}

void PictureWell::setPicture(const QImage& picture) {
  picture_ = picture;
  update();
}

void PictureWell::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Colors& colors = colorsOf(palette());
  const QRectF box = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
  const QColor line = wanted_ ? palette().color(QPalette::Highlight) : colors.line;
  if (picture_.isNull() || !isEnabled()) {
    painter.setPen(QPen(line, 1, wanted_ ? Qt::SolidLine : Qt::DashLine));
    painter.setBrush(wanted_ ? mixed(colors.field, line, 0.2) : colors.field);
    painter.drawRoundedRect(box, 4, 4);
    paintIcon(painter, empty_, QRectF(rect().center() - QPointF(9, 9), QSizeF(18, 18)), isEnabled() ? colors.dim : colors.faint);
    return;
  }
  painter.setRenderHint(QPainter::SmoothPixmapTransform, picture_.width() > width());
  const QSizeF shown = QSizeF(picture_.size()).scaled(box.size(), Qt::KeepAspectRatio);
  painter.drawImage(QRectF(box.center() - QPointF(shown.width() / 2, shown.height() / 2), shown), picture_);
  painter.setPen(QPen(line, wanted_ ? 2 : 1));
  painter.setBrush(Qt::NoBrush);
  painter.drawRoundedRect(box, 4, 4);
}

void PictureWell::mouseReleaseEvent(QMouseEvent* event) {
  if (event->button() == Qt::LeftButton && rect().contains(event->pos())) Q_EMIT clicked();
}

void PictureWell::dragEnterEvent(QDragEnterEvent* event) {
  if (fileIn(*event->mimeData()).isEmpty()) return;
  event->acceptProposedAction();
  wanted_ = true;
  update();
}

void PictureWell::dragLeaveEvent(QDragLeaveEvent*) {
  wanted_ = false;
  update();
}

void PictureWell::dropEvent(QDropEvent* event) {
  wanted_ = false;
  update();
  const QString path = fileIn(*event->mimeData());
  if (path.isEmpty()) return;
  event->acceptProposedAction();
  Q_EMIT dropped(path);
}

PictureEditor::PictureEditor(ControlKind kind, QWidget* parent)
    : Editor(parent), kind_(kind), well_(new PictureWell(kind == ControlKind::mask ? QStringLiteral("brush") : QStringLiteral("image"), this)), choose_(makeButton(tr("Choose..."), "", this)) {
  const bool mask = kind == ControlKind::mask;
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(0, 2, 0, 2);
  row->setSpacing(8);
  row->addWidget(well_);
  auto* column = new QVBoxLayout;
  column->setSpacing(4);
  row->addLayout(column, 1);
  auto* first = new QHBoxLayout;
  first->setSpacing(4);
  auto* second = new QHBoxLayout;
  second->setSpacing(4);
  column->addStretch(1);
  column->addLayout(first);
  column->addLayout(second);
  column->addStretch(1);
  if (mask) {
    brush_ = makeButton(tr("Paint"), "", this);
    brush_->setIcon(icon(QStringLiteral("brush")));
    brush_->setCheckable(true);
    brush_->setToolTip(withShortcut(tr("Paint it on the picture"), Qt::Key_B));
    first->addWidget(brush_, 1);
    invert_ = makeIconButton(QStringLiteral("invert"), tr("Invert the mask"), {}, this);
    second->addWidget(choose_, 1);
    second->addWidget(invert_);
    connect(brush_, &QPushButton::clicked, this, &PictureEditor::brushWanted);
    connect(invert_, &QToolButton::clicked, this, [this] {
      QImage inverted = well_->picture();
      inverted.invertPixels();
      give(inverted);
    });
  } else {
    first->addWidget(choose_, 1);
  }
  clear_ = makeIconButton(QStringLiteral("trash"), mask ? tr("Clear the mask: nothing is made anew") : tr("No photo"), {}, this);
  (mask ? second : first)->addWidget(clear_);
  if (!mask) first->addStretch(0);
  connect(choose_, &QPushButton::clicked, this, &PictureEditor::choose);
  connect(well_, &PictureWell::clicked, this, [this] { brush_ && well_->picture().isNull() ? Q_EMIT brushWanted(true) : choose(); });
  connect(well_, &PictureWell::dropped, this, &PictureEditor::fileChosen);
  connect(clear_, &QToolButton::clicked, this, [this] {
    if (kind_ == ControlKind::mask) {
      QImage empty(well_->picture().size(), QImage::Format_Grayscale8);
      empty.fill(0);
      return give(empty);
    }
    Q_EMIT changed(std::string());
    Q_EMIT gestureEnded();
  });
  setValue(std::string());
}

void PictureEditor::setSpec(const ControlSpec& spec) {
  const QString name = QString::fromStdString(spec.label);
  well_->setAccessibleName(name);
  well_->setToolTip(kind_ == ControlKind::mask ? tr("White is made anew. Click to paint, or drop a grey picture here.") : tr("Drop a picture here, or click to choose one."));
  choose_->setAccessibleName(tr("Choose a picture for %1").arg(name));
}

void PictureEditor::setValue(const Value& value) {
  const QImage picture = imageOfValue(value);
  well_->setPicture(picture);
  clear_->setEnabled(!picture.isNull());
  if (invert_) invert_->setEnabled(!picture.isNull());
}

void PictureEditor::setBrush(bool on) {
  if (brush_) brush_->setChecked(on);
}

QWidget* PictureEditor::main() { return brush_ ? static_cast<QWidget*>(brush_) : choose_; }

void PictureEditor::choose() {
  QSettings settings;
  const QString path = QFileDialog::getOpenFileName(this, kind_ == ControlKind::mask ? tr("Choose a grey picture as mask") : tr("Choose a picture"),
                                                    settings.value("photo/folder").toString(),
                                                    tr("Pictures (*.png *.jpg *.jpeg *.webp *.tif *.tiff *.bmp *.gif *.heic *.avif);;All files (*)"));
  if (path.isEmpty()) return;
  settings.setValue("photo/folder", QFileInfo(path).path());
  Q_EMIT fileChosen(path);
}

void PictureEditor::give(const QImage& mask) {
  if (mask.isNull()) return;
  well_->setPicture(mask);
  Q_EMIT changed(valueOfImage(mask));
  Q_EMIT gestureEnded();
}

}  // namespace orrery::ui
