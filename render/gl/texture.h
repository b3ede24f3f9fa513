// An RGBA8 texture that keeps its storage while the size stays.
#pragma once

#include <QSize>

#include "render/gl/gl.h"

namespace orrery::render {

class Texture {
 public:
  Texture() = default;
  ~Texture() { reset(); }
  Texture(Texture&& other) noexcept { swap(other); }
  Texture& operator=(Texture&& other) noexcept {
    swap(other);
    return *this;
  }

  // True when the storage is new (and a texture registered elsewhere must be registered again).
  bool resize(Gl& gl, const QSize& size);
  void reset();
  void contentChanged() { mipmaps_fresh_ = false; }
  // Mipmaps are made when a picture is shown smaller than it is, and only then.
  void makeMipmaps();

  GLuint id() const { return id_; }
  QSize size() const { return size_; }

 private:
  void swap(Texture& other);

  Gl* gl_ = nullptr;
  GLuint id_ = 0;
  QSize size_;
  bool mipmaps_fresh_ = false;
};

}  // namespace orrery::render
