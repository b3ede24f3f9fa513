#include "render/gl/gl.h"

namespace orrery::render {

void checkGl(Gl& gl, const char* where) {
  const GLenum error = gl.glGetError();
  if (error == GL_NO_ERROR) return;
  // A lost context reports errors for ever: take a few, not all.
  for (int i = 0; i < 8 && gl.glGetError() != GL_NO_ERROR; ++i) {
  }
  throw GlError(QStringLiteral("OpenGL error 0x%1 in %2").arg(error, 4, 16, QLatin1Char('0')).arg(QLatin1String(where)));
}

bool isSoftwareRenderer(Gl& gl) {
  const QString renderer = QString::fromLatin1(reinterpret_cast<const char*>(gl.glGetString(GL_RENDERER))).toLower();
  return renderer.contains("llvmpipe") || renderer.contains("softpipe") || renderer.contains("swrast") || renderer.contains("software");
}

}  // namespace orrery::render
