#include "render/overlay/imgui_bridge.h"

#include <QFontInfo>
#include <QFontMetricsF>
#include <QMouseEvent>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "render/gl/gl.h"
#include "render/overlay/font_data.h"
// After the own headers: it defines macros.
#include <imgui.h>
#include <imgui/backends/imgui_impl_opengl3.h>

namespace orrery::render {
namespace {

int buttonIndex(Qt::MouseButton button) { return button == Qt::RightButton ? 1 : button == Qt::MiddleButton ? 2 : 0; }

}  // namespace

ImGuiBridge::ImGuiBridge() {
  context_ = ImGui::CreateContext();
  ImGui::SetCurrentContext(context_);
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.LogFilename = nullptr;
  io.ConfigFlags |= ImGuiConfigFlags_NoMouseCursorChange;
  if (!ImGui_ImplOpenGL3_Init("#version 330 core")) {
    ImGui::DestroyContext(context_);
    throw GlError(QStringLiteral("the overlay cannot be drawn with this OpenGL"));
  }
}

ImGuiBridge::~ImGuiBridge() {
  ImGui::SetCurrentContext(context_);
  ImGui_ImplOpenGL3_Shutdown();
  ImGui::DestroyContext(context_);
}

void ImGuiBridge::take(const QEvent& event) {
  switch (event.type()) {
    case QEvent::MouseMove: {
      const auto& mouse = static_cast<const QMouseEvent&>(event);
      // Moves that follow each other say the same as the last of them.
      if (!changes_.empty() && changes_.back().what == Change::What::move) {
        changes_.back().at = mouse.position();
      } else {
        changes_.push_back({Change::What::move, mouse.position(), 0, false});
      }
      break;
    }
    case QEvent::MouseButtonPress:
    case QEvent::MouseButtonDblClick:
    case QEvent::MouseButtonRelease: {
      const auto& mouse = static_cast<const QMouseEvent&>(event);
      changes_.push_back({Change::What::button, mouse.position(), buttonIndex(mouse.button()), event.type() != QEvent::MouseButtonRelease});
      break;
    }
    case QEvent::Wheel: {
      const auto& wheel = static_cast<const QWheelEvent&>(event);
      changes_.push_back({Change::What::wheel, QPointF(wheel.angleDelta()) / 120.0, 0, false});
      break;
    }
    case QEvent::Leave:
      changes_.push_back({Change::What::leave, {}, 0, false});
      break;
    default:
      break;
  }
  // Nobody drew for a long while: old news is no news.
  while (changes_.size() > 256) changes_.pop_front();
}

void ImGuiBridge::makeFont(const QFont& font, double device_pixel_ratio) {
  const QString key = QStringLiteral("%1/%2/%3").arg(QFontInfo(font).family()).arg(QFontInfo(font).pixelSize()).arg(device_pixel_ratio);
  if (key == font_key_) return;
  font_key_ = key;
  ImGuiIO& io = ImGui::GetIO();
  io.Fonts->Clear();
  font_file_ = fontFileOf(font);
  // ImGui counts a font's size from its ascent to its descent, Qt by its em.
  const float px = static_cast<float>(std::round((QFontMetricsF(font).ascent() + QFontMetricsF(font).descent()) * device_pixel_ratio));
  ImFontConfig config;
  config.FontDataOwnedByAtlas = false;
  config.OversampleH = 2;
  config.PixelSnapH = true;
  static const ImWchar ranges[] = {0x20, 0x17F, 0x370, 0x3FF, 0x2000, 0x206F, 0x2190, 0x21FF, 0x2200, 0x22FF, 0};
  if (!font_file_.isEmpty()) {
    io.Fonts->AddFontFromMemoryTTF(font_file_.data(), static_cast<int>(font_file_.size()), px, &config, ranges);
  } else {
    config.SizePixels = px;
    io.Fonts->AddFontDefault(&config);
  }
  io.FontGlobalScale = static_cast<float>(1.0 / device_pixel_ratio);
  ImGui_ImplOpenGL3_DestroyFontsTexture();
  ImGui_ImplOpenGL3_CreateFontsTexture();
}

bool ImGuiBridge::beginFrame(const QSize& size, double device_pixel_ratio, const QFont& font, double seconds) {
  ImGui::SetCurrentContext(context_);
  ImGuiIO& io = ImGui::GetIO();
  io.DisplaySize = ImVec2(static_cast<float>(size.width()), static_cast<float>(size.height()));
  io.DisplayFramebufferScale = ImVec2(static_cast<float>(device_pixel_ratio), static_cast<float>(device_pixel_ratio));
  io.DeltaTime = static_cast<float>(std::clamp(seconds, 1e-4, 0.25));
  makeFont(font, device_pixel_ratio);
  bool changed[5] = {};
  while (!changes_.empty()) {
    const Change& change = changes_.front();
    if (change.what == Change::What::button) {
      if (changed[change.button]) break;  // one change of a button per frame
      changed[change.button] = true;
      io.MouseDown[change.button] = change.down;
      io.MousePos = ImVec2(static_cast<float>(change.at.x()), static_cast<float>(change.at.y()));
    } else if (change.what == Change::What::move) {
      // A position belongs to the button state it came with.
      if (std::any_of(std::begin(changed), std::end(changed), [](bool c) { return c; })) break;
      io.MousePos = ImVec2(static_cast<float>(change.at.x()), static_cast<float>(change.at.y()));
    } else if (change.what == Change::What::wheel) {
      io.MouseWheel += static_cast<float>(change.at.y());
      io.MouseWheelH += static_cast<float>(change.at.x());
    } else {
      io.MousePos = ImVec2(-1e30f, -1e30f);
    }
    changes_.pop_front();
  }
  ImGui_ImplOpenGL3_NewFrame();
  ImGui::NewFrame();
  return !changes_.empty();
}

void ImGuiBridge::endFrame() {
  ImGui::SetCurrentContext(context_);
  ImGui::Render();
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
}

bool ImGuiBridge::wantsMouse() const {
  ImGui::SetCurrentContext(context_);
  return ImGui::GetIO().WantCaptureMouse;
}

}  // namespace orrery::render
