// Dear ImGui inside a Qt window: Qt's events become its input, at most one change of each button or key per frame (ImGui 1.86 looks at
// states, so a press and a release between two frames would be no click at all).
#pragma once

#include <QByteArray>
#include <QEvent>
#include <QFont>
#include <QPointF>
#include <QSize>
#include <deque>
#include <functional>

struct ImGuiContext;

namespace orrery::render {

class ImGuiBridge {
 public:
  // The context is current.
  ImGuiBridge();
  ~ImGuiBridge();  // the context is current

  // Remembers what the event means. Positions are logical pixels.
  void take(const QEvent& event);
  // Begins a frame of `size` logical pixels; true when more changes wait and another frame should follow.
  bool beginFrame(const QSize& size, double device_pixel_ratio, const QFont& font, double seconds);
  void endFrame();  // draws into the bound framebuffer
  bool wantsMouse() const;

 private:
  struct Change {
    enum class What { move, button, wheel, leave } what = What::move;
    QPointF at;
    int button = 0;
    bool down = false;
  };
  void makeFont(const QFont& font, double device_pixel_ratio);

  ImGuiContext* context_ = nullptr;
  std::deque<Change> changes_;
  QByteArray font_file_;
  QString font_key_;
};

}  // namespace orrery::render
