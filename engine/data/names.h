// File names are bytes. These make them comparable and showable.
#pragma once

#include <string>
#include <string_view>

namespace orrery::data {

// As text that any window, terminal and JSON file can show: control characters and bytes that are not UTF-8 become \n, \x1B, \xE9.
std::string readable_name(std::string_view bytes);
// "a/b/Cat.JPG" -> "jpg"; "" where there is none. ASCII lower case only, whatever the locale.
std::string extension_of(std::string_view path);
std::string_view file_name_of(std::string_view path);   // "a/b/c.png" -> "c.png"
std::string_view folder_of(std::string_view path);      // "a/b/c.png" -> "a/b", "c.png" -> ""
std::string_view without_extension(std::string_view path);

}  // namespace orrery::data
