// Power loss: from the recorded calls of a save, the folders that a disk may hold when the power fails at any point of it.
//   What an fsync confirmed before that point is there. Of everything else any subset may be: writes lost, torn, or of the right length but
//   empty; names made, changed and removed in any order, folder by folder (Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014).
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "field.h"

namespace orrery::fault {

class Replay {
 public:
  // `before`: what the folder durably held. `log`: fault_log() of a run that was recorded there.
  Replay(const Tree& before, const std::string& folder, std::string_view log);

  // The power may fail after each of the calls 0 .. calls().
  std::size_t calls() const { return operations_.size(); }
  // Whether the save had been confirmed to a person by then.
  bool confirmed(std::size_t point) const;
  // One of the folders that may be found: everything that is pending is there, nothing is, or what `chance` says.
  enum class Which { all, none, some };
  Tree state(std::size_t point, Which which, std::mt19937_64& chance) const;

 private:
  struct Node {
    bool is_folder = false;
    std::map<std::string, int> entries;
    std::string bytes;
  };
  struct Operation {
    enum class What { write, truncate, name, sync, mark } what;
    int node = -1;              // the file, or the folder whose names change
    std::string name = {}, old_name = {};  // name: `name` becomes `target`, `old_name` of `old_folder` goes
    int target = -1, old_folder = -1;
    std::uint64_t offset = 0;   // or the new size
    std::string bytes = {};
  };
  struct Place {
    int folder = -1;
    std::string name;
  };

  void add(const Entry& entry, const std::string& first, const std::string& second, std::string bytes);
  void do_open(const Entry& entry, const std::string& path);
  void do_name(const std::string& path, int target, const std::string& old_path);
  Place place(const std::string& path) const;  // in live_
  int find(const std::string& path) const;
  int new_node(bool is_folder);
  bool durable(std::size_t operation, std::size_t point) const;
  static void apply(std::vector<Node>& nodes, const Operation& operation);
  static void apply_in_part(std::vector<Node>& nodes, const Operation& operation, std::mt19937_64& chance);
  static void list(const std::vector<Node>& nodes, int folder, const std::string& path, Tree& tree);

  std::string folder_;
  std::vector<Node> before_;  // nodes by number; 0 is the folder itself
  std::vector<Node> live_;    // as the program saw it
  std::map<int, int> open_;   // descriptor -> node
  std::vector<Operation> operations_;
};

}  // namespace orrery::fault
