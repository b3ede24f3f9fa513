#include "field.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <regex>
#include <stdexcept>

#include "engine/api/result.h"

namespace orrery::fault {
namespace fs = std::filesystem;

Tree read_tree(const std::string& path) {
  Tree tree;
  std::error_code missing;
  for (fs::recursive_directory_iterator entry(path, missing), end; !missing && entry != end; ++entry) {
    const std::string name = entry->path().string().substr(path.size() + 1);
    if (entry->is_directory()) {
      tree.folders.insert(name);
    } else {
      std::ifstream file(entry->path(), std::ios::binary);
      tree.files[name] = {std::istreambuf_iterator<char>(file), {}};
    }
  }
  return tree;
}

void write_tree(const Tree& tree, const std::string& path) {
  fs::create_directories(path);
  for (const auto& entry : fs::directory_iterator(path)) fs::remove_all(entry.path());
  for (const auto& folder : tree.folders) fs::create_directories(path + "/" + folder);
  for (const auto& [name, bytes] : tree.files) {
    std::ofstream file(path + "/" + name, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) throw std::runtime_error("the scratch folder cannot be written");
  }
}

Scratch::Scratch() {
  const std::string memory = "/dev/shm";
  std::string name = (::access(memory.c_str(), W_OK) == 0 ? memory : fs::temp_directory_path().string()) + "/orrery-fault-XXXXXX";
  if (!::mkdtemp(name.data())) throw std::runtime_error("no scratch folder: " + std::string(std::strerror(errno)));
  path_ = name;
}
Scratch::~Scratch() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

namespace {

void put(std::string& out, const std::string& part) { out += part + '\0'; }

std::string result_of(const std::function<void()>& work) {
  std::string out;
  try {
    work();
    put(out, "saved");
  } catch (const Error& error) {
    put(out, "refused");
    put(out, error.error().what_happened);
    put(out, error.error().what_is_safe);
    put(out, error.error().what_to_do);
  } catch (const std::exception& error) {
    put(out, "broken");
    put(out, std::string("an exception that is not for people: ") + error.what());
  }
  return out;
}

Outcome outcome_of(const std::string& said) {
  std::string parts[4];
  std::size_t begin = 0;
  for (auto& part : parts) {
    const auto end = said.find('\0', begin);
    if (end == std::string::npos) break;
    part = said.substr(begin, end - begin);
    begin = end + 1;
  }
  Outcome outcome;
  if (parts[0] == "saved") outcome.how = Outcome::How::saved;
  else if (parts[0] == "refused") outcome = {Outcome::How::refused, parts[1], parts[2], parts[3]};
  else outcome.happened = parts[1];
  return outcome;
}

void set(const std::string& under, const Switches& switches) {
  Plan& plan = *fault_plan();
  std::snprintf(plan.under, sizeof plan.under, "%s", under.c_str());
  plan.kind = switches.kind;
  plan.at = switches.at;
  plan.forever = switches.forever;
  plan.no_tmpfile = switches.no_tmpfile;
  plan.calls = 0;
  plan.fired = 0;
  plan.log_bytes = 0;
  plan.recording = switches.record;
}

void run_armed(const std::function<void()>& work) {
  struct Armed {
    Armed() { fault_plan()->armed = 1; }
    ~Armed() { fault_plan()->armed = 0; }
  } armed;
  work();
  fault_mark();
}

}  // namespace

Outcome in_child(const std::function<void()>& work) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("no child process");
  if (child == 0) {
    ::close(ends[0]);
    ::alarm(60);
    const std::string said = result_of(work);
    std::size_t done = 0;
    while (done < said.size()) {
      const ssize_t part = ::write(ends[1], said.data() + done, said.size() - done);
      if (part <= 0) break;
      done += static_cast<std::size_t>(part);
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t part; (part = ::read(ends[0], buffer, sizeof buffer)) > 0;) said.append(buffer, static_cast<std::size_t>(part));
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {}

  Outcome outcome;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
    outcome.how = Outcome::How::killed;
    return outcome;
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    outcome.happened = "it ended with status " + std::to_string(status);
    return outcome;
  }
  return outcome_of(said);
}

Outcome in_child(const std::string& under, const Switches& switches, const std::function<void()>& work) {
  set(under, switches);
  const Outcome outcome = in_child([&] { run_armed(work); });
  fault_plan()->armed = 0;
  fault_plan()->recording = 0;
  return outcome;
}

Outcome in_process(const std::string& under, const Switches& switches, const std::function<void()>& work) {
  set(under, switches);
  const Outcome outcome = outcome_of(result_of([&] { run_armed(work); }));
  fault_plan()->recording = 0;
  return outcome;
}

int age_temporaries(const std::string& folder) {
  int count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || !is_temporary(entry.path().string())) continue;
    fs::last_write_time(entry.path(), fs::last_write_time(entry.path()) - std::chrono::hours(2));
    ++count;
  }
  return count;
}

bool is_temporary(const std::string& name) {
  static const std::regex form(R"(\..+\.tmp[0-9]+\.[0-9]+)");
  return std::regex_match(fs::path(name).filename().string(), form);
}

void report_row(const std::string& row, const std::string& subject, const std::string& counts, const std::string& target) {
  const char* folder = std::getenv("ORRERY_FAULT_ROWS");
  if (!folder || !*folder) return;
  std::ofstream(std::string(folder) + "/" + row + " " + subject) << "| " << row << " | " << subject << " | " << counts << " | " << target << " |\n";
}

int setting(const char* name, int otherwise) {
  const char* value = std::getenv((std::string("ORRERY_FAULT_") + name).c_str());
  return value && *value ? std::atoi(value) : otherwise;
}

}  // namespace orrery::fault
