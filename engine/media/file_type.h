// What a file is: by its first bytes, and by what its name claims.
#pragma once

#include <string_view>

namespace orrery::media {

enum class FileType {
  unknown, jpeg, png, gif, webp, tiff, bmp, tga, pnm, heic, avif, jxl,  // pictures
  film, font, zip, archive,
  other,  // known, and none of the above: text, PDF, camera raw
};

// As in "its name says JPEG".
const char* type_name(FileType type);
bool is_picture(FileType type);

// By content. The first 560 bytes are enough. TGA has no mark and is never found here.
FileType type_of_content(std::string_view head);
// By the extension, in lower case; unknown where it says nothing.
FileType type_of_extension(std::string_view extension);

}  // namespace orrery::media
