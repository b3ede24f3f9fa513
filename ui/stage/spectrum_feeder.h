// Keeps the spectra of the views up to date while they are looked at: on a worker thread, the newest picture wins.
#pragma once

#include <QImage>
#include <QObject>
#include <array>

#include "ui/session/session.h"

namespace orrery::ui {

class SpectrumFeeder : public QObject {
  Q_OBJECT

 public:
  explicit SpectrumFeeder(Session& session, QObject* parent = nullptr);

 Q_SIGNALS:
  void spectrumArrived(int view, const orrery::DeviceImage& image);

 private:
  void feed(int view);
  bool wanted() const { return session_.stageMode() == StageMode::spectrum; }

  Session& session_;
  std::array<std::uint64_t, Session::kMaxViews> shown_{};  // generation of the picture
  std::array<bool, Session::kMaxViews> busy_{};
};

}  // namespace orrery::ui
