// CUDA pictures. Compiled against the CUDA runtime's headers only; the library is opened at run time, where there is one, so the same
// program runs on machines without it.
#include "render/sources/image_source.h"

#ifdef ORRERY_CUDA_GL

#include <cuda_runtime_api.h>
//
#include <cuda_gl_interop.h>
#include <dlfcn.h>

#include <QByteArray>
#include <array>

namespace orrery::render {
namespace {

// The few calls that are used, looked up by name.
struct CudaRuntime {
  decltype(&::cudaGLGetDevices) glGetDevices = nullptr;
  decltype(&::cudaGraphicsGLRegisterImage) registerImage = nullptr;
  decltype(&::cudaGraphicsUnregisterResource) unregister = nullptr;
  decltype(&::cudaGraphicsMapResources) map = nullptr;
  decltype(&::cudaGraphicsUnmapResources) unmap = nullptr;
  decltype(&::cudaGraphicsSubResourceGetMappedArray) mappedArray = nullptr;
  decltype(&::cudaMemcpy2DToArrayAsync) copyToArray = nullptr;
  decltype(&::cudaMemcpy2DAsync) copy = nullptr;
  decltype(&::cudaStreamWaitEvent) waitEvent = nullptr;
  decltype(&::cudaStreamSynchronize) synchronize = nullptr;
  decltype(&::cudaStreamCreateWithFlags) createStream = nullptr;
  decltype(&::cudaStreamDestroy) destroyStream = nullptr;
  decltype(&::cudaGetDeviceCount) deviceCount = nullptr;
  decltype(&::cudaGetLastError) lastError = nullptr;

  template <class F>
  bool find(void* library, const char* name, F& into) {
    into = reinterpret_cast<F>(dlsym(library, name));
    return into != nullptr;
  }

  bool open() {
    const QByteArray soname = "libcudart.so." + QByteArray::number(CUDART_VERSION / 1000);
    // The engine's CUDA plug-in has opened it already, where pictures lie on a device.
    void* library = dlopen(soname.constData(), RTLD_LAZY | RTLD_NOLOAD);
    if (!library) library = dlopen(soname.constData(), RTLD_LAZY | RTLD_LOCAL);
    int devices = 0;
    return library && find(library, "cudaGLGetDevices", glGetDevices) && find(library, "cudaGraphicsGLRegisterImage", registerImage) &&
           find(library, "cudaGraphicsUnregisterResource", unregister) && find(library, "cudaGraphicsMapResources", map) &&
           find(library, "cudaGraphicsUnmapResources", unmap) && find(library, "cudaGraphicsSubResourceGetMappedArray", mappedArray) &&
           find(library, "cudaMemcpy2DToArrayAsync", copyToArray) && find(library, "cudaMemcpy2DAsync", copy) &&
           find(library, "cudaStreamWaitEvent", waitEvent) && find(library, "cudaStreamSynchronize", synchronize) &&
           find(library, "cudaStreamCreateWithFlags", createStream) && find(library, "cudaStreamDestroy", destroyStream) &&
           find(library, "cudaGetDeviceCount", deviceCount) && find(library, "cudaGetLastError", lastError) &&
           deviceCount(&devices) == cudaSuccess && devices > 0;
  }
};

class CudaStream {
 public:
  explicit CudaStream(CudaRuntime& cuda) : cuda_(cuda) { good_ = cuda_.createStream(&stream_, cudaStreamNonBlocking) == cudaSuccess; }
  ~CudaStream() {
    if (good_) cuda_.destroyStream(stream_);
  }
  bool good() const { return good_; }
  cudaStream_t get() const { return stream_; }
  // The engine's last kernel may still be on its way.
  bool waitFor(const DeviceImage& image) {
    return !image.ready_event || cuda_.waitEvent(stream_, static_cast<cudaEvent_t>(image.ready_event), 0) == cudaSuccess;
  }

 private:
  CudaRuntime& cuda_;
  cudaStream_t stream_ = nullptr;
  bool good_ = false;
};

// Each texture is registered once and stays registered until its storage changes: registering costs far more than the copy.
class CudaSharing : public ImageSource {
 public:
  explicit CudaSharing(const CudaRuntime& cuda) : cuda_(cuda), stream_(cuda_) {}
  ~CudaSharing() override {
    for (auto& entry : registered_) {
      if (entry.resource) cuda_.unregister(entry.resource);
    }
  }
  const char* name() const override { return "CUDA sharing"; }
  bool takes(const DeviceImage& image) const override { return image.where == DeviceImage::Where::cuda; }
  bool bring(Gl& gl, const DeviceImage& image, Texture& texture) override {
    if (!stream_.good()) return false;
    if (texture.size() != QSize(image.width_px, image.height_px)) forget(texture.id());
    texture.resize(gl, {image.width_px, image.height_px});
    cudaGraphicsResource_t resource = resourceFor(texture.id());
    if (!resource || !stream_.waitFor(image)) return fail();
    if (cuda_.map(1, &resource, stream_.get()) != cudaSuccess) return fail();
    cudaArray_t array = nullptr;
    bool ok = cuda_.mappedArray(&array, resource, 0, 0) == cudaSuccess &&
              cuda_.copyToArray(array, 0, 0, image.data, image.stride_bytes, static_cast<std::size_t>(image.width_px) * 4,
                                static_cast<std::size_t>(image.height_px), cudaMemcpyDeviceToDevice, stream_.get()) == cudaSuccess;
    // Unmapping orders the copy before OpenGL's next use of the texture; nothing waits on the host.
    ok = cuda_.unmap(1, &resource, stream_.get()) == cudaSuccess && ok;
    // The pixels must live until the copy has run: keep the last few pictures.
    held_[next_held_++ % held_.size()] = image.keep_alive;
    return ok || fail();
  }
  void forget(GLuint texture) override {
    std::erase_if(registered_, [&](const Entry& entry) { return entry.texture == texture && (cuda_.unregister(entry.resource), true); });
  }

 private:
  struct Entry {
    GLuint texture = 0;
    cudaGraphicsResource_t resource = nullptr;
  };
  bool fail() {
    cuda_.lastError();
    return false;
  }
  cudaGraphicsResource_t resourceFor(GLuint texture) {
    for (auto& entry : registered_) {
      if (entry.texture == texture) return entry.resource;
    }
    Entry entry{texture, nullptr};
    if (cuda_.registerImage(&entry.resource, texture, GL_TEXTURE_2D, cudaGraphicsRegisterFlagsWriteDiscard) != cudaSuccess) return nullptr;
    registered_.push_back(entry);
    return entry.resource;
  }

  CudaRuntime cuda_;
  CudaStream stream_;
  std::vector<Entry> registered_;
  std::array<std::shared_ptr<const void>, 8> held_;
  std::size_t next_held_ = 0;
};

class CudaCopy : public ImageSource {
 public:
  explicit CudaCopy(const CudaRuntime& cuda) : cuda_(cuda), stream_(cuda_) {}
  const char* name() const override { return "CUDA copy through the host"; }
  bool takes(const DeviceImage& image) const override { return image.where == DeviceImage::Where::cuda; }
  bool bring(Gl& gl, const DeviceImage& image, Texture& texture) override {
    const std::size_t row = static_cast<std::size_t>(image.width_px) * 4;
    pixels_.resize(row * static_cast<std::size_t>(image.height_px));
    if (!stream_.good() || !stream_.waitFor(image) ||
        cuda_.copy(pixels_.data(), row, image.data, image.stride_bytes, row, static_cast<std::size_t>(image.height_px),
                   cudaMemcpyDeviceToHost, stream_.get()) != cudaSuccess ||
        cuda_.synchronize(stream_.get()) != cudaSuccess) {
      cuda_.lastError();
      return false;
    }
    texture.resize(gl, {image.width_px, image.height_px});
    gl.glTextureSubImage2D(texture.id(), 0, 0, 0, image.width_px, image.height_px, GL_RGBA, GL_UNSIGNED_BYTE, pixels_.data());
    return true;
  }

 private:
  CudaRuntime cuda_;
  CudaStream stream_;
  std::vector<unsigned char> pixels_;
};

}  // namespace

std::unique_ptr<ImageSource> probeCudaSharing(Gl&) {
  CudaRuntime cuda;
  if (!cuda.open()) return nullptr;
  unsigned count = 0;
  int device = -1;
  if (cuda.glGetDevices(&count, &device, 1, cudaGLDeviceListAll) != cudaSuccess || count == 0) {
    cuda.lastError();
    return nullptr;
  }
  return std::make_unique<CudaSharing>(cuda);
}

std::unique_ptr<ImageSource> probeCudaCopy() {
  CudaRuntime cuda;
  return cuda.open() ? std::make_unique<CudaCopy>(cuda) : nullptr;
}

}  // namespace orrery::render

#else

namespace orrery::render {

std::unique_ptr<ImageSource> probeCudaSharing(Gl&) { return nullptr; }
std::unique_ptr<ImageSource> probeCudaCopy() { return nullptr; }

}  // namespace orrery::render

#endif
