#include "ui/train/plot_panel.h"

#include <QHBoxLayout>
#include <QMenu>
#include <QScrollArea>
#include <QScrollBar>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <set>

#include "ui/project/attached.h"
#include "ui/style/colors.h"
#include "ui/style/icons.h"
#include "ui/train/plotting.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/tight.h"
#include "ui/widgets/value_slider.h"

namespace orrery::ui {
namespace {

constexpr int kLegendPx = 132;    // widest name with its number
constexpr int kPlotPx = 132;      // least height of one plot
constexpr int kRefreshMs = 200;   // points arrive faster than eyes read

QString shortNumber(double value) { return std::isfinite(value) ? QLocale().toString(value, 'g', 4) : QStringLiteral("NaN"); }

QColor lineColor(const Colors& colors, int index) {
  const QColor list[] = {colors.generator, colors.denoiser, colors.autoencoder, colors.token_model, colors.warning, colors.danger};
  return list[index % 6];
}

Qt::PenStyle lineStyle(int index) {
  constexpr Qt::PenStyle kStyles[] = {Qt::SolidLine, Qt::DashLine, Qt::DotLine, Qt::DashDotLine};
  return kStyles[index % 4];
}

}  // namespace

QString plotGroup(const std::string& name) {
  const auto dot = name.find('.');
  return QString::fromStdString(dot == std::string::npos ? name : name.substr(0, dot));
}

int plotRank(const QString& group) {
  if (group == QLatin1String("loss")) return 0;
  for (const char* quality : {"fd", "kd", "fid", "kid", "precision", "recall", "pr", "swd", "is", "ppl"}) {
    if (group == QLatin1String(quality) || group.startsWith(QLatin1String(quality) + QLatin1Char('_'))) return 1;
  }
  if (group == QLatin1String("img_per_s") || group == QLatin1String("memory_mb") || group.startsWith(QLatin1String("time")) || group.startsWith(QLatin1String("s_per"))) return 3;
  return 2;
}

PlotPanel::PlotPanel(Session& session, QWidget* parent) : QWidget(parent), book_(attached<RunBook>(session)) {
  axis_ = new Segmented(Segmented::Look::pills);
  axis_->setItems({tr("kimg"), tr("Time")}, {tr("Thousands of pictures seen"), tr("Time spent training")});
  axis_->setAccessibleName(tr("Axis"));
  smooth_ = new ValueSlider;
  smooth_->setRange(0.0, 0.99, 0.01);
  smooth_->setNeutral(0.0);
  smooth_->setValue(0.6);
  smooth_->setAccessibleName(tr("Smoothing"));
  smooth_->setToolTip(tr("Smoothing of the curves; the raw values stay visible behind"));
  smooth_->setMaximumWidth(110);
  const auto toggle = [](const QString& text, const QString& tip) {
    auto* made = new QToolButton;
    made->setText(text);
    made->setToolTip(tip);
    made->setCheckable(true);
    made->setFocusPolicy(Qt::TabFocus);
    return made;
  };
  log_ = toggle(tr("Log"), tr("Logarithmic values"));
  clip_ = toggle(tr("Clip"), tr("Leaves the most extreme hundredth of the values outside the picture"));
  clip_->setChecked(true);
  fit_ = makeIconButton(QStringLiteral("fit"), tr("Show the whole run (0). Ctrl+wheel zooms, dragging moves."));
  runs_ = makeIconButton(QStringLiteral("list"), tr("Runs to compare"));
  runs_->setPopupMode(QToolButton::InstantPopup);
  runs_->setMenu(new QMenu(runs_));

  auto* bar = tight(new QHBoxLayout, 6);
  bar->setContentsMargins(12, 4, 8, 4);
  bar->addWidget(axis_);
  bar->addWidget(makeLabel(tr("Smooth"), "dim"));
  bar->addWidget(smooth_);
  bar->addWidget(log_);
  bar->addWidget(clip_);
  bar->addStretch(1);
  bar->addWidget(runs_);
  bar->addWidget(fit_);

  plot_ = new QCustomPlot;
  plot_->setAccessibleName(tr("Curves of the run"));
  plot_->setFocusPolicy(Qt::StrongFocus);
  plot_->setInteractions(QCP::iRangeDrag);
  plot_->setNoAntialiasingOnDrag(true);
  plot_->setMouseTracking(true);
  plot_->installEventFilter(this);
  plot_->setAutoAddPlottableToLegend(false);
  plot_->plotLayout()->clear();
  scroll_ = new QScrollArea;
  scroll_->setWidget(plot_);
  scroll_->setWidgetResizable(true);
  scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  empty_ = new EmptyState(QStringLiteral("chart"), tr("Curves appear here as soon as a run has numbers."));
  auto* column = tight(new QVBoxLayout(this), 0);
  column->addLayout(bar);
  column->addWidget(scroll_, 1);
  column->addWidget(empty_, 1);

  later_.setSingleShot(true);
  later_.setInterval(kRefreshMs);
  connect(&later_, &QTimer::timeout, this, &PlotPanel::refresh);
  connect(&book_, &RunBook::statsChanged, this, [this] {
    if (!later_.isActive()) later_.start();
  });
  connect(&book_, &RunBook::runsChanged, this, &PlotPanel::refresh);
  connect(axis_, &Segmented::chosen, this, [this] {
    zoomed_.reset();
    refill();
  });
  connect(smooth_, &ValueSlider::valueChanged, this, &PlotPanel::refill);
  connect(log_, &QToolButton::toggled, this, &PlotPanel::refill);
  connect(clip_, &QToolButton::toggled, this, &PlotPanel::refill);
  connect(fit_, &QToolButton::clicked, this, &PlotPanel::showAll);
  connect(runs_->menu(), &QMenu::aboutToShow, this, [this] {
    runs_->menu()->clear();
    int index = 0;
    for (const auto& run : book_.runs()) {
      QAction* action = runs_->menu()->addAction(run.title);
      action->setCheckable(true);
      action->setChecked(run.shown || index == book_.currentIndex());
      action->setEnabled(index != book_.currentIndex());
      connect(action, &QAction::toggled, this, [this, index](bool on) { book_.setShown(index, on); });
      ++index;
    }
    if (index == 0) runs_->menu()->addAction(tr("No run yet"))->setEnabled(false);
  });
  refresh();
}

bool PlotPanel::byTime() const { return axis_->current() == 1; }

int PlotPanel::curveCount() const {
  int count = 0;
  for (const auto& plot : plots_) count += static_cast<int>(plot.lines.size());
  return count;
}

// Which lines there are, as a text: another text, another set of plots.
QString PlotPanel::structure() const {
  QStringList names;
  int index = 0;
  for (const auto& run : book_.runs()) {
    if (run.shown || index == book_.currentIndex()) {
      for (const auto& [name, curve] : run.history.curves()) names << QStringLiteral("%1/%2").arg(index).arg(QString::fromStdString(name));
    }
    ++index;
  }
  return names.join(QLatin1Char('\n'));
}

void PlotPanel::refresh() {
  const QString now = structure();
  if (now != built_) {
    built_ = now;
    rebuild();
  }
  refill();
  const bool any = !plots_.empty();
  scroll_->setVisible(any);
  empty_->setVisible(!any);
}

void PlotPanel::rebuild() {
  // Nothing may look at the old plots while they go: taking them away sends events.
  const auto old = std::exchange(plots_, {});
  for (const auto& plot : old) plot.legend->clearItems();
  plot_->clearGraphs();
  plot_->clearItems();
  plot_->plotLayout()->clear();
  delete margins_;

  std::map<std::pair<int, QString>, Plot> groups;
  std::set<int> shown;
  int index = 0;
  for (const auto& run : book_.runs()) {
    if (run.shown || index == book_.currentIndex()) {
      for (const auto& [name, curve] : run.history.curves()) {
        const QString group = plotGroup(name);
        groups[{plotRank(group), group}].group = group;
        groups[{plotRank(group), group}].lines << Line{index, name, nullptr};
        shown.insert(index);
      }
    }
    ++index;
  }
  margins_ = new QCPMarginGroup(plot_);
  int row = 0;
  for (auto& [key, plot] : groups) {
    plot.rect = new QCPAxisRect(plot_, true);
    plot.rect->setMinimumSize(60, kPlotPx - 24);
    plot.rect->setMarginGroup(QCP::msLeft | QCP::msRight, margins_);
    plot.rect->setRangeDrag(Qt::Horizontal);
    plot_->plotLayout()->addElement(row, 0, plot.rect);
    // Times stand under the last plot only: they are the same everywhere.
    const bool last = row + 1 == static_cast<int>(groups.size());
    plot.rect->axis(QCPAxis::atBottom)->setTickLabels(last);
    plot.rect->setAutoMargins(QCP::msLeft | QCP::msRight | QCP::msBottom);
    plot.rect->setMargins(QMargins(0, 6, 12, 6));
    for (QCPAxis* axis : plot.rect->axes()) axis->setLayer(QStringLiteral("axes"));
    for (QCPAxis* axis : plot.rect->axes()) axis->grid()->setLayer(QStringLiteral("grid"));
    plot.legend = new QCPLegend;
    plot.rect->insetLayout()->addElement(plot.legend, Qt::AlignTop | Qt::AlignLeft);
    plot.rect->insetLayout()->setMargins(QMargins(4, 0, 4, 0));
    plot.legend->setLayer(QStringLiteral("legend"));
    plot.legend->setFillOrder(QCPLayoutGrid::foColumnsFirst);
    plot.legend->setBorderPen(Qt::NoPen);
    plot.legend->setIconSize(14, 10);
    plot.legend->setIconTextPadding(4);
    plot.legend->setColumnSpacing(10);
    plot.legend->setMargins(QMargins(2, 2, 2, 2));
    QStringList names_in_plot;
    for (auto& line : plot.lines) {
      const QString name = QString::fromStdString(line.name);
      if (!names_in_plot.contains(name)) names_in_plot << name;
      line.graph = plot_->addGraph(plot.rect->axis(QCPAxis::atBottom), plot.rect->axis(QCPAxis::atLeft));
      line.graph->addToLegend(plot.legend);
      // One run: a colour per curve. Several: a colour per run, a stroke per curve.
      const int of_run = static_cast<int>(std::distance(shown.begin(), shown.find(line.run)));
      const int of_name = static_cast<int>(names_in_plot.indexOf(name));
      line.graph->setProperty("color", shown.size() > 1 ? of_run : of_name);
      line.graph->setProperty("stroke", shown.size() > 1 ? of_name : 0);
      line.graph->setAdaptiveSampling(true);
    }
    plot.cursor = new QCPItemStraightLine(plot_);
    plot.cursor->setClipAxisRect(plot.rect);
    for (QCPItemPosition* position : {plot.cursor->point1, plot.cursor->point2}) {
      position->setAxisRect(plot.rect);
      position->setAxes(plot.rect->axis(QCPAxis::atBottom), plot.rect->axis(QCPAxis::atLeft));
      position->setTypeX(QCPItemPosition::ptPlotCoords);
      position->setTypeY(QCPItemPosition::ptAxisRectRatio);
    }
    plot.cursor->setVisible(false);
    connect(plot.rect->axis(QCPAxis::atBottom), qOverload<const QCPRange&>(&QCPAxis::rangeChanged), this, [this](const QCPRange& range) {
      // Dragged by hand: the other plots follow.
      if (QApplication::mouseButtons() == Qt::NoButton) return;
      zoomed_ = {range.lower, range.upper};
      applyRanges();
    });
    ++row;
    plots_.push_back(plot);
  }
  plot_->setMinimumHeight(row * kPlotPx + 24);
  wrapLegends();
  applyColors();
}

// As many names in a line as there is room for.
void PlotPanel::wrapLegends() {
  const int columns = std::max(1, (plot_->width() - 90) / kLegendPx);
  for (const auto& plot : plots_) {
    plot.legend->setWrap(columns);
    plot.legend->setFillOrder(QCPLayoutGrid::foColumnsFirst, true);
  }
}

void PlotPanel::refill() {
  const double strength = smooth_->value();
  const bool logarithmic = log_->isChecked();
  for (auto& plot : plots_) {
    for (auto& line : plot.lines) {
      const auto& curves = book_.runs()[line.run].history.curves();
      const auto found = curves.find(line.name);
      if (found == curves.end()) continue;
      const auto values = smoothed(found->second.value, strength);
      const auto& times = timesOf(found->second);
      QVector<double> x, y;
      x.reserve(static_cast<int>(values.size()));
      y.reserve(static_cast<int>(values.size()));
      for (std::size_t i = 0; i < values.size(); ++i) {
        x << times[i];
        y << (logarithmic && !(values[i] > 0.0) ? std::numeric_limits<double>::quiet_NaN() : values[i]);
      }
      line.graph->setData(x, y, false);
    }
    QCPAxis* axis = plot.rect->axis(QCPAxis::atLeft);
    axis->setScaleType(logarithmic ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    if (logarithmic) {
      axis->setTicker(QSharedPointer<QCPAxisTickerLog>::create());
      axis->setNumberFormat(QStringLiteral("g"));
    } else {
      auto ticker = QSharedPointer<QCPAxisTicker>::create();
      ticker->setTickCount(4);
      axis->setTicker(ticker);
      axis->setNumberFormat(QStringLiteral("g"));
    }
    axis->setNumberPrecision(4);
    if (byTime()) {
      auto ticker = QSharedPointer<QCPAxisTickerTime>::create();
      ticker->setTimeFormat(QStringLiteral("%h:%m:%s"));
      plot.rect->axis(QCPAxis::atBottom)->setTicker(ticker);
    } else {
      plot.rect->axis(QCPAxis::atBottom)->setTicker(QSharedPointer<QCPAxisTicker>::create());
    }
  }
  if (!plots_.empty()) plots_.back().rect->axis(QCPAxis::atBottom)->setLabel(byTime() ? tr("hours:minutes:seconds") : tr("kimg (thousands of pictures seen)"));
  applyRanges();
}

std::pair<double, double> PlotPanel::timeRange() const {
  if (zoomed_) return *zoomed_;
  double low = 0.0, high = 0.0;
  for (const auto& plot : plots_) {
    for (const auto& line : plot.lines) {
      const auto& curves = book_.runs()[line.run].history.curves();
      const auto found = curves.find(line.name);
      if (found != curves.end() && !found->second.kimg.empty()) high = std::max(high, timesOf(found->second).back());
    }
  }
  return {low, high > low ? high : 1.0};
}

void PlotPanel::applyRanges() {
  const auto [low, high] = timeRange();
  for (auto& plot : plots_) {
    const QSignalBlocker blocker(plot.rect->axis(QCPAxis::atBottom));
    plot.rect->axis(QCPAxis::atBottom)->setRange(low, high);
    std::vector<double> seen;
    for (const auto& line : plot.lines) {
      const auto data = line.graph->data();
      for (auto it = data->findBegin(low); it != data->findEnd(high); ++it) {
        if (std::isfinite(it->value)) seen.push_back(it->value);
      }
    }
    if (seen.empty()) continue;
    auto [least, most] = clip_->isChecked() ? rangeWithoutOutliers(seen) : std::pair(*std::min_element(seen.begin(), seen.end()), *std::max_element(seen.begin(), seen.end()));
    QCPAxis* axis = plot.rect->axis(QCPAxis::atLeft);
    // A curve that does not move is a line in the middle, not a storm of rounding errors.
    if (!log_->isChecked() && most - least < 1e-6 * std::max({1.0, std::abs(least), std::abs(most)})) {
      const double room = std::max(0.1, 0.1 * std::abs(most));
      least -= least < 0.0 || least >= room ? room : least;
      most += room;
    }
    if (log_->isChecked()) {
      axis->setRange(least / 1.15, most * (most > least ? 1.6 : 1.15));
    } else {
      // Room above for the names of the curves.
      const double span = most > least ? most - least : std::max(1e-9, std::abs(most) * 0.1);
      axis->setRange(least - 0.06 * span, most + (0.1 + 0.18 * std::max(1, plot.legend->rowCount())) * span);
    }
  }
  setCursorAt(cursor_);
  plot_->replot(QCustomPlot::rpQueuedReplot);
}

void PlotPanel::zoom(double factor, double about) {
  const auto [low, high] = timeRange();
  zoomed_ = {about + (low - about) / factor, about + (high - about) / factor};
  applyRanges();
}

void PlotPanel::showAll() {
  zoomed_.reset();
  applyRanges();
}

void PlotPanel::setCursorAt(std::optional<double> time) {
  cursor_ = time;
  QStringList texts;
  for (auto& plot : plots_) {
    plot.cursor->setVisible(time.has_value());
    if (time) {
      plot.cursor->point1->setCoords(*time, 0.0);
      plot.cursor->point2->setCoords(*time, 1.0);
    }
    std::set<int> runs;
    for (const auto& line : plot.lines) runs.insert(line.run);
    for (auto& line : plot.lines) {
      QString name = QString::fromStdString(line.name);
      if (runs.size() > 1) name = QStringLiteral("%1 (%2)").arg(name, book_.runs()[line.run].title);
      const auto data = line.graph->data();
      if (!data->isEmpty()) {
        // The last value at or before the cursor; without one, the newest.
        auto at = data->constEnd() - 1;
        if (time) {
          at = data->findEnd(*time, false);
          if (at != data->constBegin()) --at;
        }
        name += QStringLiteral("  ") + shortNumber(at->value);
        texts << name;
      }
      line.graph->setName(name);
    }
  }
  if (time && !plots_.empty()) texts.prepend(byTime() ? tr("%1 s").arg(shortNumber(*time)) : tr("%1 kimg").arg(shortNumber(*time)));
  cursor_text_ = texts.join(QStringLiteral(", "));
  plot_->setAccessibleDescription(cursor_text_);
}

void PlotPanel::applyColors() {
  const Colors& colors = colorsOf(palette());
  plot_->setBackground(colors.panel);
  QFont small = font();
  small.setPixelSize(11);
  for (auto& plot : plots_) {
    plot.rect->setBackground(QBrush(mixed(colors.panel, colors.field, 0.35)));
    for (QCPAxis* axis : plot.rect->axes()) {
      axis->setVisible(axis->axisType() == QCPAxis::atLeft || axis->axisType() == QCPAxis::atBottom);
      axis->setBasePen(Qt::NoPen);
      axis->setTickPen(Qt::NoPen);
      axis->setSubTickPen(Qt::NoPen);
      axis->setTickLabelColor(colors.dim);
      axis->setLabelColor(colors.dim);
      axis->setTickLabelFont(small);
      axis->setLabelFont(small);
      axis->grid()->setPen(QPen(colors.line, 1));
      axis->grid()->setZeroLinePen(QPen(colors.line, 1));
    }
    plot.legend->setBrush(Qt::NoBrush);
    plot.legend->setTextColor(colors.text);
    plot.legend->setFont(small);
    plot.cursor->setPen(QPen(colors.text, 1, Qt::DashLine));
    for (auto& line : plot.lines) {
      line.graph->setPen(QPen(lineColor(colors, line.graph->property("color").toInt()), 1.5, lineStyle(line.graph->property("stroke").toInt())));
    }
  }
}

void PlotPanel::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::StyleChange || event->type() == QEvent::FontChange) {
    applyColors();
    plot_->replot(QCustomPlot::rpQueuedReplot);
  }
}

bool PlotPanel::eventFilter(QObject* watched, QEvent* event) {
  if (watched != plot_ || plots_.empty()) return false;
  const auto timeAt = [this](double x) { return plots_.front().rect->axis(QCPAxis::atBottom)->pixelToCoord(x); };
  switch (event->type()) {
    case QEvent::Resize:
      wrapLegends();
      return false;
    case QEvent::MouseMove: {
      const auto* mouse = static_cast<QMouseEvent*>(event);
      const double time = timeAt(mouse->position().x());
      const auto [low, high] = timeRange();
      setCursorAt(time >= low && time <= high ? std::optional(time) : std::nullopt);
      plot_->replot(QCustomPlot::rpQueuedReplot);
      return false;
    }
    case QEvent::Leave:
      setCursorAt(std::nullopt);
      plot_->replot(QCustomPlot::rpQueuedReplot);
      return false;
    case QEvent::Wheel: {
      const auto* wheel = static_cast<QWheelEvent*>(event);
      if (wheel->modifiers() & Qt::ControlModifier) {
        zoom(std::pow(1.2, wheel->angleDelta().y() / 120.0), timeAt(wheel->position().x()));
        return true;
      }
      // The scroll area moves: QCustomPlot would keep the event.
      QCoreApplication::sendEvent(scroll_->verticalScrollBar(), event);
      return true;
    }
    case QEvent::MouseButtonDblClick: showAll(); return true;
    case QEvent::KeyPress: keyPressEvent(static_cast<QKeyEvent*>(event)); return event->isAccepted();
    default: return false;
  }
}

void PlotPanel::keyPressEvent(QKeyEvent* event) {
  const auto [low, high] = timeRange();
  const double middle = cursor_.value_or(0.5 * (low + high));
  const double step = (high - low) / 100.0;
  switch (event->key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal: return zoom(1.5, middle);
    case Qt::Key_Minus: return zoom(1.0 / 1.5, middle);
    case Qt::Key_0: return showAll();
    case Qt::Key_Left:
    case Qt::Key_Right:
      setCursorAt(std::clamp(middle + (event->key() == Qt::Key_Left ? -step : step), low, high));
      plot_->replot(QCustomPlot::rpQueuedReplot);
      return;
    default: break;
  }
  event->ignore();
}

}  // namespace orrery::ui
