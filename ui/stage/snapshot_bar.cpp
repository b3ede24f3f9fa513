#include "ui/stage/snapshot_bar.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>

#include "ui/session/session.h"
#include "ui/style/colors.h"
#include "ui/style/icons.h"
#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/scrub_track.h"

namespace orrery::ui {
namespace {

// The control by which a request names a snapshot of its model: its index from the oldest; the neutral value is the newest.
constexpr const char* kSnapshot = "snapshot";

int newest(const ModelInfo& model) { return static_cast<int>(model.snapshots.size()); }

}  // namespace

SnapshotBar::SnapshotBar(Session& session, QWidget* parent) : QWidget(parent), session_(session) {
  setFixedHeight(30);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(34, 0, 12, 0);
  row->setSpacing(12);
  slider_ = new ScrubTrack;  // as the tape has
  slider_->setAccessibleName(tr("Snapshot"));
  slider_->setAccessibleDescription(tr("Goes back in training on the same latent; the right end is the newest."));
  slider_->setToolTip(tr("Goes back in training on the same latent. The right end is the newest and follows the training."));
  slider_->setPageStep(1);
  slider_->setTicks(true);
  row->addWidget(slider_, 1);
  words_ = makeLabel({}, "dim", this);
  words_->setMinimumWidth(words_->fontMetrics().horizontalAdvance(tr("newest, %1 kimg").arg(QStringLiteral("000.00"))));
  words_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  row->addWidget(words_);
  connect(slider_, &QAbstractSlider::valueChanged, this, &SnapshotBar::choose);
  connect(slider_, &QAbstractSlider::sliderReleased, &session_, &Session::endGesture);
  connect(&session_, &Session::requestChanged, this, [this](int view) {
    if (view == session_.activeView()) refresh();
  });
  connect(&session_, &Session::viewsChanged, this, &SnapshotBar::refresh);
  connect(&session_, &Session::viewModelChanged, this, &SnapshotBar::refresh);
  refresh();
}

void SnapshotBar::refresh() {
  const ModelInfo* model = session_.model();
  const ControlSpec* spec = session_.spec(kSnapshot);
  const bool any = model && spec && spec->unavailable.empty() && newest(*model) > 1;
  setVisible(any);
  if (!any) return;
  const Value value = session_.value(kSnapshot);
  const auto index = std::get_if<std::int64_t>(&value);
  const int place = index && *index >= 0 ? static_cast<int>(*index) : newest(*model);
  {
    const QSignalBlocker blocker(slider_);
    slider_->setRange(0, newest(*model));
    slider_->setValue(place);
  }
  const bool at_end = place >= newest(*model);
  const double kimg = model->snapshots[static_cast<std::size_t>(std::min(place, newest(*model) - 1))].kimg;
  words_->setText(at_end ? tr("newest") : tr("%1 kimg, %2 of %3").arg(formatNumber(kimg, kimg < 10 ? 2 : 1)).arg(place + 1).arg(newest(*model)));
}

void SnapshotBar::choose(int place) {
  const ModelInfo* model = session_.model();
  const ControlSpec* spec = session_.spec(kSnapshot);
  if (!model || !spec) return;
  session_.setControl(kSnapshot, place >= newest(*model) ? spec->neutral : Value(std::int64_t{place}));
  if (!slider_->isSliderDown()) session_.endGesture();
}

void SnapshotBar::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Colors& colors = colorsOf(palette());
  painter.setRenderHint(QPainter::Antialiasing);
  paintIcon(painter, QStringLiteral("snapshot"), QRectF(12, 8, 14, 14), colors.dim);
}

}  // namespace orrery::ui
