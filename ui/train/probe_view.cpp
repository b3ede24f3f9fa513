#include "ui/train/probe_view.h"

#include <QDir>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QImageReader>
#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/project/attached.h"
#include "ui/style/colors.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/tight.h"

namespace orrery::ui {
namespace {

constexpr int kStripPx = 56;
constexpr int kKeptSheets = 96;   // in memory, as the strip of one probe needs them
constexpr int kMostSheetPx = 2048;

QImage readSheet(const QString& file) {
  QImageReader reader(file);
  const QSize size = reader.size();
  if (!size.isValid() || size.width() > 32768 || size.height() > 32768) return {};
  return reader.read();
}

}  // namespace

// ---- the picture ----

ProbePicture::ProbePicture(QWidget* parent) : QWidget(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName(tr("Probe pictures"));
  setAccessibleDescription(tr("Left and Right go through time, Up and Down from probe to probe, Enter shows one probe alone, Escape all."));
  setMinimumSize(120, 120);
}

void ProbePicture::setSheet(const QImage& sheet, int columns, int rows) {
  sheet_ = sheet;
  columns_ = std::max(1, columns);
  rows_ = std::max(1, rows);
  probe_ = std::clamp(probe_, 0, probes() - 1);
  update();
}

void ProbePicture::setHistory(const QVector<QImage>& sheets, int now) {
  history_ = sheets;
  now_ = now;
  update();
}

void ProbePicture::setProbe(int probe, bool alone) {
  probe_ = std::clamp(probe, 0, probes() - 1);
  alone_ = alone;
  update();
}

QRect ProbePicture::cellOf(const QImage& sheet, int probe) const {
  const int w = sheet.width() / columns_, h = sheet.height() / rows_;
  return {probe % columns_ * w, probe / columns_ * h, w, h};
}

QRect ProbePicture::stripRect() const { return alone_ && history_.size() > 1 ? QRect(0, height() - kStripPx - 4, width(), kStripPx) : QRect(); }

QRect ProbePicture::sheetRect() const {
  const QRect strip = stripRect();
  const QSize room(width(), strip.isNull() ? height() : strip.top() - 6);
  const QSize source = alone_ ? cellOf(sheet_, probe_).size() : sheet_.size();
  const QSize size = source.scaled(room, Qt::KeepAspectRatio);
  return {QPoint((room.width() - size.width()) / 2, (room.height() - size.height()) / 2), size};
}

void ProbePicture::paintEvent(QPaintEvent*) {
  const Colors& colors = colorsOf(palette());
  QPainter painter(this);
  if (sheet_.isNull()) return;
  const QRect room = sheetRect();
  const QRect source = alone_ ? cellOf(sheet_, probe_) : sheet_.rect();
  // Enlarged pixels stay pixels; reduced ones are averaged.
  painter.setRenderHint(QPainter::SmoothPixmapTransform, room.width() < source.width());
  painter.drawImage(room, sheet_, source);
  if (!alone_ && hasFocus()) {
    const double w = static_cast<double>(room.width()) / columns_, h = static_cast<double>(room.height()) / rows_;
    painter.setPen(QPen(palette().color(QPalette::Highlight), 2));
    painter.drawRect(QRectF(room.x() + probe_ % columns_ * w, room.y() + probe_ / columns_ * h, w, h).adjusted(1, 1, -1, -1));
  } else if (hasFocus()) {
    painter.setPen(palette().color(QPalette::Highlight));
    painter.drawRect(room.adjusted(0, 0, -1, -1));
  }
  const QRect strip = stripRect();
  if (strip.isNull()) return;
  const int count = static_cast<int>(history_.size());
  const double step = std::min(static_cast<double>(kStripPx + 4), static_cast<double>(strip.width() - kStripPx) / std::max(1, count - 1));
  painter.setRenderHint(QPainter::SmoothPixmapTransform, true);
  for (int i = 0; i < count; ++i) {
    const QRectF box(strip.x() + i * step, strip.y(), kStripPx, kStripPx);
    painter.fillRect(box, colors.field);
    if (!history_[i].isNull()) painter.drawImage(box, history_[i], QRectF(cellOf(history_[i], probe_)));
  }
  painter.setPen(QPen(palette().color(QPalette::Highlight), 2));
  painter.drawRect(QRectF(strip.x() + now_ * step, strip.y(), kStripPx, kStripPx).adjusted(1, 1, -1, -1));
}

void ProbePicture::mousePressEvent(QMouseEvent* event) {
  const QRect strip = stripRect();
  if (strip.contains(event->pos())) {
    const int count = static_cast<int>(history_.size());
    const double step = std::min(static_cast<double>(kStripPx + 4), static_cast<double>(strip.width() - kStripPx) / std::max(1, count - 1));
    Q_EMIT timeChosen(std::clamp(static_cast<int>((event->pos().x() - strip.x()) / std::max(1.0, step)), 0, count - 1));
    return;
  }
  const QRect room = sheetRect();
  if (alone_ || !room.contains(event->pos())) return;
  const int column = (event->pos().x() - room.x()) * columns_ / std::max(1, room.width());
  const int row = (event->pos().y() - room.y()) * rows_ / std::max(1, room.height());
  Q_EMIT probeChosen(row * columns_ + column, false);
}

void ProbePicture::mouseDoubleClickEvent(QMouseEvent* event) {
  if (!stripRect().contains(event->pos())) Q_EMIT probeChosen(probe_, !alone_);
}

void ProbePicture::keyPressEvent(QKeyEvent* event) {
  switch (event->key()) {
    case Qt::Key_Left: Q_EMIT timeStepped(-1); return;
    case Qt::Key_Right: Q_EMIT timeStepped(1); return;
    case Qt::Key_Home: Q_EMIT timeStepped(-1000000); return;
    case Qt::Key_End: Q_EMIT timeStepped(1000000); return;
    case Qt::Key_Up: Q_EMIT probeChosen(std::max(0, probe_ - 1), alone_); return;
    case Qt::Key_Down: Q_EMIT probeChosen(std::min(probes() - 1, probe_ + 1), alone_); return;
    case Qt::Key_Return:
    case Qt::Key_Enter: Q_EMIT probeChosen(probe_, !alone_); return;
    case Qt::Key_Escape:
      if (!alone_) break;
      Q_EMIT probeChosen(probe_, false);
      return;
    default: break;
  }
  QWidget::keyPressEvent(event);
}

// ---- the panel around it ----

ProbeView::ProbeView(Session& session, QWidget* parent) : QWidget(parent), session_(session), book_(attached<RunBook>(session)) {
  picture_ = new ProbePicture;
  slider_ = new QSlider(Qt::Horizontal);
  slider_->setAccessibleName(tr("Training time"));
  slider_->setToolTip(tr("Goes back in training: the same latents, drawn earlier"));
  words_ = makeLabel(QString(), "dim");
  alone_ = makeIconButton(QStringLiteral("one-to-one"), tr("One probe alone, with its history (Enter)"));
  alone_->setCheckable(true);
  reals_ = makeIconButton(QStringLiteral("eye"), tr("Real pictures, to compare"));
  reals_->setCheckable(true);
  body_ = new QWidget;
  auto* bar = tight(new QHBoxLayout);
  bar->addWidget(slider_, 1);
  bar->addWidget(words_);
  bar->addWidget(reals_);
  bar->addWidget(alone_);
  auto* inner = tight(new QVBoxLayout(body_));
  inner->addWidget(picture_, 1);
  inner->addLayout(bar);
  empty_ = new EmptyState(QStringLiteral("image"), tr("Probe pictures appear here from the first step on: the same latents, again and again, while the network learns."));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(12, 8, 12, 8);
  column->addWidget(body_, 1);
  column->addWidget(empty_, 1);

  connect(slider_, &QSlider::valueChanged, this, &ProbeView::setTime);
  connect(picture_, &ProbePicture::timeStepped, this, [this](int steps) { setTime(now_ + steps); });
  connect(picture_, &ProbePicture::timeChosen, this, &ProbeView::setTime);
  connect(picture_, &ProbePicture::probeChosen, this, [this](int probe, bool alone) {
    picture_->setProbe(probe, alone);
    const QSignalBlocker blocker(alone_);
    alone_->setChecked(alone);
    showSheet();
  });
  connect(alone_, &QToolButton::toggled, this, [this](bool on) {
    picture_->setProbe(picture_->probe(), on);
    showSheet();
  });
  connect(reals_, &QToolButton::toggled, this, &ProbeView::showSheet);
  connect(&book_, &RunBook::runsChanged, this, &ProbeView::look);
  connect(&watcher_, &QFileSystemWatcher::directoryChanged, &later_, qOverload<>(&QTimer::start));
  connect(&book_, &RunBook::runChanged, this, [this](int index) {
    if (index == book_.currentIndex() && !later_.isActive()) later_.start();
  });
  later_.setSingleShot(true);
  later_.setInterval(400);  // a sheet is written in one rename, but many may follow
  connect(&later_, &QTimer::timeout, this, &ProbeView::look);
  look();
}

void ProbeView::look() {
  const Run* run = book_.current();
  const QString folder = run ? run->folder : QString();
  if (folder != folder_) {
    folder_ = folder;
    images_.clear();
    loading_.clear();
    reals_image_ = {};
    follow_ = true;
    now_ = -1;
    resolution_px_ = 0;
    if (!watcher_.directories().isEmpty()) watcher_.removePaths(watcher_.directories());
  }
  sheets_ = folder.isEmpty() ? QVector<ProbeSheet>() : probeSheets(folder);
  if (resolution_px_ == 0 && !folder.isEmpty()) {
    if (const auto record = readRunRecord(folder)) resolution_px_ = record->resolution_px;
  }
  const QString probes = folder + QStringLiteral("/probes");
  if (!folder.isEmpty() && watcher_.directories().isEmpty() && QFileInfo(probes).isDir()) watcher_.addPath(probes);
  const bool any = !sheets_.isEmpty();
  body_->setVisible(any);
  empty_->setVisible(!any);
  if (!any) return;
  {
    const QSignalBlocker blocker(slider_);
    slider_->setRange(0, count() - 1);
  }
  const int wanted = follow_ || now_ < 0 ? count() - 1 : std::min(now_, count() - 1);
  now_ = wanted;
  showSheet();
}

void ProbeView::setTime(int index) {
  index = std::clamp(index, 0, std::max(0, count() - 1));
  if (index == now_) return;
  now_ = index;
  follow_ = now_ == count() - 1;
  showSheet();
}

void ProbeView::load(int index) {
  const QString file = sheets_[index].file;
  if (images_.contains(file) || loading_.contains(file)) return;
  loading_.insert(file);
  session_.background<QImage>(
      this, [file] { return readSheet(file); },
      [this, file](QImage image) {
        loading_.remove(file);
        if (image.isNull() || !file.startsWith(folder_)) return;
        if (image.width() > kMostSheetPx) image = image.scaledToWidth(kMostSheetPx, Qt::SmoothTransformation);
        if (images_.size() >= kKeptSheets) images_.erase(images_.begin());
        images_[file] = image;
        showSheet();
      });
}

void ProbeView::fillHistory() {
  QVector<QImage> history;
  // Evenly chosen when there are more than can be kept or seen.
  const int most = 40;
  const int stride = (count() + most - 1) / most;
  int at = 0;
  for (int i = 0; i < count(); i += stride) {
    load(i);
    if (std::abs(i - now_) <= stride / 2) at = static_cast<int>(history.size());
    history << images_.value(sheets_[i].file);
  }
  picture_->setHistory(history, at);
}

void ProbeView::showSheet() {
  if (now_ < 0 || now_ >= count()) return;
  load(now_);
  const QString file = sheets_[now_].file;
  {
    const QSignalBlocker blocker(slider_);
    slider_->setValue(now_);
  }
  QImage sheet = images_.value(file);
  if (reals_->isChecked()) {
    if (reals_image_.isNull()) reals_image_ = readSheet(folder_ + QStringLiteral("/probes/reals.png"));
    if (!reals_image_.isNull()) sheet = reals_image_;
  }
  reals_->setEnabled(QFileInfo::exists(folder_ + QStringLiteral("/probes/reals.png")));
  if (!sheet.isNull()) {
    // Cells are as large as the model's pictures; a sheet that does not divide is one cell.
    const bool divides = resolution_px_ > 0 && sheet.width() % resolution_px_ == 0 && sheet.height() % resolution_px_ == 0;
    picture_->setSheet(sheet, divides ? sheet.width() / resolution_px_ : 1, divides ? sheet.height() / resolution_px_ : 1);
  }
  if (picture_->alone()) fillHistory();
  QString words = reals_->isChecked() ? tr("real pictures") : tr("%1 kimg").arg(formatNumber(sheets_[now_].kimg, 0));
  if (picture_->alone()) words += tr(", probe %1").arg(picture_->probe() + 1);
  words_->setText(words);
}

}  // namespace orrery::ui
