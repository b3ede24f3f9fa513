#include "ui/window/status_row.h"

#include <unistd.h>

#include <QFile>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>

#include "ui/session/session.h"
#include "ui/style/colors.h"
#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"
#include "ui/window/job_chip.h"

namespace orrery::ui {
namespace {

constexpr int kMessageMs = 8000;

// Resident memory of this process; 0 where /proc does not say.
std::int64_t residentBytes() {
  QFile file(QStringLiteral("/proc/self/statm"));
  if (!file.open(QIODevice::ReadOnly)) return 0;
  return file.readAll().split(' ').value(1).toLongLong() * sysconf(_SC_PAGESIZE);
}

}  // namespace

StatusRow::StatusRow(Session& session, QWidget* parent) : QWidget(parent), session_(session) {
  setFixedHeight(28);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(8, 0, 12, 0);
  row->setSpacing(16);
  chip_ = new JobChip(session_, this);
  row->addWidget(chip_);
  const auto item = [&](const QString& tip) {
    QLabel* label = makeLabel({}, "small", this);
    label->setToolTip(tip);
    row->addWidget(label);
    return label;
  };
  message_ = new ElidedLabel({}, this);
  setRole(message_, "dim");
  row->addWidget(message_, 1);
  train_ = item(tr("Pictures trained per second"));
  view_ = item(tr("Time the network takes for a picture of the active view"));
  memory_ = item(tr("Memory this program uses"));
  fade_.setSingleShot(true);
  fade_.setInterval(kMessageMs);
  connect(&fade_, &QTimer::timeout, this, [this] { message_->setText({}); });
  slow_.setInterval(500);
  connect(&slow_, &QTimer::timeout, this, &StatusRow::refresh);
  slow_.start();
  connect(&session_, &Session::messageArrived, this, &StatusRow::say);
  refresh();
}

void StatusRow::say(const QString& message) {
  message_->setText(message);
  message_->setAccessibleName(message);
  fade_.start();
}

void StatusRow::setViewer(const QString& description) {
  view_->setToolTip(tr("Time the network takes for a picture of the active view.\nThe viewer is %1.").arg(description));
}

QString StatusRow::message() const { return message_->text(); }

void StatusRow::refresh() {
  double img_per_s = 0.0;
  for (const auto& [id, status] : session_.jobs()) {
    const auto found = status.numbers.find("img_per_s");
    if (status.kind == "train" && status.state == JobState::running && found != status.numbers.end()) img_per_s += found->second;
  }
  train_->setText(img_per_s > 0.0 ? tr("train %1 img/s").arg(formatNumber(img_per_s, img_per_s < 10 ? 1 : 0)) : QString());
  train_->setVisible(img_per_s > 0.0);
  const auto& frame = session_.frame(session_.activeView());
  view_->setText(frame ? tr("view %1 ms").arg(formatNumber(frame->render_ms, frame->render_ms < 10 ? 1 : 0)) : QString());
  memory_->setText(formatBytes(residentBytes()));
}

void StatusRow::paintEvent(QPaintEvent*) { QPainter(this).fillRect(rect(), colorsOf(palette()).window); }

}  // namespace orrery::ui
