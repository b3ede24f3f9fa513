// Jobs in words: their kind, title, and the shell command that does the same.
#pragma once

#include <string>

#include "engine/api/studio.h"

namespace orrery {

std::string kind_of(const JobSpec& spec);   // "train", "import", ... as JobStatus::kind
std::string title_of(const JobSpec& spec);  // "stylegan2 on emoji"
// "" for what the command line has no verb for.
std::string command_line(const JobSpec& spec, const std::string& program = "orrery");
// One word for a POSIX shell.
std::string shell_quoted(const std::string& word);

}  // namespace orrery
