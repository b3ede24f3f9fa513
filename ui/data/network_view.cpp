#include "ui/data/network_view.h"

#include <QCheckBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QSpinBox>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/data/current_data.h"
#include "ui/data/store_picture.h"
#include "ui/project/attached.h"
#include "ui/style/colors.h"
#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/tight.h"
#include "ui/widgets/value_slider.h"

namespace orrery::ui {
namespace {

constexpr int kNeighbours = 6;  // pictures of the store in a row

}  // namespace

PictureRow::PictureRow(int height_px, QWidget* parent) : QWidget(parent), height_px_(height_px) {
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void PictureRow::setPictures(const QVector<QImage>& pictures) {
  pictures_ = pictures;
  note_.clear();
  update();
}

void PictureRow::setNote(const QString& note) {
  note_ = note;
  pictures_.clear();
  setAccessibleDescription(note);
  update();
}

void PictureRow::paintEvent(QPaintEvent*) {
  const Colors& colors = colorsOf(palette());
  QPainter painter(this);
  if (pictures_.isEmpty()) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(colors.field);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.drawRoundedRect(rect(), 4, 4);
    painter.setPen(colors.dim);
    painter.drawText(rect().adjusted(12, 0, -12, 0), Qt::AlignCenter | Qt::TextWordWrap, note_);
    return;
  }
  const int count = static_cast<int>(pictures_.size());
  const double gap = 4.0;
  const double side = std::min(static_cast<double>(height()), (width() - gap * (count - 1)) / count);
  for (int i = 0; i < count; ++i) {
    const QRectF box(i * (side + gap), 0, side, side);
    painter.setRenderHint(QPainter::SmoothPixmapTransform, pictures_[i].width() > side);
    painter.drawImage(box, pictures_[i]);
  }
}

NetworkView::NetworkView(Session& session, QWidget* parent) : QWidget(parent), session_(session), data_(attached<CurrentData>(session)) {
  index_ = new QSpinBox;
  index_->setAccessibleName(tr("Picture"));
  index_->setToolTip(tr("Which picture of the data (the row goes on from it)"));
  of_ = makeLabel(QString(), "dim");
  mirror_ = new QCheckBox(tr("Mirrored"));
  mirror_->setToolTip(tr("How the pictures look when training mirrors them. Text and faces with a parting look wrong then: leave mirroring off for those."));
  stored_ = new PictureRow(112);
  stored_->setAccessibleName(tr("Pictures as the network sees them"));
  strength_ = new ValueSlider;
  strength_->setRange(0.0, 1.0, 0.01);
  strength_->setNeutral(0.0);
  strength_->setValue(0.3);
  strength_->setAccessibleName(tr("Augmentation strength p"));
  strength_->setToolTip(tr("The probability of each operation, as adaptive augmentation raises it while training"));
  strength_value_ = makeLabel(formatNumber(0.3, 2));
  strength_value_->setMinimumWidth(36);
  auto* again = makeIconButton(QStringLiteral("dice"), tr("Other draws"));
  augmented_ = new PictureRow(88);
  augmented_->setAccessibleName(tr("Augmented draws"));

  auto* first = tight(new QHBoxLayout);
  first->addWidget(makeLabel(tr("Picture"), "dim"));
  first->addWidget(index_);
  first->addWidget(of_);
  first->addStretch(1);
  first->addWidget(mirror_);
  strength_box_ = new QWidget;
  auto* second = tight(new QHBoxLayout(strength_box_));
  second->addWidget(makeLabel(tr("Augmented, p"), "dim"));
  second->addWidget(strength_, 1);
  second->addWidget(strength_value_);
  second->addWidget(again);
  auto* column = tight(new QVBoxLayout(this));
  column->addLayout(first);
  column->addWidget(stored_);
  column->addWidget(strength_box_);
  column->addWidget(augmented_);

  later_.setSingleShot(true);
  later_.setInterval(30);
  connect(&later_, &QTimer::timeout, this, &NetworkView::refreshAugmented);
  connect(index_, &QSpinBox::valueChanged, this, [this] {
    refreshStored();
    later_.start();
  });
  connect(mirror_, &QCheckBox::toggled, this, &NetworkView::refreshStored);
  connect(strength_, &ValueSlider::valueChanged, this, [this](double p) {
    strength_value_->setText(formatNumber(p, 2));
    later_.start();
  });
  connect(again, &QToolButton::clicked, this, [this] {
    ++draws_seed_;
    later_.start();
  });
  const auto other = [this] {
    const auto& info = data_.info();
    const QSignalBlocker blocker(index_);
    index_->setRange(0, info && info->taken > 0 ? static_cast<int>(std::min<std::int64_t>(info->taken - 1, 2147483647)) : 0);
    of_->setText(info ? tr("of %1").arg(QLocale().toString(qlonglong(info->taken))) : QString());
    refreshStored();
    later_.start();
  };
  connect(&data_, &CurrentData::changed, this, other);
  other();
}

void NetworkView::refreshStored() {
  const int asked = ++asked_;
  if (!data_.info()) return stored_->setNote(data_.looking() ? tr("Looking at the pictures...") : tr("No data chosen."));
  const std::string store = data_.store().toStdString();
  const std::int64_t first = index_->value(), count = std::min<std::int64_t>(kNeighbours, data_.info()->taken - first);
  const bool mirrored = mirror_->isChecked();
  session_.background<Result<QVector<QImage>>>(
      this,
      [datasets = session_.studio().datasets.get(), store, first, count, mirrored]() -> Result<QVector<QImage>> {
        QVector<QImage> pictures;
        for (std::int64_t i = 0; i < count; ++i) {
          const auto picture = datasets->picture(store, first + i);
          if (!picture) return picture.error();
          pictures << storePicture(picture.value()).mirrored(mirrored, false);
        }
        return pictures;
      },
      [this, asked](Result<QVector<QImage>> result) {
        if (asked != asked_) return;
        if (result) {
          stored_->setPictures(result.value());
        } else {
          stored_->setNote(QString::fromStdString(result.error().what_happened));
        }
      });
}

void NetworkView::refreshAugmented() {
  if (!data_.info()) {
    augmented_->setNote(QString());
    strength_box_->setEnabled(false);
    return;
  }
  if (drawing_) return;  // asked again when the draws under way are there
  drawing_ = true;
  const std::string store = data_.store().toStdString();
  const double p = strength_->value();
  const int index = index_->value(), seed = draws_seed_;
  session_.background<Result<QImage>>(
      this,
      [datasets = session_.studio().datasets.get(), store, index, p, seed]() -> Result<QImage> {
        const auto row = datasets->augmented(store, index, p, kDraws, static_cast<std::uint64_t>(seed));
        if (!row) return row.error();
        return storePicture(row.value());
      },
      [this, store, p, index, seed](Result<QImage> result) {
        drawing_ = false;
        reason_.clear();
        strength_box_->setEnabled(true);
        if (!result) {
          reason_ = QString::fromStdString(result.error().what_happened);
          augmented_->setNote(reason_);
          strength_box_->setEnabled(false);
          strength_box_->setToolTip(reason_);
          return;
        }
        const QImage& row = result.value();
        const int side = row.width() / kDraws;
        QVector<QImage> draws;
        for (int i = 0; i < kDraws && side > 0; ++i) draws << row.copy(i * side, 0, side, row.height());
        augmented_->setPictures(draws);
        if (store != data_.store().toStdString() || p != strength_->value() || index != index_->value() || seed != draws_seed_) later_.start();
      });
}

}  // namespace orrery::ui
