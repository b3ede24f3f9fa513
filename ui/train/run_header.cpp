#include "ui/train/run_header.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/project/attached.h"
#include "ui/style/colors.h"
#include "ui/style/icons.h"
#include "ui/widgets/flow_layout.h"
#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/tight.h"

namespace orrery::ui {
namespace {

constexpr int kArmedMs = 4000;

// A number with its name under it.
QWidget* tile(QLabel*& value, const QString& name) {
  auto* box = new QWidget;
  auto* column = tight(new QVBoxLayout(box), 0);
  value = makeLabel(QStringLiteral("–"), "heading");
  value->setAccessibleName(name);
  column->addWidget(value);
  column->addWidget(makeLabel(name, "small"));
  return box;
}

QString numberOf(const JobStatus& status, const char* name, int decimals) {
  const auto found = status.numbers.find(name);
  return found == status.numbers.end() ? QStringLiteral("–") : formatNumber(found->second, decimals);
}

}  // namespace

VerbsAllowed verbsFor(JobState state, bool has_job) {
  VerbsAllowed allowed;
  if (!has_job) {
    allowed.start = true;
    return allowed;
  }
  switch (state) {
    case JobState::queued:
    case JobState::preparing: allowed.stop_without_saving = true; break;
    case JobState::running: allowed.pause = allowed.save = allowed.sample = allowed.stop_and_save = allowed.stop_without_saving = true; break;
    case JobState::pausing: allowed.resume = allowed.stop_and_save = allowed.stop_without_saving = true; break;
    case JobState::paused: allowed.resume = allowed.save = allowed.sample = allowed.stop_and_save = allowed.stop_without_saving = true; break;
    case JobState::finishing: break;
    case JobState::done:
    case JobState::failed:
    case JobState::cancelled:
    case JobState::device_lost: allowed.start = true; break;
  }
  return allowed;
}

RunHeader::RunHeader(Session& session, QWidget* parent) : QWidget(parent), session_(session), book_(attached<RunBook>(session)) {
  runs_ = new QComboBox;
  runs_->setAccessibleName(tr("Run"));
  runs_->setMinimumWidth(120);
  runs_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  state_ = makeLabel(QString());
  state_->setAccessibleName(tr("State of the run"));
  state_->setContentsMargins(18, 2, 10, 2);
  auto* fresh = withTip(makeButton(tr("New run")), tr("Choose a system, data and settings"));
  fresh->setIcon(icon(QStringLiteral("plus")));
  message_ = new ElidedLabel;
  message_->setProperty("role", "dim");
  progress_ = new QProgressBar;
  progress_->setRange(0, 1000);
  progress_->setTextVisible(false);
  progress_->setAccessibleName(tr("Progress of the run"));

  auto* top = tight(new QHBoxLayout);
  top->addWidget(runs_, 1);
  top->addWidget(state_);
  top->addWidget(fresh);
  auto* verbs = new QWidget;
  auto* flow = new FlowLayout(6);
  verbs->setLayout(flow);
  start_ = verb(QStringLiteral("start"), QStringLiteral("play"), tr("Start"), tr("Goes on from the last checkpoint of this run"));
  pause_ = verb(QStringLiteral("pause"), QStringLiteral("pause"), tr("Pause"), tr("Stops after the current step; the model stays loaded"));
  resume_ = verb(QStringLiteral("resume"), QStringLiteral("play"), tr("Resume"), tr("Goes on from where it paused"));
  save_ = verb(QStringLiteral("save_now"), QStringLiteral("save"), tr("Save now"), tr("Writes a checkpoint and goes on"));
  sample_ = verb(QStringLiteral("sample_now"), QStringLiteral("image"), tr("Sample now"), tr("Draws the probe sheet and goes on"));
  stop_save_ = verb(QStringLiteral("stop_and_save"), QStringLiteral("stop"), tr("Stop and save"), tr("Ends the run after writing a checkpoint"));
  stop_drop_ = verb(QStringLiteral("stop_without_saving"), QStringLiteral("trash"), tr("Stop without saving"), tr("Ends the run; what was learnt since the last checkpoint is lost. Press twice."));
  for (QPushButton* one : {start_, pause_, resume_, save_, sample_, stop_save_, stop_drop_}) flow->addWidget(one);
  auto* tiles = tight(new QHBoxLayout, 24);
  tiles->addWidget(tile(kimg_, tr("kimg")));
  tiles->addWidget(tile(speed_, tr("img/s")));
  tiles->addWidget(tile(left_, tr("time left")));
  tiles->addWidget(tile(memory_, tr("memory")));
  tiles->addStretch(1);

  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(12, 10, 12, 8);
  column->setSpacing(8);
  column->addLayout(top);
  column->addLayout(tiles);
  column->addWidget(progress_);
  column->addWidget(message_);
  column->addWidget(verbs);

  connect(fresh, &QPushButton::clicked, this, [this] { session_.openSheet(QStringLiteral("new-run")); });
  connect(runs_, &QComboBox::activated, this, [this](int index) { book_.setCurrent(index); });
  connect(start_, &QPushButton::clicked, this, &RunHeader::start);
  connect(pause_, &QPushButton::clicked, this, [this] { say(JobVerb::pause); });
  connect(resume_, &QPushButton::clicked, this, [this] { say(JobVerb::resume); });
  connect(save_, &QPushButton::clicked, this, [this] { say(JobVerb::save_now); });
  connect(sample_, &QPushButton::clicked, this, [this] { say(JobVerb::sample_now); });
  connect(stop_save_, &QPushButton::clicked, this, [this] { say(JobVerb::stop_and_save); });
  connect(stop_drop_, &QPushButton::clicked, this, &RunHeader::stopWithoutSaving);
  armed_.setSingleShot(true);
  armed_.setInterval(kArmedMs);
  connect(&armed_, &QTimer::timeout, this, &RunHeader::refresh);
  connect(&book_, &RunBook::runsChanged, this, [this] {
    armed_.stop();
    refresh();
  });
  connect(&book_, &RunBook::runChanged, this, [this](int index) {
    if (index == book_.currentIndex()) refresh();
  });
  refresh();
}

QPushButton* RunHeader::verb(const QString& name, const QString& icon_name, const QString& text, const QString& tip) {
  QPushButton* made = withTip(makeButton(text), tip);
  made->setObjectName(name);
  made->setIcon(icon(icon_name));
  return made;
}

void RunHeader::say(JobVerb verb) {
  if (const Run* run = book_.current(); run && run->job != 0) session_.say(run->job, verb);
}

void RunHeader::start() {
  const Run* run = book_.current();
  if (!run || run->folder.isEmpty()) return session_.openSheet(QStringLiteral("new-run"));
  TrainOptions options;
  options.out = run->folder.toStdString();
  options.resume = true;
  // A resumed run knows the rest; these are for the title and for a record that was lost.
  if (const auto record = readRunRecord(run->folder)) {
    options.system = record->system;
    options.data = record->data;
    options.preset = record->preset;
    options.set = record->set;
    options.seed = record->seed;
    options.device = record->device;
  }
  book_.note(session_.submit(TrainJob{options}), options);
}

// The one verb that loses something: the first press says so, a second within four seconds does it.
void RunHeader::stopWithoutSaving() {
  if (armed_.isActive()) {
    armed_.stop();
    say(JobVerb::stop_without_saving);
  } else {
    armed_.start();
  }
  refresh();
}

void RunHeader::refresh() {
  const Run* run = book_.current();
  const auto allowed = run ? verbsFor(run->status.state, run->job != 0) : VerbsAllowed{.start = true};
  // Start, Pause and Resume are one place: only what can be said next shows.
  const bool can_resume = allowed.resume, can_pause = allowed.pause;
  start_->setVisible(!can_resume && !can_pause && (allowed.start || !run));
  pause_->setVisible(can_pause || (run && run->active() && !can_resume));
  resume_->setVisible(can_resume);
  start_->setEnabled(allowed.start);
  start_->setText(run ? tr("Go on") : tr("Start"));
  start_->setToolTip(run ? tr("Goes on from the last checkpoint of this run") : tr("Opens the form of a new run"));
  pause_->setEnabled(allowed.pause);
  save_->setEnabled(allowed.save);
  sample_->setEnabled(allowed.sample);
  stop_save_->setEnabled(allowed.stop_and_save);
  stop_drop_->setEnabled(allowed.stop_without_saving);
  if (!allowed.stop_without_saving) armed_.stop();
  stop_drop_->setText(armed_.isActive() ? tr("Press again to lose it") : tr("Stop without saving"));
  setRole(stop_drop_, armed_.isActive() ? "danger" : "");

  {
    const QSignalBlocker blocker(runs_);
    runs_->clear();
    for (const auto& one : book_.runs()) runs_->addItem(one.title);
    runs_->setCurrentIndex(book_.currentIndex());
    runs_->setEnabled(!book_.runs().empty());
    if (book_.runs().empty()) runs_->setPlaceholderText(tr("No run yet"));
    runs_->setToolTip(run ? run->folder : QString());
  }
  state_->setVisible(run != nullptr);
  state_->setText(run ? (run->job == 0 ? tr("Not running") : stateName(run->status.state)) : QString());
  const JobStatus none;
  const JobStatus& status = run ? run->status : none;
  kimg_->setText(numberOf(status, "kimg", 2));
  speed_->setText(numberOf(status, "img_per_s", 1));
  memory_->setText(status.numbers.contains("memory_mb") ? formatBytes(static_cast<std::int64_t>(status.numbers.at("memory_mb") * 1e6)) : QStringLiteral("–"));
  left_->setText(status.eta_s && run && run->active() ? formatDuration(*status.eta_s) : QStringLiteral("–"));
  if (run && run->job == 0 && !run->history.empty()) {
    const auto& curves = run->history.curves();
    double kimg = 0.0;
    for (const auto& [name, curve] : curves) kimg = std::max(kimg, curve.kimg.empty() ? 0.0 : curve.kimg.back());
    kimg_->setText(formatNumber(kimg, 2));
  }
  if (status.fraction < 0.0 && run && run->active()) {
    progress_->setRange(0, 0);
  } else {
    progress_->setRange(0, 1000);
    progress_->setValue(static_cast<int>(1000.0 * std::clamp(status.fraction, 0.0, 1.0)));
  }
  if (status.error) {
    message_->setText(QString::fromStdString(status.error->what_happened + " " + status.error->what_to_do));
  } else {
    message_->setText(run ? (status.message.empty() ? run->folder : QString::fromStdString(status.message)) : tr("Choose \"New run\", or open one from the shelf."));
  }
  update();
}

void RunHeader::paintEvent(QPaintEvent*) {
  if (!state_->isVisible()) return;
  const Colors& colors = colorsOf(palette());
  const Run* run = book_.current();
  QColor color = colors.dim;
  if (run && run->job != 0) {
    switch (run->status.state) {
      case JobState::running: color = colors.good; break;
      case JobState::pausing:
      case JobState::paused:
      case JobState::preparing:
      case JobState::finishing:
      case JobState::queued: color = colors.warning; break;
      case JobState::failed:
      case JobState::device_lost: color = colors.danger; break;
      case JobState::done:
      case JobState::cancelled: break;
    }
  }
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(colors.field);
  const QRectF pill(state_->geometry());
  painter.drawRoundedRect(pill, pill.height() / 2, pill.height() / 2);
  painter.setBrush(color);
  painter.drawEllipse(QPointF(pill.x() + 10, pill.center().y()), 3.5, 3.5);
}

}  // namespace orrery::ui
