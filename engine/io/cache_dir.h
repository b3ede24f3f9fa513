// Where this program keeps what it can make or fetch again: built-in data sets, features of data sets, pretrained parts.
#pragma once

#include <string>

namespace orrery::io {

// $ORRERY_CACHE_DIR, else $XDG_CACHE_HOME/orrery, else ~/.cache/orrery. Not necessarily there yet. Throws Error(failed) when none of the
// three is set.
std::string cache_dir();
// cache_dir()/name, made if need be. Throws Error(failed, disk_full).
std::string cache_folder(const std::string& name);

}  // namespace orrery::io
