#include "ui/space/race_view.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHideEvent>
#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "ui/space/density_ramp.h"
#include "ui/style/colors.h"
#include "ui/style/icons.h"
#include "ui/widgets/counted.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/picture.h"
#include "ui/widgets/segmented.h"

namespace orrery::ui {
namespace {

constexpr double kPlay_s = 4.5, kRest_s = 1.2, kRho = 7.0, kLowest = 0.002;

QString sigmaText(double level) { return QStringLiteral("σ  %1").arg(formatNumber(level, level >= 10.0 ? 1 : level >= 0.1 ? 2 : level > 0.0 ? 3 : 0)); }

}  // namespace

QColor racerColor(std::size_t index, bool dark) {
  const Colors& colors = dark ? darkColors() : lightColors();
  const QColor list[] = {colors.denoiser, colors.generator, colors.autoencoder, colors.token_model};
  return list[index % 4];
}

// ---- one racer's picture ----

RacePicture::RacePicture(Session& session, QWidget* parent) : QWidget(parent), session_(session) {
  setAttribute(Qt::WA_OpaquePaintEvent);
  setMinimumSize(96, 96);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void RacePicture::show(const Racer& racer, double level, bool predictions, const SpaceData* data, double spread) {
  racer_ = racer;
  level_ = level;
  predictions_ = predictions;
  data_ = data;
  spread_ = spread;
  update();
}

void RacePicture::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Colors& colors = colorsOf(palette());
  painter.fillRect(rect(), planeBackground(colors.dark));
  if (!racer_.tape) {
    painter.setPen(racer_.state == Racer::State::failed ? colors.danger : colors.dim);
    const QString text = racer_.state == Racer::State::failed    ? racer_.error
                         : racer_.state == Racer::State::running ? (racer_.of > 0 ? tr("step %1 of %2").arg(racer_.step).arg(racer_.of) : tr("running"))
                                                                 : tr("waiting");
    painter.drawText(rect().adjusted(12, 8, -12, -8), Qt::AlignCenter | Qt::TextWordWrap, text);
    if (racer_.state == Racer::State::running && racer_.of > 0) {
      const QRectF bar(16, height() / 2.0 + 18, width() - 32.0, 3);
      painter.fillRect(bar, colors.line);
      painter.fillRect(QRectF(bar.topLeft(), QSizeF(bar.width() * racer_.step / racer_.of, 3)), palette().color(QPalette::Highlight));
    }
    return;
  }
  const double step = racer_.tape->stepAt(level_);
  if (racer_.tape->plane()) {
    const double ratio = devicePixelRatioF();
    SpacePicture picture;
    picture.layers = {true, true, true, false, false, false, true};
    picture.frame.size_px = QSizeF(size()) * ratio;
    picture.frame.half = 1.2;
    picture.ratio = ratio;
    picture.dark = colors.dark;
    picture.accent = colors.denoiser;
    picture.spread = spread_;
    picture.level = level_;
    picture.step = step;
    picture.data = data_;
    picture.particles = racer_.tape->points.get();
    picture.axes = false;
    painter.drawImage(QRectF(rect()), canvas_.draw((QSizeF(size()) * ratio).toSize(), picture));
    return;
  }
  const auto k = static_cast<std::size_t>(std::lround(step));  // the nearest one there is
  const auto& list = predictions_ && k > 0 ? racer_.tape->predictions : racer_.tape->states;
  const QImage image = imageOf(list[std::min(k, list.size() - 1)]);
  if (image.isNull()) return;
  const double side = std::min(width(), height());
  QRectF where(0, 0, side, side * image.height() / std::max(1, image.width()));
  where.moveCenter(QRectF(rect()).center());
  painter.setRenderHint(QPainter::SmoothPixmapTransform, side < 2.0 * image.width());
  painter.drawImage(where, image);
}

// ---- the whole ----

RaceView::RaceView(Session& session, SpaceFeed& feed, QWidget* parent) : QWidget(parent), session_(session), feed_(feed), race_(session) {
  setAccessibleName(tr("Race"));
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(0, 0, 0, 0);
  cannot_ = new EmptyState(QStringLiteral("clock"), tr("This model has no samplers to choose from. Open a diffusion model to race them."), {}, this);
  outer->addWidget(cannot_, 1);
  body_ = new QWidget(this);
  outer->addWidget(body_, 1);
  auto* column = new QVBoxLayout(body_);
  column->setContentsMargins(12, 6, 12, 6);
  column->setSpacing(6);
  auto* top = new QHBoxLayout;
  top->setSpacing(6);
  heading_ = new ElidedLabel({}, body_);
  top->addWidget(heading_, 1);
  what_ = new Segmented(Segmented::Look::pills, body_);
  what_->setAccessibleName(tr("Shown"));
  what_->setItems({tr("Noisy"), tr("Predicted")}, {tr("The state at this noise level"), tr("What the network makes of it")});
  connect(what_, &Segmented::chosen, this, [this] { refresh(); });
  top->addWidget(what_);
  add_ = makeIconButton(QStringLiteral("plus"), tr("One more sampler"), {}, body_);
  connect(add_, &QToolButton::clicked, this, [this] {
    auto list = entries();
    const auto known = race_.samplers();
    for (const auto& name : known) {
      if (std::none_of(list.begin(), list.end(), [&](const RaceEntry& entry) { return entry.sampler == name; })) {
        list.push_back({name, 18});
        return rebuild(list);
      }
    }
    list.push_back({list.back().sampler, list.back().steps * 2});
    rebuild(list);
  });
  top->addWidget(add_);
  run_ = makeButton(tr("Race"), "primary", body_);
  run_->setObjectName(QStringLiteral("run"));
  connect(run_, &QPushButton::clicked, this, [this] { race_.running() ? race_.cancel() : run(); });
  top->addWidget(run_);
  column->addLayout(top);
  row_ = new QHBoxLayout;
  row_->setSpacing(8);
  column->addLayout(row_, 1);
  auto* line = new QHBoxLayout;
  line->setSpacing(4);
  play_ = makeIconButton(QStringLiteral("play"), tr("Play"), Qt::Key_Space, body_);
  connect(play_, &QToolButton::clicked, this, [this] { setPlaying(!playing()); });
  line->addWidget(play_);
  slider_ = new RaceLevel(body_);
  connect(slider_, &RaceLevel::moved, this, [this](double place) {
    setPlaying(false);
    setPlace(place);
  });
  line->addWidget(slider_, 1);
  sigma_ = makeLabel({}, "", body_);
  sigma_->setMinimumWidth(72);
  sigma_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  line->addWidget(sigma_);
  line->addSpacing(8);
  axis_ = new Segmented(Segmented::Look::pills, body_);
  axis_->setAccessibleName(tr("Plot against"));
  axis_->setItems({tr("Evaluations"), tr("σ")}, {tr("How near the prediction is after so many evaluations of the network"), tr("How far the samplers are apart at each noise level")});
  connect(axis_, &Segmented::chosen, this, [this](int index) { plot_->setAxis(index == 0 ? RacePlot::Axis::evaluations : RacePlot::Axis::level); });
  line->addWidget(axis_);
  column->addLayout(line);
  plot_ = new RacePlot(race_, body_);
  column->addWidget(plot_);

  timer_.setTimerType(Qt::PreciseTimer);
  timer_.setInterval(14);
  connect(&timer_, &QTimer::timeout, this, &RaceView::tick);
  connect(&race_, &Race::changed, this, &RaceView::refresh);
  connect(&session_, &Session::viewModelChanged, this, &RaceView::follow);
  connect(&session_, &Session::viewsChanged, this, &RaceView::follow);
  connect(&session_, &Session::requestChanged, this, &RaceView::refresh);
  connect(&feed_, &SpaceFeed::changed, this, [this] {
    if (isVisible() && !playing()) refresh();
  });
  follow();
}

RaceView::Column RaceView::makeColumn(std::size_t index, bool reference) {
  Column out;
  out.widget = new QWidget(body_);
  auto* column = new QVBoxLayout(out.widget);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  auto* head = new QHBoxLayout;
  head->setSpacing(4);
  if (reference) {
    out.title = new ElidedLabel({}, out.widget);
    out.title->setMinimumHeight(32);  // as high as the fields of the others
    head->addWidget(out.title, 1);
  } else {
    auto* dot = new QLabel(out.widget);
    const bool dark = colorsOf(palette()).dark;
    QPixmap mark(20, 20);
    mark.setDevicePixelRatio(2.0);
    mark.fill(Qt::transparent);
    QPainter painter(&mark);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(racerColor(index, dark));
    painter.drawEllipse(QRectF(1, 1, 8, 8));
    painter.end();
    dot->setPixmap(mark);
    head->addWidget(dot);
    out.sampler = new QComboBox(out.widget);
    out.sampler->setAccessibleName(tr("Sampler %1").arg(index + 1));
    for (const auto& name : race_.samplers()) out.sampler->addItem(QString::fromStdString(name));
    out.sampler->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    out.sampler->setMinimumContentsLength(4);
    head->addWidget(out.sampler, 1);
    out.steps = new QSpinBox(out.widget);
    out.steps->setAccessibleName(tr("Steps of sampler %1").arg(index + 1));
    out.steps->setToolTip(tr("Steps"));
    out.steps->setRange(1, 1000);
    head->addWidget(out.steps);
    out.remove = makeIconButton(QStringLiteral("close"), tr("Take it out"), {}, out.widget);
    connect(out.remove, &QToolButton::clicked, this, [this, index] {
      auto list = entries();
      if (list.size() <= 1 || index >= list.size()) return;
      list.erase(list.begin() + static_cast<std::ptrdiff_t>(index));
      // Not while this button's click is under way.
      QMetaObject::invokeMethod(
          this, [this, list] { rebuild(list); }, Qt::QueuedConnection);
    });
    head->addWidget(out.remove);
  }
  column->addLayout(head);
  out.picture = new RacePicture(session_, out.widget);
  column->addWidget(out.picture, 1);
  out.facts = new ElidedLabel({}, out.widget);
  setRole(out.facts, "dim");
  column->addWidget(out.facts);
  out.distance = new ElidedLabel({}, out.widget);
  column->addWidget(out.distance);
  out.widget->setMinimumWidth(1);
  out.widget->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);  // all columns are equally wide
  row_->addWidget(out.widget, 1);
  return out;
}

void RaceView::rebuild(const std::vector<RaceEntry>& list) {
  for (const Column& column : columns_) delete column.widget;
  delete reference_.widget;
  columns_.clear();
  for (std::size_t i = 0; i < std::min(list.size(), Race::kMost); ++i) {
    columns_.push_back(makeColumn(i, false));
    Column& column = columns_.back();
    column.sampler->setCurrentText(QString::fromStdString(list[i].sampler));
    column.steps->setValue(static_cast<int>(list[i].steps));
    connect(column.sampler, &QComboBox::currentTextChanged, this, &RaceView::refresh);
    connect(column.steps, &QSpinBox::valueChanged, this, &RaceView::refresh);
  }
  reference_ = makeColumn(0, true);
  refresh();
}

std::vector<RaceEntry> RaceView::entries() const {
  std::vector<RaceEntry> out;
  for (const Column& column : columns_) out.push_back({column.sampler->currentText().toStdString(), column.steps->value()});
  return out;
}

void RaceView::setEntries(const std::vector<RaceEntry>& list) { rebuild(list); }

void RaceView::follow() {
  const std::string model = session_.request().model;
  const bool can = race_.whyNot().isEmpty();
  body_->setVisible(can);
  cannot_->setVisible(!can);
  if (std::exchange(model_, model) != model || (can && columns_.empty())) {
    race_.cancel();
    if (can) rebuild(race_.suggested());
  }
  refresh();
}

void RaceView::run() {
  setPlaying(false);
  place_ = 1.0;
  race_.start(entries());
}

double RaceView::level() const {
  if (place_ >= 1.0) return 0.0;
  const double highest = race_.highestLevel(), a = std::pow(highest, 1.0 / kRho), b = std::pow(std::min(kLowest, highest), 1.0 / kRho);
  return std::pow(a + (b - a) * place_, kRho);
}

void RaceView::setPlace(double place) {
  place_ = std::clamp(place, 0.0, 1.0);
  refresh();
}

void RaceView::setPlaying(bool playing) {
  if (playing == timer_.isActive()) return;
  if (playing) {
    if (race_.racers().empty()) return;
    if (place_ >= 1.0) place_ = 0.0;
    played_s_ = place_ * kPlay_s;
    clock_.start();
    timer_.start();
    gaps_.begin();
  } else {
    timer_.stop();
    gaps_.end();
  }
  refresh();
}

void RaceView::tick() {
  played_s_ += std::min(static_cast<double>(clock_.nsecsElapsed()) * 1e-9, 0.25);
  clock_.start();
  if (played_s_ >= kPlay_s + kRest_s) played_s_ = 0.0;
  setPlace(std::min(1.0, played_s_ / kPlay_s));
  gaps_.frame();
}

void RaceView::refresh() {
  if (columns_.empty()) return;
  const ModelInfo* model = session_.model();
  const double now = level();
  const auto shown = entries();
  const auto& racers = race_.racers();
  std::vector<RaceEntry> raced;
  for (const Racer& racer : racers) raced.push_back(racer.entry);
  const bool mine = race_.request().model == session_.request().model && raced == shown;
  Request plain = session_.request();
  plain.branches.clear();
  const bool stale = mine && !(race_.request() == plain);
  const SpaceData* data = race_.plane() && feed_.data().model == session_.request().model ? &feed_.data() : nullptr;
  const auto number = [this](double distance) { return race_.plane() ? formatNumber(distance, distance < 0.1 ? 4 : 3) : tr("%1 of 255").arg(formatNumber(distance, distance < 10 ? 2 : 1)); };
  double best = -1.0;
  if (mine) {
    for (const Racer& racer : racers) {
      if (racer.distance >= 0.0 && (best < 0.0 || racer.distance < best)) best = racer.distance;
    }
  }
  const auto show = [&](const Column& column, const Racer& racer) {
    column.picture->show(racer, now, what_->current() == 1, data, feed_.spread());
    column.facts->setText(racer.tape ? counted(racer.evaluations, tr("1 evaluation"), tr("%1 evaluations")) + QStringLiteral("   ") +
                                           (racer.wall_ms < 1000.0 ? tr("%1 ms").arg(formatNumber(racer.wall_ms, racer.wall_ms < 10.0 ? 1 : 0)) : formatDuration(racer.wall_ms / 1000.0))
                                     : QString());
  };
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Racer racer = mine ? racers[i] : Racer{};
    show(columns_[i], racer);
    columns_[i].distance->setText(racer.distance >= 0.0 ? tr("%1 from the reference").arg(number(racer.distance)) : racer.tape ? tr("not measured yet") : QString());
    QFont font = columns_[i].distance->font();
    font.setBold(racer.distance >= 0.0 && racer.distance == best && columns_.size() > 1);
    columns_[i].distance->setFont(font);
    columns_[i].remove->setVisible(columns_.size() > 1);
    columns_[i].sampler->setEnabled(!race_.running());
    columns_[i].steps->setEnabled(!race_.running());
    columns_[i].remove->setEnabled(!race_.running());
  }
  show(reference_, mine ? race_.reference() : Racer{});
  reference_.title->setText(mine && !race_.reference().entry.sampler.empty() ? tr("Reference: %1, %2 steps").arg(QString::fromStdString(race_.reference().entry.sampler)).arg(race_.reference().entry.steps)
                                                                              : tr("Reference"));
  reference_.distance->setText(QString());
  add_->setEnabled(columns_.size() < Race::kMost && !race_.running());
  run_->setText(race_.running() ? tr("Cancel") : stale ? tr("Race again") : tr("Race"));
  what_->setVisible(!(model && model->in_the_plane));
  play_->setIcon(icon(playing() ? QStringLiteral("pause") : QStringLiteral("play")));
  play_->setAccessibleName(playing() ? tr("Pause") : tr("Play"));
  const auto seed = session_.request().get<std::int64_t>("seed", 0);
  heading_->setText(stale ? tr("The controls have changed since: race again to see it") : tr("Samplers from the same noise (seed %1), each shown at the same noise level").arg(seed));
  sigma_->setText(sigmaText(now));
  slider_->setPlace(place_, sigma_->text());
  plot_->setLevel(now);
}

bool RaceView::handleKey(const QKeyEvent& event) {
  if (event.modifiers() & (Qt::ControlModifier | Qt::AltModifier)) return false;
  switch (event.key()) {
    case Qt::Key_Space:
      return setPlaying(!playing()), true;
    case Qt::Key_Return:
    case Qt::Key_Enter:
      if (!race_.running() && body_->isVisible()) run();
      return true;
    case Qt::Key_Left:
      return setPlaying(false), setPlace(place_ - 0.03), true;
    case Qt::Key_Right:
      return setPlaying(false), setPlace(place_ + 0.03), true;
    case Qt::Key_Escape:
      if (race_.running()) return race_.cancel(), true;
      return false;
    default:
      return false;
  }
}

void RaceView::showEvent(QShowEvent*) {
  feed_.setActive(this, true);
  follow();
}

void RaceView::hideEvent(QHideEvent* event) {
  if (event->spontaneous()) return;  // minimised
  setPlaying(false);
  race_.cancel();
  feed_.setActive(this, false);
}

}  // namespace orrery::ui
