// Where faults happen: a scratch folder that can be put back as it was, subjects in child processes, and rows for the table of results.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "preload/inject.h"

namespace orrery::fault {

// A folder's contents, by path below it.
struct Tree {
  std::set<std::string> folders;
  std::map<std::string, std::string> files;
  bool operator==(const Tree&) const = default;
};
Tree read_tree(const std::string& path);
// Makes the folder exactly that.
void write_tree(const Tree& tree, const std::string& path);

// An empty folder in memory where there is one, else in the folder for temporary files; removed with its contents at the end.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// What became of a subject.
struct Outcome {
  enum class How { saved, refused, killed, broken } how = How::broken;
  std::string happened, safe, todo;  // refused: the three parts of the error; broken: in words
};
// Runs `work` in a child. It is refused when it throws Error, killed by SIGKILL, broken by anything else (another exception, a signal, 60 s).
Outcome in_child(const std::function<void()>& work);
// The same with the switches set for the time of `work`; `calls` and `fired` of fault_plan() tell afterwards what happened.
struct Switches {
  Kind kind = Kind::none;
  int at = 0;
  bool forever = false;
  bool no_tmpfile = false;
  bool record = false;
};
Outcome in_child(const std::string& under, const Switches& switches, const std::function<void()>& work);
// The same in this process, which must survive it: a fork of a program of this size costs more than a save.
Outcome in_process(const std::string& under, const Switches& switches, const std::function<void()>& work);

// Names of writers' temporaries: ".name.tmp<pid>.<number>".
bool is_temporary(const std::string& name);
// Lets two hours go by for the temporaries below `folder`; returns how many there are.
int age_temporaries(const std::string& folder);

// One line of tests/fault/RESULTS.md, kept in the folder that ORRERY_FAULT_ROWS names (nothing happens without one).
void report_row(const std::string& row, const std::string& subject, const std::string& counts, const std::string& target);
// ORRERY_FAULT_<name> as a number, or `otherwise`.
int setting(const char* name, int otherwise);

}  // namespace orrery::fault
