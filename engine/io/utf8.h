// Text from files: is it what it should be?
#pragma once

#include <string>
#include <string_view>

namespace orrery::io {

// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);
std::string utf8_from_latin1(std::string_view text);
// Nothing when a character lies above U+00FF or the text is not UTF-8.
bool latin1_from_utf8(std::string_view text, std::string& out);

}  // namespace orrery::io
