// OpenGL 4.5 core as the render folder uses it: direct state access throughout, so nothing depends on what is bound.
#pragma once

#include <QOpenGLFunctions_4_5_Core>
#include <QString>
#include <stdexcept>

namespace orrery::render {

using Gl = QOpenGLFunctions_4_5_Core;

// The canvas cannot go on with OpenGL; the window falls back to its software viewer.
class GlError : public std::runtime_error {
 public:
  explicit GlError(const QString& what) : std::runtime_error(what.toStdString()) {}
};

// Throws GlError naming `where` when OpenGL has noted an error.
void checkGl(Gl& gl, const char* where);
// True for rasterisers on the CPU (llvmpipe, softpipe, swrast), where mapping buffers costs more than it saves.
bool isSoftwareRenderer(Gl& gl);

}  // namespace orrery::render
