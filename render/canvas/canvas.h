// Draws pictures by OpenGL. Keeps one texture per slot; pictures are brought in when the next frame is drawn, so only the newest costs.
#pragma once

#include <map>
#include <memory>

#include "render/canvas/scene.h"
#include "render/gl/program.h"
#include "render/sources/image_source.h"

namespace orrery::render {

class Canvas {
 public:
  // The context is current. Throws GlError when this OpenGL cannot do it (older than 4.5, a shader that does not compile).
  Canvas();
  // The context is current.
  ~Canvas();

  void setPicture(int slot, const DeviceImage& image);  // no context needed
  void dropPicture(int slot);
  QSize pictureSize(int slot) const;  // empty: none
  GLuint texture(int slot) const;     // 0: none yet

  // Draws into the bound framebuffer, `size` device pixels. Throws GlError.
  void draw(const Scene& scene, const QSize& size);

  bool software() const { return software_; }
  const char* wayOf(int slot) const;  // name of the ImageSource that brought it
  QString renderer() const { return renderer_; }

 private:
  struct Slot {
    Texture texture;
    DeviceImage pending;
    bool has_pending = false;
    bool opaque = false;  // known to have no transparent pixel
    DeviceImage small;    // the picture itself, where it is small enough to be enlarged beforehand
    Texture enlarged;     // `small` by a cubic; made when first wanted
    bool enlarged_fresh = false;
    const char* way = "";
  };

  void bringPending();
  Texture* enlarged(Slot& slot);  // null: this picture has none
  void drawPicture(const Scene& scene, const SceneItem& item, const QRectF& clip, int slot);
  void fill(const QRectF& rect, const QColor& color);
  Program& pictureProgram(bool smooth, bool opaque, bool grid, bool difference);

  Gl gl_;
  bool software_ = false;
  QString renderer_;
  QSize size_;
  GLuint vertices_ = 0;
  Program flat_;
  std::map<int, Program> picture_programs_;
  std::vector<std::unique_ptr<ImageSource>> sources_;
  std::map<int, Slot> slots_;
};

}  // namespace orrery::render
