// Files of installed Debian packages.
#pragma once

#include <string>

namespace orrery::media {

// "fonts/truetype/noto/NotoColorEmoji.ttf" in the first of $XDG_DATA_DIRS (/usr/local/share, /usr/share) that has it, or "".
std::string find_shared(const std::string& relative_path);

// Throws Error(bad_input) with the sentence that tells what to install.
[[noreturn]] void refuse_missing_packages(const std::string& what, const std::string& packages);

}  // namespace orrery::media
