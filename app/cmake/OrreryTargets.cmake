# Compiler rules shared by all own code, and the include roots that keep the arrows of the house.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
# One flag for every target, programs too: a precompiled header serves only users with exactly its flags.
add_compile_options(-fPIC)
add_compile_definitions(QT_NO_KEYWORDS)

find_program(ORRERY_CCACHE ccache)
if(ORRERY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Without this sloppiness ccache declines every file that uses a precompiled header.
  set(launcher env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${ORRERY_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  add_compile_options(-fpch-preprocess)  # lets ccache look through precompiled headers
endif()

if(ORRERY_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g1 -O1)
  add_link_options(-fsanitize=address,undefined)
endif()

# orrery_include_root(<target> <folder> [PUBLIC|INTERFACE]): makes "<folder>/x.h" visible to the target's users, and nothing else of
# the source tree. Each root is a folder in the build tree that holds one link, so a header of another folder cannot be found.
function(orrery_include_root target folder scope)
  string(REPLACE "/" "_" root_name "${folder}")
  set(root "${CMAKE_BINARY_DIR}/include_roots/${root_name}")
  get_filename_component(parent "${root}/${folder}" DIRECTORY)
  file(MAKE_DIRECTORY "${parent}")
  if(NOT EXISTS "${root}/${folder}")
    file(CREATE_LINK "${CMAKE_SOURCE_DIR}/${folder}" "${root}/${folder}" SYMBOLIC)
  endif()
  target_include_directories(${target} ${scope} "${root}")
endfunction()

# orrery_own_code(<target>): own code compiles without a warning.
function(orrery_own_code target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Werror)
endfunction()
