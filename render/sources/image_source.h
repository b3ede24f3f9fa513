// How a finished picture comes into a texture: from host memory, or from a CUDA device without touching the host. Chosen by probing.
#pragma once

#include <memory>
#include <vector>

#include "engine/api/frame.h"
#include "render/gl/texture.h"

namespace orrery::render {

class ImageSource {
 public:
  virtual ~ImageSource() = default;
  virtual const char* name() const = 0;
  virtual bool takes(const DeviceImage& image) const = 0;
  // Fills `texture` (resized to fit). The context is current. Returns false when this way turns out not to work here; the canvas then
  // tries the next one and does not come back.
  virtual bool bring(Gl& gl, const DeviceImage& image, Texture& texture) = 0;
  // The texture is about to go.
  virtual void forget(GLuint /*texture*/) {}
};

// In order of preference. The context is current.
std::vector<std::unique_ptr<ImageSource>> probeImageSources(Gl& gl);

// CUDA pictures into textures, device to device; null where there is no CUDA runtime, no CUDA device behind this OpenGL, or none was
// compiled in.
std::unique_ptr<ImageSource> probeCudaSharing(Gl& gl);
// CUDA pictures by way of the host, where sharing does not work; null without a CUDA runtime.
std::unique_ptr<ImageSource> probeCudaCopy();

}  // namespace orrery::render
