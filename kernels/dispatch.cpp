#include "kernels/dispatch.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <set>

namespace orrery::kernels {
namespace {

using Register = bool (*)(char* text, unsigned long size);

// The folder that holds this library; the plug-in lies beside it.
std::filesystem::path own_folder() {
  Dl_info info{};
  dladdr(reinterpret_cast<const void*>(&note_cpu_fallback), &info);
  return std::filesystem::path(info.dli_fname ? info.dli_fname : "").parent_path();
}

std::string dl_reason() {
  const char* text = dlerror();
  return text ? text : "unknown reason";
}

std::string open_once() {
  if (dlopen("libcuda.so.1", RTLD_LAZY) == nullptr) return "no NVIDIA driver: CPU";
  const std::filesystem::path plugin = own_folder() / "liborrery_cuda.so";
  if (std::error_code ignored; !std::filesystem::exists(plugin, ignored)) return "an NVIDIA driver, but no CUDA plug-in in this build: CPU";
  setenv("CUDA_MODULE_LOADING", "LAZY", 0);  // kernels are read when first used
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) return "LibTorch's CUDA library could not be opened (" + dl_reason() + "): CPU";
  void* library = dlopen(plugin.c_str(), RTLD_NOW);
  if (library == nullptr) return "the CUDA plug-in could not be opened (" + dl_reason() + "): CPU";
  const auto fill = reinterpret_cast<Register>(dlsym(library, "orrery_cuda_register"));
  if (fill == nullptr) return "the CUDA plug-in is not of this program: CPU";
  char text[512] = "";
  if (!fill(text, sizeof text)) return "the GPU cannot be used (" + std::string(text) + "): CPU";
  return "CUDA: " + std::string(text);
}

}  // namespace

std::string open_cuda_plugin() {
  static const std::string note = open_once();
  return note;
}

void note_cpu_fallback(const char* op_name) {
  static std::mutex mutex;
  static std::set<std::string> noted;
  const std::lock_guard lock(mutex);
  if (noted.insert(op_name).second) std::fprintf(stderr, "orrery: %s has no CUDA version here and computes on the CPU.\n", op_name);
}

}  // namespace orrery::kernels
