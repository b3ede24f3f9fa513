# LibTorch from the pip wheel, as imported targets written here: the wheel's own package demands a whole CUDA toolkit even for CPU builds.
# orrery::torch links only libtorch_cpu and libc10. The CUDA side is a plug-in opened at run time (kernels/cuda).
set(ORRERY_LIBTORCH_VERSION "2.11.0")
if(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(_cache "$ENV{XDG_CACHE_HOME}/orrery")
else()
  set(_cache "$ENV{HOME}/.cache/orrery")
endif()
set(ORRERY_CACHE_DIR "${_cache}" CACHE PATH "Where app/run puts what it fetches")
set(ORRERY_LIBTORCH "${ORRERY_CACHE_DIR}/libtorch-${ORRERY_LIBTORCH_VERSION}/torch" CACHE PATH "The wheel's torch folder")

if(NOT EXISTS "${ORRERY_LIBTORCH}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "LibTorch ${ORRERY_LIBTORCH_VERSION} is not at ${ORRERY_LIBTORCH}. Run ./app/run once, or pass -DORRERY_LIBTORCH=<site-packages>/torch.")
endif()

add_library(orrery::c10 SHARED IMPORTED)
set_target_properties(orrery::c10 PROPERTIES IMPORTED_LOCATION "${ORRERY_LIBTORCH}/lib/libc10.so")
add_library(orrery::torch SHARED IMPORTED)
set_target_properties(orrery::torch PROPERTIES
  IMPORTED_LOCATION "${ORRERY_LIBTORCH}/lib/libtorch_cpu.so"
  INTERFACE_INCLUDE_DIRECTORIES "${ORRERY_LIBTORCH}/include;${ORRERY_LIBTORCH}/include/torch/csrc/api/include"
  INTERFACE_COMPILE_OPTIONS "-fopenmp"
  INTERFACE_LINK_LIBRARIES orrery::c10
  INTERFACE_LINK_OPTIONS "-Wl,--allow-shlib-undefined")
# The wheel's libgomp has the system's soname; its folder comes first in the run path, so only one OpenMP runtime is ever loaded.
set(CMAKE_BUILD_RPATH "${ORRERY_LIBTORCH}/lib")
set(CMAKE_INSTALL_RPATH "${ORRERY_LIBTORCH}/lib")
