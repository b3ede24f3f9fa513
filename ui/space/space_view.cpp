#include "ui/space/space_view.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QMouseEvent>
#include <QPainter>
#include <QSettings>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "ui/style/colors.h"
#include "ui/style/icons.h"
#include "ui/widgets/counted.h"
#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"

namespace orrery::ui {
namespace {

constexpr double kPlay_s = 4.5, kRest_s = 1.4;  // of a tape, and at its end before it starts again
constexpr double kInset = 10.0;                 // of the scrub line, for the knob

}  // namespace

// ---- the scrub line ----

SpaceHead::SpaceHead(SpaceFeed& feed, QWidget* parent) : QWidget(parent), feed_(feed) {
  setFocusPolicy(Qt::StrongFocus);
  setCursor(Qt::PointingHandCursor);
  setAccessibleName(tr("Step"));
  setToolTip(tr("Steps of the sampler, from noise on the left to the points on the right. Left and Right go step by step."));
  connect(&feed_, &SpaceFeed::changed, this, qOverload<>(&QWidget::update));
}

QPointF SpaceHead::placeOf(double step) const {
  const double last = feed_.particles() ? feed_.particles()->last() : 0.0;
  const double share = last > 0.0 ? step / last : 1.0;
  return {kInset + share * (width() - 2 * kInset), height() / 2.0};
}

double SpaceHead::stepAt(double x) const {
  const double last = feed_.particles() ? feed_.particles()->last() : 0.0;
  return std::clamp((x - kInset) / std::max(1.0, width() - 2 * kInset), 0.0, 1.0) * last;
}

void SpaceHead::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Colors& colors = colorsOf(palette());
  const QColor accent = palette().color(QPalette::Highlight);
  const QPointF from = placeOf(0.0), to(width() - kInset, height() / 2.0), head = placeOf(feed_.head());
  painter.setPen(QPen(colors.line, 3, Qt::SolidLine, Qt::RoundCap));
  painter.drawLine(from, to);
  painter.setPen(QPen(accent, 3, Qt::SolidLine, Qt::RoundCap));
  painter.drawLine(from, head);
  const double last = feed_.particles() ? feed_.particles()->last() : 0.0;
  if (last > 0.0 && (width() - 2 * kInset) / last >= 5.0) {
    painter.setPen(Qt::NoPen);
    for (double step = 0.0; step <= last; step += 1.0) {
      painter.setBrush(step <= feed_.head() ? accent : colors.faint);
      painter.drawEllipse(placeOf(step), 2.2, 2.2);
    }
  }
  painter.setPen(QPen(hasFocus() ? colors.text : colors.panel, 1.6));
  painter.setBrush(accent);
  painter.drawEllipse(head, 6.5, 6.5);
}

void SpaceHead::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  dragging_ = true;
  Q_EMIT grabbed();
  feed_.setHead(stepAt(event->position().x()));
}
void SpaceHead::mouseMoveEvent(QMouseEvent* event) {
  if (dragging_) feed_.setHead(stepAt(event->position().x()));
}
void SpaceHead::mouseReleaseEvent(QMouseEvent*) { dragging_ = false; }

void SpaceHead::keyPressEvent(QKeyEvent* event) {
  const double last = feed_.particles() ? feed_.particles()->last() : 0.0;
  const auto go = [&](double step) {
    Q_EMIT grabbed();
    feed_.setHead(step);
  };
  switch (event->key()) {
    case Qt::Key_Left:
      return go(std::ceil(feed_.head()) - 1.0);
    case Qt::Key_Right:
      return go(std::floor(feed_.head()) + 1.0);
    case Qt::Key_Home:
      return go(0.0);
    case Qt::Key_End:
      return go(last);
    default:
      QWidget::keyPressEvent(event);
  }
}

// ---- the whole view ----

SpaceStage::SpaceStage(Session& session, QWidget* parent) : QWidget(parent), session_(session), feed_(session) {
  setAccessibleName(tr("Space"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  auto* bar = new QWidget(this);
  auto* row = new QHBoxLayout(bar);
  row->setContentsMargins(8, 4, 8, 4);
  row->setSpacing(2);
  plane_ = new SpacePlane(session_, feed_, this);
  const auto add = [&](const char* icon_name, const QString& name, const QString& help, bool SpaceLayers::*layer) { row->addWidget(layerButton(icon_name, name, help, layer)); };
  add("data", tr("Data"), tr("The points that the model was trained on"), &SpaceLayers::data);
  add("particles", tr("Particles"), tr("Every point on its way from noise to data"), &SpaceLayers::particles);
  add("trails", tr("Trails"), tr("Where the particles came from"), &SpaceLayers::trails);
  add("density", tr("Density"), tr("How likely each place is at this noise level: the training data, blurred by it"), &SpaceLayers::density);
  add("arrows", tr("Score"), tr("The slope of the log density: where the network sees more data. Long arrows are drawn shorter"), &SpaceLayers::score);
  add("arrows", tr("Motion"), tr("How particles move on the screen from here. Long arrows are drawn shorter"), &SpaceLayers::motion);
  row->addSpacing(8);
  add("fit", tr("Follow the noise"), tr("Draws everything smaller by √(d² + σ²) / d, so that noise and data fill the same room (d: spread of the data)"), &SpaceLayers::scaled);
  row->addStretch(1);
  sigma_ = makeLabel({}, "", bar);
  sigma_->setObjectName(QStringLiteral("sigma"));
  row->addWidget(sigma_);
  column->addWidget(bar);
  column->addWidget(plane_, 1);

  auto* player = new QWidget(this);
  auto* line = new QHBoxLayout(player);
  line->setContentsMargins(8, 4, 8, 4);
  line->setSpacing(4);
  play_ = makeIconButton(QStringLiteral("play"), tr("Play the steps"), Qt::Key_Space, player);
  connect(play_, &QToolButton::clicked, this, [this] { setPlaying(!playing()); });
  line->addWidget(play_);
  loop_button_ = makeIconButton(QStringLiteral("loop"), tr("Again and again"), {}, player);
  loop_button_->setCheckable(true);
  loop_ = QSettings().value("space/loop", true).toBool();
  loop_button_->setChecked(loop_);
  connect(loop_button_, &QToolButton::clicked, this, [this](bool on) { setLoop(on); });
  line->addWidget(loop_button_);
  head_ = new SpaceHead(feed_, player);
  connect(head_, &SpaceHead::grabbed, this, [this] { setPlaying(false); });
  line->addWidget(head_, 1);
  step_ = makeLabel({}, "dim", player);
  step_->setMinimumWidth(196);
  step_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  line->addWidget(step_);
  column->addWidget(player);

  timer_.setTimerType(Qt::PreciseTimer);
  timer_.setInterval(14);
  connect(&timer_, &QTimer::timeout, this, &SpaceStage::tick);
  connect(&feed_, &SpaceFeed::changed, this, &SpaceStage::refresh);
  connect(plane_, &SpacePlane::layersChanged, this, &SpaceStage::refresh);
  refresh();
}

QToolButton* SpaceStage::layerButton(const char* icon_name, const QString& name, const QString& help, bool SpaceLayers::*layer) {
  auto* button = new QToolButton(this);
  button->setText(name);
  button->setIcon(icon(QLatin1String(icon_name)));
  button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  button->setCheckable(true);
  button->setAutoRaise(true);
  button->setFocusPolicy(Qt::TabFocus);
  button->setAccessibleName(name);
  button->setToolTip(help);
  connect(button, &QToolButton::clicked, this, [this, layer](bool on) {
    SpaceLayers layers = plane_->layers();
    layers.*layer = on;
    if (on && layer == &SpaceLayers::score) layers.motion = false;
    if (on && layer == &SpaceLayers::motion) layers.score = false;
    plane_->setLayers(layers);
  });
  layer_buttons_.emplace_back(button, layer);
  return button;
}

void SpaceStage::setPlaying(bool playing) {
  if (playing == timer_.isActive()) return;
  if (playing) {
    if (!feed_.particles() || feed_.particles()->last() < 1.0) return;
    const auto times = feed_.particles()->pace(kPlay_s, feed_.spread(), plane_->layers().scaled);
    const double head = feed_.head();
    const auto k = static_cast<std::size_t>(head);
    // From the end it starts anew.
    played_s_ = head >= feed_.particles()->last() ? 0.0 : times[k] + (times[k + 1] - times[k]) * (head - std::floor(head));
    clock_.start();
    timer_.start();
    plane_->frameGaps().begin();
  } else {
    timer_.stop();
    plane_->frameGaps().end();
  }
  refresh();
}

void SpaceStage::setLoop(bool loop) {
  loop_ = loop;
  QSettings().setValue("space/loop", loop);
  loop_button_->setChecked(loop);
}

void SpaceStage::tick() {
  if (!feed_.particles() || feed_.particles()->last() < 1.0) return setPlaying(false);
  played_s_ += std::min(static_cast<double>(clock_.nsecsElapsed()) * 1e-9, 0.25);  // a stall is no jump
  clock_.start();
  const auto times = feed_.particles()->pace(kPlay_s, feed_.spread(), plane_->layers().scaled);
  if (played_s_ >= kPlay_s) {
    if (!loop_) {
      feed_.setHead(std::nullopt);
      return setPlaying(false);
    }
    if (played_s_ >= kPlay_s + kRest_s) played_s_ = 0.0;
  }
  const auto after = std::upper_bound(times.begin(), times.end(), played_s_);
  if (after == times.end()) return feed_.setHead(std::nullopt);
  const auto k = static_cast<std::size_t>(after - times.begin()) - 1;
  feed_.setHead(static_cast<double>(k) + (played_s_ - times[k]) / std::max(times[k + 1] - times[k], 1e-9));
}

void SpaceStage::refresh() {
  for (const auto& [button, layer] : layer_buttons_) {
    button->setChecked(plane_->layers().*layer);
    if (layer == &SpaceLayers::data) {
      const bool missing = !feed_.data().missing.empty();
      button->setEnabled(!missing);
      button->setToolTip(missing ? QString::fromStdString(feed_.data().missing) : tr("The points that the model was trained on"));
    }
    if (layer == &SpaceLayers::density && feed_.field() && !feed_.field()->density_of.empty())
      button->setToolTip(tr("How likely each place is at this noise level: %1, blurred by it").arg(QString::fromStdString(feed_.field()->density_of)));
  }
  play_->setIcon(icon(playing() ? QStringLiteral("pause") : QStringLiteral("play")));
  play_->setAccessibleName(playing() ? tr("Pause") : tr("Play the steps"));
  const auto& particles = feed_.particles();
  play_->setEnabled(particles && particles->last() >= 1.0);
  const double level = feed_.level();
  sigma_->setText(particles ? QStringLiteral("σ  %1").arg(formatNumber(level, level >= 10.0 ? 1 : level >= 0.1 ? 2 : level >= 0.001 ? 3 : level > 0.0 ? 4 : 0)) : QString());
  if (!particles) return step_->clear();
  const auto step = static_cast<std::size_t>(std::lround(std::floor(feed_.head())));
  step_->setText(tr("step %1 of %2, %3").arg(step).arg(particles->states.size() - 1).arg(counted(particles->steps[std::min(step, particles->steps.size() - 1)].evaluations, tr("1 evaluation"), tr("%1 evaluations"))));
}

bool SpaceStage::handleKey(const QKeyEvent& event) {
  if (plane_->handleKey(event)) return true;
  if (event.modifiers() & (Qt::ControlModifier | Qt::AltModifier)) return false;
  const double last = feed_.particles() ? feed_.particles()->last() : 0.0;
  switch (event.key()) {
    case Qt::Key_Space:
      return setPlaying(!playing()), true;
    case Qt::Key_Left:
      return setPlaying(false), feed_.setHead(std::ceil(feed_.head()) - 1.0), true;
    case Qt::Key_Right:
      return setPlaying(false), feed_.setHead(std::floor(feed_.head()) + 1.0), true;
    case Qt::Key_Home:
      return setPlaying(false), feed_.setHead(0.0), true;
    case Qt::Key_End:
      return setPlaying(false), feed_.setHead(last), true;
    default:
      return false;
  }
}

void SpaceStage::showEvent(QShowEvent*) { feed_.setActive(this, true); }
void SpaceStage::hideEvent(QHideEvent*) {
  setPlaying(false);
  feed_.setActive(this, false);
}

}  // namespace orrery::ui
