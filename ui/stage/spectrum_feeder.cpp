#include "ui/stage/spectrum_feeder.h"

#include "ui/stage/spectrum.h"
#include "ui/widgets/picture.h"

namespace orrery::ui {
namespace {

DeviceImage imageFrom(QImage picture) {
  auto held = std::make_shared<QImage>(std::move(picture));
  DeviceImage image;
  image.data = held->constBits();
  image.width_px = held->width();
  image.height_px = held->height();
  image.stride_bytes = static_cast<std::size_t>(held->bytesPerLine());
  image.keep_alive = held;
  return image;
}

}  // namespace

SpectrumFeeder::SpectrumFeeder(Session& session, QObject* parent) : QObject(parent), session_(session) {
  connect(&session_, &Session::frameArrived, this, [this](int view) { feed(view); });
  connect(&session_, &Session::viewsChanged, this, [this] {
    for (int view = 0; view < session_.viewCount(); ++view) feed(view);
  });
}

void SpectrumFeeder::feed(int view) {
  const auto& frame = session_.frame(view);
  if (!wanted() || busy_[view] || !frame || frame->generation == shown_[view]) return;
  const QImage picture = imageOf(frame->image);
  if (picture.isNull()) return;  // it lies on a GPU
  busy_[view] = true;
  shown_[view] = frame->generation;
  session_.background<QImage>(
      this, [picture] { return spectrumOf(picture); },
      [this, view](QImage spectrum) {
        busy_[view] = false;
        Q_EMIT spectrumArrived(view, imageFrom(std::move(spectrum)));
        feed(view);
      });
}

}  // namespace orrery::ui
