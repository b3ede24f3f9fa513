#include "render/canvas/canvas.h"

#include <QOpenGLContext>
#include <algorithm>
#include <cmath>

#include "render/canvas/enlarge.h"

namespace orrery::render {
namespace {

// Cheap for what matters (a picture that is transparent somewhere usually is so in its corner); unknown counts as transparent.
bool isOpaque(const DeviceImage& image) {
  if (image.where != DeviceImage::Where::host) return false;
  for (int y = 0; y < image.height_px; ++y) {
    const auto* row = reinterpret_cast<const std::uint32_t*>(static_cast<const unsigned char*>(image.data) +
                                                             static_cast<std::size_t>(y) * image.stride_bytes);
    std::uint32_t all = 0xFFFFFFFFu;
    for (int x = 0; x < image.width_px; ++x) all &= row[x];
    if ((all >> 24) != 0xFFu) return false;  // little endian: alpha is the last byte
  }
  return true;
}

}  // namespace

Canvas::Canvas() {
  if (!gl_.initializeOpenGLFunctions()) throw GlError(QStringLiteral("OpenGL 4.5 is needed; this machine offers less"));
  software_ = isSoftwareRenderer(gl_);
  renderer_ = QString::fromLatin1(reinterpret_cast<const char*>(gl_.glGetString(GL_RENDERER)));
  sources_ = probeImageSources(gl_);
  gl_.glCreateVertexArrays(1, &vertices_);
  flat_ = Program(gl_, QStringLiteral("picture.vert"), QStringLiteral("flat.frag"));
  pictureProgram(false, true, false, false);
  checkGl(gl_, "set-up");
}

Canvas::~Canvas() {
  sources_.clear();  // lets go of the textures it registered
  slots_.clear();
  picture_programs_.clear();
  flat_ = Program();
  if (vertices_) gl_.glDeleteVertexArrays(1, &vertices_);
}

void Canvas::setPicture(int slot, const DeviceImage& image) {
  if (!image.data || image.width_px <= 0 || image.height_px <= 0) return;
  slots_[slot].pending = image;
  slots_[slot].has_pending = true;
  slots_[slot].opaque = isOpaque(image);
  const bool small = image.where == DeviceImage::Where::host && slots_[slot].opaque && std::max(image.width_px, image.height_px) <= kMostEnlargedPx;
  slots_[slot].small = small ? image : DeviceImage();
  slots_[slot].enlarged_fresh = false;
}

void Canvas::dropPicture(int slot) {
  const auto found = slots_.find(slot);
  if (found == slots_.end()) return;
  // The texture itself goes at the next draw, with the context current.
  found->second.pending = {};
  found->second.small = {};
  found->second.has_pending = true;
}

Texture* Canvas::enlarged(Slot& slot) {
  if (!slot.small.data) return nullptr;
  if (!slot.enlarged_fresh) {
    const int factor = enlargeFactor(slot.small.width_px, slot.small.height_px);
    const auto pixels = enlarge(slot.small, factor);
    const QSize size(slot.small.width_px * factor, slot.small.height_px * factor);
    slot.enlarged.resize(gl_, size);
    gl_.glPixelStorei(GL_UNPACK_ALIGNMENT, 4);
    gl_.glTextureSubImage2D(slot.enlarged.id(), 0, 0, 0, size.width(), size.height(), GL_RGBA, GL_UNSIGNED_BYTE, pixels.data());
    slot.enlarged_fresh = true;
  }
  return &slot.enlarged;
}

QSize Canvas::pictureSize(int slot) const {
  const auto found = slots_.find(slot);
  if (found == slots_.end()) return {};
  const Slot& s = found->second;
  return s.has_pending ? QSize(s.pending.width_px, s.pending.height_px) : s.texture.size();
}

GLuint Canvas::texture(int slot) const {
  const auto found = slots_.find(slot);
  return found == slots_.end() ? 0 : found->second.texture.id();
}

const char* Canvas::wayOf(int slot) const {
  const auto found = slots_.find(slot);
  return found == slots_.end() ? "" : found->second.way;
}

void Canvas::bringPending() {
  for (auto& [index, slot] : slots_) {
    if (!slot.has_pending) continue;
    slot.has_pending = false;
    const DeviceImage image = std::exchange(slot.pending, {});
    if (!image.data) {
      for (auto& source : sources_) source->forget(slot.texture.id());
      slot.texture.reset();
      continue;
    }
    for (auto source = sources_.begin(); source != sources_.end();) {
      if (!(*source)->takes(image)) {
        ++source;
      } else if ((*source)->bring(gl_, image, slot.texture)) {
        slot.way = (*source)->name();
        slot.texture.contentChanged();
        break;
      } else {
        source = sources_.erase(source);  // does not work here: the next way, from now on
      }
    }
  }
  checkGl(gl_, "picture upload");
}

Program& Canvas::pictureProgram(bool smooth, bool opaque, bool grid, bool difference) {
  const int key = (smooth ? 1 : 0) | (opaque ? 2 : 0) | (grid ? 4 : 0) | (difference ? 8 : 0);
  auto found = picture_programs_.find(key);
  if (found == picture_programs_.end()) {
    QStringList defines;
    if (smooth) defines << QStringLiteral("SMOOTH");
    if (opaque) defines << QStringLiteral("OPAQUE");
    if (grid) defines << QStringLiteral("GRID");
    if (difference) defines << QStringLiteral("DIFFERENCE");
    found = picture_programs_.emplace(key, Program(gl_, QStringLiteral("picture.vert"), QStringLiteral("picture.frag"), defines)).first;
  }
  return found->second;
}

namespace {

void setScissor(Gl& gl, const QRectF& rect, const QSize& canvas) {
  const int left = static_cast<int>(std::floor(rect.left())), top = static_cast<int>(std::floor(rect.top()));
  const int right = static_cast<int>(std::ceil(rect.right())), bottom = static_cast<int>(std::ceil(rect.bottom()));
  gl.glScissor(left, canvas.height() - bottom, std::max(0, right - left), std::max(0, bottom - top));
}

}  // namespace

void Canvas::fill(const QRectF& rect, const QColor& color) {
  gl_.glUseProgram(flat_.id());
  gl_.glProgramUniform4f(flat_.id(), 0, static_cast<float>(rect.x()), static_cast<float>(rect.y()), static_cast<float>(rect.width()),
                         static_cast<float>(rect.height()));
  gl_.glProgramUniform2f(flat_.id(), 1, static_cast<float>(size_.width()), static_cast<float>(size_.height()));
  gl_.glProgramUniform4f(flat_.id(), 2, color.redF(), color.greenF(), color.blueF(), color.alphaF());
  gl_.glDrawArrays(GL_TRIANGLE_STRIP, 0, 4);
}

void Canvas::drawPicture(const Scene& scene, const SceneItem& item, const QRectF& clip, int slot) {
  Slot& s = slots_[slot];
  if (!s.texture.id()) return;
  const bool difference = item.blend == Blend::difference && item.slot_b >= 0 && slots_[item.slot_b].texture.id();
  const double scale = item.transform.scale();
  // Where the grid between pixels shows, pixels are what is looked at.
  const bool shrink = scale < 1.0, smooth = !shrink && scene.smooth && scale > 1.0 && !item.transform.showsPixelGrid();
  // Small pictures are enlarged beforehand; then neighbours can be mixed as the hardware does.
  Texture* finer = smooth && scale > 2.0 && !difference ? enlarged(s) : nullptr;
  // A CPU pays 30 ms a frame for the cubic filter; there the bilinear one has to do.
  const bool cubic = smooth && !software_ && !finer;
  // Down to half size four neighbours cover a pixel's footprint nearly; making mipmaps costs a CPU tens of milliseconds at 1024 px.
  const bool mipmaps = scale < (software_ ? 0.5 : 1.0);
  const auto prepare = [&](Slot& used) {
    if (mipmaps) used.texture.makeMipmaps();
    gl_.glTextureParameteri(used.texture.id(), GL_TEXTURE_MIN_FILTER,
                            mipmaps            ? GL_LINEAR_MIPMAP_LINEAR
                            : shrink || smooth ? GL_LINEAR
                                               : GL_NEAREST);
    gl_.glTextureParameteri(used.texture.id(), GL_TEXTURE_MAG_FILTER, smooth ? GL_LINEAR : GL_NEAREST);
  };
  prepare(s);
  Program& program = pictureProgram(cubic, s.opaque && !difference, item.transform.showsPixelGrid(), difference);
  gl_.glUseProgram(program.id());
  if (finer) {
    gl_.glTextureParameteri(finer->id(), GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    gl_.glTextureParameteri(finer->id(), GL_TEXTURE_MAG_FILTER, GL_LINEAR);
  }
  gl_.glBindTextureUnit(0, finer ? finer->id() : s.texture.id());
  if (difference) {
    prepare(slots_[item.slot_b]);
    gl_.glBindTextureUnit(1, slots_[item.slot_b].texture.id());
  }
  const QRectF rect = item.transform.pictureRect();
  const GLuint id = program.id();
  gl_.glProgramUniform4f(id, 0, static_cast<float>(rect.x()), static_cast<float>(rect.y()), static_cast<float>(rect.width()),
                         static_cast<float>(rect.height()));
  gl_.glProgramUniform2f(id, 1, static_cast<float>(size_.width()), static_cast<float>(size_.height()));
  gl_.glProgramUniform2f(id, 2, static_cast<float>(s.texture.size().width()), static_cast<float>(s.texture.size().height()));
  gl_.glProgramUniform1f(id, 3, static_cast<float>(scale));
  gl_.glProgramUniform4f(id, 4, scene.checker_a.redF(), scene.checker_a.greenF(), scene.checker_a.blueF(), 1.0f);
  gl_.glProgramUniform4f(id, 5, scene.checker_b.redF(), scene.checker_b.greenF(), scene.checker_b.blueF(), 1.0f);
  gl_.glProgramUniform1f(id, 6, static_cast<float>(8.0 * scene.device_pixel_ratio));
  gl_.glProgramUniform1f(id, 7, static_cast<float>(scene.difference_gain));
  setScissor(gl_, clip, size_);
  gl_.glDrawArrays(GL_TRIANGLE_STRIP, 0, 4);
}

void Canvas::draw(const Scene& scene, const QSize& size) {
  size_ = size;
  bringPending();
  gl_.glBindVertexArray(vertices_);
  gl_.glViewport(0, 0, size.width(), size.height());
  gl_.glDisable(GL_BLEND);
  gl_.glDisable(GL_DEPTH_TEST);
  gl_.glDisable(GL_CULL_FACE);
  gl_.glDisable(GL_SCISSOR_TEST);
  gl_.glClearColor(scene.background.redF(), scene.background.greenF(), scene.background.blueF(), 1.0f);
  gl_.glClear(GL_COLOR_BUFFER_BIT);
  gl_.glEnable(GL_SCISSOR_TEST);
  for (const auto& item : scene.items) {
    const QRectF view = item.transform.view();
    if (item.blend == Blend::wipe && item.slot_b >= 0) {
      const double x = std::round(view.left() + view.width() * std::clamp(item.wipe, 0.0, 1.0));
      drawPicture(scene, item, QRectF(view.topLeft(), QPointF(x, view.bottom())), item.slot_a);
      drawPicture(scene, item, QRectF(QPointF(x, view.top()), view.bottomRight()), item.slot_b);
      setScissor(gl_, view, size_);
      const double width = std::max(1.0, std::round(scene.device_pixel_ratio));
      fill(QRectF(x - width / 2, view.top(), width, view.height()), scene.divider);
    } else {
      drawPicture(scene, item, view, item.slot_a);
    }
    if (item.outlined) {
      setScissor(gl_, view, size_);
      const double w = std::max(1.0, std::round(scene.device_pixel_ratio));
      fill(QRectF(view.left(), view.top(), view.width(), w), scene.outline);
      fill(QRectF(view.left(), view.bottom() - w, view.width(), w), scene.outline);
      fill(QRectF(view.left(), view.top(), w, view.height()), scene.outline);
      fill(QRectF(view.right() - w, view.top(), w, view.height()), scene.outline);
    }
  }
  gl_.glDisable(GL_SCISSOR_TEST);
  gl_.glBindVertexArray(0);
  gl_.glUseProgram(0);
  checkGl(gl_, "drawing");
}

}  // namespace orrery::render
