// A shader program from the resources (":/shaders/<name>.glsl").
#pragma once

#include <QStringList>

#include "render/gl/gl.h"

namespace orrery::render {

class Program {
 public:
  Program() = default;
  // `defines` are put in front of the fragment shader, which then has no #version line of its own. Throws GlError with the log.
  Program(Gl& gl, const QString& vertex, const QString& fragment, const QStringList& defines = {});
  ~Program();
  Program(Program&& other) noexcept { swap(other); }
  Program& operator=(Program&& other) noexcept {
    swap(other);
    return *this;
  }

  GLuint id() const { return id_; }

 private:
  void swap(Program& other) {
    std::swap(gl_, other.gl_);
    std::swap(id_, other.id_);
  }

  Gl* gl_ = nullptr;
  GLuint id_ = 0;
};

}  // namespace orrery::render
