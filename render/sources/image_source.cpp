#include "render/sources/image_source.h"

namespace orrery::render {
namespace {

// Plain client-memory upload: measured faster than pixel buffers on software OpenGL (0.30 against 0.47-0.78 ms at 1024 px), and a
// buffer would only hide the copy of what the engine has already finished.
class HostUpload : public ImageSource {
 public:
  const char* name() const override { return "host upload"; }
  bool takes(const DeviceImage& image) const override { return image.where == DeviceImage::Where::host; }
  bool bring(Gl& gl, const DeviceImage& image, Texture& texture) override {
    texture.resize(gl, {image.width_px, image.height_px});
    gl.glPixelStorei(GL_UNPACK_ALIGNMENT, 4);
    gl.glPixelStorei(GL_UNPACK_ROW_LENGTH, static_cast<GLint>(image.stride_bytes / 4));
    gl.glTextureSubImage2D(texture.id(), 0, 0, 0, image.width_px, image.height_px, GL_RGBA, GL_UNSIGNED_BYTE, image.data);
    gl.glPixelStorei(GL_UNPACK_ROW_LENGTH, 0);
    return true;
  }
};

}  // namespace

std::vector<std::unique_ptr<ImageSource>> probeImageSources(Gl& gl) {
  std::vector<std::unique_ptr<ImageSource>> sources;
  sources.push_back(std::make_unique<HostUpload>());
  if (!isSoftwareRenderer(gl)) {
    if (auto sharing = probeCudaSharing(gl)) sources.push_back(std::move(sharing));
  }
  if (auto copy = probeCudaCopy()) sources.push_back(std::move(copy));
  return sources;
}

}  // namespace orrery::render
