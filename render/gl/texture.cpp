#include "render/gl/texture.h"

#include <algorithm>
#include <bit>

namespace orrery::render {

bool Texture::resize(Gl& gl, const QSize& size) {
  if (id_ && size == size_) return false;
  reset();
  gl_ = &gl;
  size_ = size;
  const auto longest = static_cast<unsigned>(std::max({size.width(), size.height(), 1}));
  gl.glCreateTextures(GL_TEXTURE_2D, 1, &id_);
  gl.glTextureStorage2D(id_, static_cast<GLsizei>(std::bit_width(longest)), GL_RGBA8, size.width(), size.height());
  gl.glTextureParameteri(id_, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
  gl.glTextureParameteri(id_, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
  gl.glTextureParameteri(id_, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
  gl.glTextureParameteri(id_, GL_TEXTURE_MAG_FILTER, GL_LINEAR);
  return true;
}

void Texture::makeMipmaps() {
  if (!id_ || mipmaps_fresh_) return;
  gl_->glGenerateTextureMipmap(id_);
  mipmaps_fresh_ = true;
}

void Texture::reset() {
  if (id_) gl_->glDeleteTextures(1, &id_);
  id_ = 0;
  size_ = {};
  mipmaps_fresh_ = false;
}

void Texture::swap(Texture& other) {
  std::swap(gl_, other.gl_);
  std::swap(id_, other.id_);
  std::swap(size_, other.size_);
  std::swap(mipmaps_fresh_, other.mipmaps_fresh_);
}

}  // namespace orrery::render
