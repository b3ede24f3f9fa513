// Reading Qt's binary resource files (.rcc) without Qt: a tree of names, and plain payloads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace orrery::media {

struct ResourceFile {
  std::string path;        // "gcompris/src/activities/erase/resource/gorilla.webp", ASCII; other characters become '?'
  std::string_view bytes;  // into the file's bytes
};
// Versions 1 to 3. Compressed payloads are left out. Throws Error(bad_input).
std::vector<ResourceFile> read_qt_resource(std::string_view rcc);

}  // namespace orrery::media
