#include "replay.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace orrery::fault {

Replay::Replay(const Tree& before, const std::string& folder, std::string_view log) : folder_(folder) {
  new_node(true);
  for (const auto& name : before.folders) {
    const Place at = place(folder + "/" + name);
    live_[static_cast<std::size_t>(at.folder)].entries[at.name] = new_node(true);
  }
  for (const auto& [name, bytes] : before.files) {
    const Place at = place(folder + "/" + name);
    const int node = new_node(false);
    live_[static_cast<std::size_t>(node)].bytes = bytes;
    live_[static_cast<std::size_t>(at.folder)].entries[at.name] = node;
  }
  before_ = live_;
  for (std::size_t at = 0; at < log.size();) {
    Entry entry;
    std::memcpy(&entry, log.data() + at, sizeof entry);
    at += sizeof entry;
    const std::string first(log.substr(at, entry.first_bytes)), second(log.substr(at + entry.first_bytes, entry.second_bytes));
    at += entry.first_bytes + entry.second_bytes;
    const std::uint64_t size = entry.call == Call::write ? entry.size : 0;
    add(entry, first, second, std::string(log.substr(at, size)));
    at += size;
  }
  before_.resize(live_.size());
  for (std::size_t i = 0; i < live_.size(); ++i) before_[i].is_folder = live_[i].is_folder;
}

int Replay::new_node(bool is_folder) {
  live_.push_back({is_folder, {}, {}});
  return static_cast<int>(live_.size()) - 1;
}

Replay::Place Replay::place(const std::string& path) const {
  if (path == folder_) return {-1, {}};
  if (!path.starts_with(folder_ + "/")) throw std::runtime_error("a path elsewhere was recorded: " + path);
  int folder = 0;
  std::size_t at = folder_.size() + 1;
  for (std::size_t slash; (slash = path.find('/', at)) != std::string::npos; at = slash + 1) {
    const auto& entries = live_[static_cast<std::size_t>(folder)].entries;
    const auto found = entries.find(path.substr(at, slash - at));
    if (found == entries.end()) throw std::runtime_error("a folder was not recorded: " + path);
    folder = found->second;
  }
  return {folder, path.substr(at)};
}

int Replay::find(const std::string& path) const {
  if (path == folder_) return 0;
  const Place at = place(path);
  const auto& entries = live_[static_cast<std::size_t>(at.folder)].entries;
  const auto found = entries.find(at.name);
  return found == entries.end() ? -1 : found->second;
}

void Replay::do_name(const std::string& path, int target, const std::string& old_path) {
  Operation operation{.what = Operation::What::name};
  const Place at = place(path);
  operation.node = at.folder;
  operation.name = at.name;
  operation.target = target;
  if (!old_path.empty()) {
    const Place old = place(old_path);
    operation.old_folder = old.folder;
    operation.old_name = old.name;
  }
  operations_.push_back(std::move(operation));
  apply(live_, operations_.back());
}

void Replay::do_open(const Entry& entry, const std::string& path) {
  const bool nameless = (entry.flags & O_TMPFILE) == O_TMPFILE;
  int node = nameless ? new_node(false) : find(path);
  if (node == -1) {
    if (!(entry.flags & O_CREAT)) throw std::runtime_error("a file that was never made was opened: " + path);
    node = new_node(false);
    do_name(path, node, {});
  } else if (!nameless && (entry.flags & O_TRUNC)) {
    operations_.push_back({.what = Operation::What::truncate, .node = node});
  }
  open_[entry.descriptor] = node;
}

void Replay::add(const Entry& entry, const std::string& first, const std::string& second, std::string bytes) {
  switch (entry.call) {
    case Call::open: do_open(entry, first); break;
    case Call::close: open_.erase(entry.descriptor); break;
    case Call::write: operations_.push_back({.what = Operation::What::write, .node = open_.at(entry.descriptor), .offset = entry.offset, .bytes = std::move(bytes)}); break;
    case Call::truncate: operations_.push_back({.what = Operation::What::truncate, .node = open_.at(entry.descriptor), .offset = entry.offset}); break;
    case Call::sync: operations_.push_back({.what = Operation::What::sync, .node = open_.at(entry.descriptor)}); break;
    case Call::rename: do_name(second, find(first), first); break;
    case Call::link: do_name(second, entry.descriptor >= 0 ? open_.at(entry.descriptor) : find(first), {}); break;
    case Call::unlink:
    case Call::remove_folder: do_name(first, -1, {}); break;
    case Call::make_folder: do_name(first, new_node(true), {}); break;
    case Call::mark: operations_.push_back({.what = Operation::What::mark}); break;
  }
}

bool Replay::confirmed(std::size_t point) const {
  return std::any_of(operations_.begin(), operations_.begin() + static_cast<std::ptrdiff_t>(point), [](const Operation& operation) { return operation.what == Operation::What::mark; });
}

bool Replay::durable(std::size_t operation, std::size_t point) const {
  const Operation& done = operations_[operation];
  const auto synced = [&](int node) {
    for (std::size_t i = operation + 1; i < point; ++i)
      if (operations_[i].what == Operation::What::sync && operations_[i].node == node) return true;
    return false;
  };
  return synced(done.node) && (done.old_folder == -1 || synced(done.old_folder));
}

void Replay::apply(std::vector<Node>& nodes, const Operation& operation) {
  if (operation.node < 0) return;
  Node& node = nodes[static_cast<std::size_t>(operation.node)];
  switch (operation.what) {
    case Operation::What::write:
      if (node.bytes.size() < operation.offset + operation.bytes.size()) node.bytes.resize(operation.offset + operation.bytes.size());
      node.bytes.replace(operation.offset, operation.bytes.size(), operation.bytes);
      break;
    case Operation::What::truncate: node.bytes.resize(operation.offset); break;
    case Operation::What::name:
      if (operation.old_folder >= 0) nodes[static_cast<std::size_t>(operation.old_folder)].entries.erase(operation.old_name);
      if (operation.target == -1) node.entries.erase(operation.name);
      else node.entries[operation.name] = operation.target;
      break;
    case Operation::What::sync:
    case Operation::What::mark: break;
  }
}

void Replay::apply_in_part(std::vector<Node>& nodes, const Operation& operation, std::mt19937_64& chance) {
  const auto dice = chance() % 4;
  if (dice == 0) return apply(nodes, operation);
  if (operation.what != Operation::What::write) {
    if (dice == 1) apply(nodes, operation);
    return;
  }
  if (dice == 1) return;  // lost
  // Torn, at a sector where it has several; the rest is missing, or there in length only.
  Operation part = operation;
  const std::size_t unit = part.bytes.size() > 4096 ? 512 : 1, kept = chance() % (part.bytes.size() / unit + 1) * unit;
  if (dice == 2) part.bytes.resize(std::min(kept, part.bytes.size()));
  else std::fill(part.bytes.begin() + static_cast<std::ptrdiff_t>(std::min(kept, part.bytes.size())), part.bytes.end(), '\0');
  apply(nodes, part);
}

void Replay::list(const std::vector<Node>& nodes, int folder, const std::string& path, Tree& tree) {
  for (const auto& [name, number] : nodes[static_cast<std::size_t>(folder)].entries) {
    const Node& node = nodes[static_cast<std::size_t>(number)];
    if (node.is_folder) {
      tree.folders.insert(path + name);
      list(nodes, number, path + name + "/", tree);
    } else {
      tree.files[path + name] = node.bytes;
    }
  }
}

Tree Replay::state(std::size_t point, Which which, std::mt19937_64& chance) const {
  std::vector<Node> nodes = before_;
  for (std::size_t i = 0; i < point; ++i) {
    if (which == Which::all || durable(i, point)) apply(nodes, operations_[i]);
    else if (which == Which::some) apply_in_part(nodes, operations_[i], chance);
  }
  Tree tree;
  list(nodes, 0, "", tree);
  return tree;
}

}  // namespace orrery::fault
