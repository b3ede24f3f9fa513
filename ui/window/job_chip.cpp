#include "ui/window/job_chip.h"

#include <QCoreApplication>
#include <QHBoxLayout>
#include <QPainter>
#include <QProgressBar>
#include <QScreen>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/session/session.h"
#include "ui/style/colors.h"
#include "ui/style/icons.h"
#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"

namespace orrery::ui {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("Jobs", text); }

QString iconOf(const std::string& kind) {
  if (kind == "train") return QStringLiteral("train");
  if (kind == "import") return QStringLiteral("import");
  if (kind == "export") return QStringLiteral("export");
  if (kind == "measure") return QStringLiteral("chart");
  return QStringLiteral("clock");
}

}  // namespace

QString stateText(JobState state) {
  switch (state) {
    case JobState::queued:
      return tr("Queued");
    case JobState::preparing:
      return tr("Preparing");
    case JobState::running:
      return tr("Running");
    case JobState::pausing:
      return tr("Pausing");
    case JobState::paused:
      return tr("Paused");
    case JobState::finishing:
      return tr("Finishing");
    case JobState::done:
      return tr("Done");
    case JobState::failed:
      return tr("Failed");
    case JobState::cancelled:
      return tr("Cancelled");
    case JobState::device_lost:
      return tr("Device lost");
  }
  return {};
}

QString jobLine(const JobStatus& status) {
  QStringList parts{stateText(status.state)};
  if (!status.finished()) {
    if (status.fraction > 0.0) parts << QStringLiteral("%1%").arg(formatNumber(status.fraction * 100.0, 0));
    if (status.eta_s && *status.eta_s >= 1.0) parts << tr("%1 left").arg(formatDuration(*status.eta_s));
  }
  return parts.join(QStringLiteral(", "));
}

// ---- the list ----

struct JobList::Row : QWidget {
  explicit Row(Session& session, JobId id) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 4);
    column->setSpacing(4);
    auto* head = new QHBoxLayout;
    head->setSpacing(4);
    title = new ElidedLabel;
    head->addWidget(title, 1);
    pause = makeIconButton(QStringLiteral("pause"), tr("Pause"), {}, this);
    cancel = makeIconButton(QStringLiteral("close"), tr("Cancel"), {}, this);
    head->addWidget(pause);
    head->addWidget(cancel);
    column->addLayout(head);
    bar = new QProgressBar;
    bar->setRange(0, 1000);
    bar->setTextVisible(false);
    column->addWidget(bar);
    state = new ElidedLabel;
    setRole(state, "small");
    column->addWidget(state);
    QObject::connect(pause, &QToolButton::clicked, this, [&session, id] {
      const auto found = session.jobs().find(id);
      if (found != session.jobs().end()) session.say(id, found->second.state == JobState::paused ? JobVerb::resume : JobVerb::pause);
    });
    QObject::connect(cancel, &QToolButton::clicked, this, [&session, id] {
      const auto found = session.jobs().find(id);
      if (found == session.jobs().end()) return;
      // A run's weights are worth keeping; everything else that is cancelled leaves nothing.
      session.say(id, found->second.kind == "train" ? JobVerb::stop_and_save : JobVerb::cancel);
    });
  }
  void show(const JobStatus& status) {
    title->setText(QString::fromStdString(status.title));
    state->setText(status.message.empty() || status.finished()
                       ? jobLine(status)
                       : jobLine(status) + QStringLiteral(" · ") + QString::fromStdString(status.message));
    bar->setRange(0, status.fraction < 0.0 && !status.finished() ? 0 : 1000);
    bar->setValue(static_cast<int>(std::max(0.0, status.fraction) * 1000.0));
    bar->setVisible(!status.finished());
    bar->setAccessibleName(title->text());
    const bool train = status.kind == "train";
    pause->setVisible(train && !status.finished());
    const bool paused = status.state == JobState::paused;
    pause->setIcon(icon(paused ? QStringLiteral("play") : QStringLiteral("pause")));
    pause->setToolTip(paused ? tr("Resume") : tr("Pause"));
    cancel->setVisible(!status.finished());
    cancel->setIcon(icon(train ? QStringLiteral("stop") : QStringLiteral("close")));
    cancel->setToolTip(train ? tr("Stop and save") : tr("Cancel"));
  }
  ElidedLabel* title;
  ElidedLabel* state;
  QProgressBar* bar;
  QToolButton* pause;
  QToolButton* cancel;
};

JobList::JobList(Session& session, QWidget* parent) : QFrame(parent, Qt::Popup), session_(session) {
  setObjectName(QStringLiteral("job-list"));
  setFixedWidth(340);
  setFrameShape(QFrame::NoFrame);
  column_ = new QVBoxLayout(this);
  column_->setContentsMargins(12, 8, 12, 8);
  column_->setSpacing(4);
  none_ = makeLabel(tr("No job has run yet."), "dim");
  column_->addWidget(none_);
  connect(&session_, &Session::jobChanged, this, &JobList::refresh);
  refresh();
}

void JobList::refresh() {
  // The newest eight, newest on top.
  int shown = 0;
  for (auto job = session_.jobs().rbegin(); job != session_.jobs().rend(); ++job) {
    const auto& [id, status] = *job;
    auto found = rows_.find(id);
    if (shown >= 8) {
      if (found != rows_.end()) found->second->setVisible(false);
      continue;
    }
    if (found == rows_.end()) {
      auto* row = new Row(session_, id);
      column_->insertWidget(0, row);
      found = rows_.emplace(id, row).first;
    }
    found->second->show(status);
    ++shown;
  }
  none_->setVisible(rows_.empty());
  if (isVisible()) adjustSize();
}

// ---- the chip ----

JobChip::JobChip(Session& session, QWidget* parent) : QAbstractButton(parent), session_(session) {
  setFocusPolicy(Qt::TabFocus);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  setAccessibleName(tr("Jobs"));
  connect(&session_, &Session::jobChanged, this, [this] {
    const JobStatus* status = shown();
    const QString text = status ? QString::fromStdString(status->title) + QStringLiteral(": ") + jobLine(*status) : tr("No job at work");
    setToolTip(text);
    setAccessibleDescription(text);
    updateGeometry();
    update();
  });
  connect(this, &QAbstractButton::clicked, this, &JobChip::openList);
  setToolTip(tr("No job at work"));
}

const JobStatus* JobChip::shown() const {
  const JobStatus* newest = nullptr;
  for (const auto& [id, status] : session_.jobs()) {
    if (!status.finished()) newest = &status;
  }
  return newest;
}

QSize JobChip::sizeHint() const {
  const JobStatus* status = shown();
  if (!status) return {fontMetrics().horizontalAdvance(tr("No jobs")) + 34, 24};
  const int text = fontMetrics().horizontalAdvance(QString::fromStdString(status->title) + QStringLiteral("  ") + jobLine(*status));
  return {std::min(460, text + 28 + 70 + 24), 24};
}

void JobChip::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Colors& colors = colorsOf(palette());
  const QColor accent = palette().color(QPalette::Highlight);
  const JobStatus* status = shown();
  if (underMouse() || hasFocus()) {
    painter.setPen(hasFocus() ? QPen(accent, 1) : QPen(Qt::NoPen));
    painter.setBrush(colors.field);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
  }
  paintIcon(painter, status ? iconOf(status->kind) : QStringLiteral("clock"), QRectF(6, 5, 14, 14), status ? accent : colors.dim);
  QRect text_rect = rect().adjusted(26, 0, -8, 0);
  if (!status) {
    painter.setPen(colors.dim);
    painter.drawText(text_rect, Qt::AlignVCenter, tr("No jobs"));
    return;
  }
  const QRectF bar(width() - 70.0, height() / 2.0 - 2, 62, 4);
  text_rect.setRight(static_cast<int>(bar.left()) - 10);
  const QString title = QString::fromStdString(status->title);
  painter.setPen(colors.text);
  const QString shown_title = fontMetrics().elidedText(
      title, Qt::ElideRight, std::max(40, text_rect.width() - fontMetrics().horizontalAdvance(jobLine(*status)) - 10));
  painter.drawText(text_rect, Qt::AlignVCenter, shown_title);
  painter.setPen(colors.dim);
  painter.drawText(text_rect.adjusted(fontMetrics().horizontalAdvance(shown_title) + 10, 0, 0, 0), Qt::AlignVCenter, jobLine(*status));
  painter.setPen(Qt::NoPen);
  painter.setBrush(colors.line);
  painter.drawRoundedRect(bar, 2, 2);
  painter.setBrush(status->state == JobState::paused ? colors.dim : accent);
  if (status->fraction > 0.0)
    painter.drawRoundedRect(QRectF(bar.topLeft(), QSizeF(bar.width() * std::min(1.0, status->fraction), bar.height())), 2, 2);
}

void JobChip::openList() {
  if (!list_) list_ = new JobList(session_, this);
  list_->refresh();
  list_->adjustSize();
  list_->move(mapToGlobal(QPoint(0, -list_->height() - 4)));
  list_->show();
}

}  // namespace orrery::ui
