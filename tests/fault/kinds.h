// Every kind of file that the engine keeps: how an old version is made, how a new one is saved over it, and what the real reader says.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace orrery::fault {

struct FileKind {
  std::string name;
  // Whether a save that was confirmed is still there after the power fails. (A line of statistics is only promised to be whole.)
  bool durable = true;
  // Whether a name may stand in the folder when nothing is being written: no temporaries, no parts.
  std::function<bool(const std::string& name)> is_final;
  // All three run in a child process. `save` throws Error.
  std::function<void(const std::string& folder)> make_old;
  std::function<void(const std::string& folder)> save;
  std::function<void(const std::string& folder)> open_again;  // what the program does with such a folder at its next start
  // By the reader of the program, every byte: "old", "new", or what is wrong. Throws nothing.
  std::function<std::string(const std::string& folder)> look;
};

std::vector<FileKind> file_kinds();
// The two halves of it.
std::vector<FileKind> run_kinds();
std::vector<FileKind> export_kinds();

// "old" or "new" by `read(path)`'s answer; an Error becomes its sentence.
std::string looked_at(const std::function<std::string()>& read);

}  // namespace orrery::fault
