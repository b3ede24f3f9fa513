#include "ui/stage/grid_feeder.h"

#include <algorithm>

#include "ui/session/frame_mailbox.h"
#include "ui/stage/stage_core.h"

namespace orrery::ui {

GridFeeder::GridFeeder(Session& session, StageCore& core)
    : QObject(&core), session_(session), core_(core), mailbox_(std::make_shared<FrameMailbox>()) {
  connect(&session_, &Session::viewsChanged, this, &GridFeeder::restart);
  connect(&session_, &Session::requestChanged, this, [this](int view) {
    if (view == session_.activeView()) restart();
  });
  connect(&core_, &StageCore::displayChanged, this, [this] {
    if (wanted() && static_cast<int>(order_.size()) != core_.gridSize().width() * core_.gridSize().height()) restart();
  });
}

GridFeeder::~GridFeeder() { live_.reset(); }

Request GridFeeder::requestOf(int cell) const {
  Request request = session_.request();
  const QPoint offset = core_.gridOffset(cell);
  if (const ControlSpec* pad = session_.firstOfKind(ControlKind::latent_pad)) {
    auto place = request.get<std::vector<double>>(pad->id, {0.0, 0.0});
    if (place.size() == 2) request.values[pad->id] = std::vector<double>{place[0] + offset.x(), place[1] + offset.y()};
  } else if (const ControlSpec* seed = session_.firstOfKind(ControlKind::seed)) {
    const auto value = request.get<std::int64_t>(seed->id, 0) + offset.x() + std::int64_t{core_.gridSize().width()} * offset.y();
    request.values[seed->id] = std::max<std::int64_t>(0, value);
  }
  return request;
}

void GridFeeder::restart() {
  if (!wanted()) {
    shown_.clear();
    return;
  }
  const int count = core_.gridSize().width() * core_.gridSize().height();
  if (static_cast<int>(order_.size()) != count) {
    order_.clear();
    for (int cell = 0; cell < count; ++cell) order_.push_back(cell);
    const auto distance = [this](int cell) {
      const QPoint at = core_.gridOffset(cell);
      return at.x() * at.x() + at.y() * at.y();
    };
    std::stable_sort(order_.begin(), order_.end(), [&](int a, int b) { return distance(a) < distance(b); });
    shown_.clear();
    at_ = 0;
  }
  if (!live_) {
    live_ = session_.studio().live->open_view(
        [this, mailbox = mailbox_](const Frame& frame) {
          if (mailbox->put(frame))
            QMetaObject::invokeMethod(
                this, [this] { take(); }, Qt::QueuedConnection);
        },
        [this](const JobError&) {
          QMetaObject::invokeMethod(
              this, [this] { under_way_ = -1; }, Qt::QueuedConnection);
        });
  }
  if (under_way_ < 0) next();
}

void GridFeeder::next() {
  // Round and round, so that while somebody drags every cell has its turn, not the middle alone.
  for (std::size_t tried = 0; tried < order_.size(); ++tried) {
    const int cell = order_[at_++ % order_.size()];
    Request request = requestOf(cell);
    const auto known = shown_.find(cell);
    if (known != shown_.end() && known->second == request) continue;
    under_way_ = cell;
    shown_[cell] = request;
    live_->show(request);
    return;
  }
  under_way_ = -1;
}

void GridFeeder::take() {
  const auto frame = mailbox_->take();
  if (!frame || under_way_ < 0 || frame->step < frame->steps) return;
  Q_EMIT pictureArrived(std::exchange(under_way_, -1), frame->image);
  if (wanted()) next();
}

}  // namespace orrery::ui
