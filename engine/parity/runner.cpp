#include <algorithm>
#include <filesystem>

#include "engine/api/result.h"
#include "engine/parity/case.h"
#include "engine/parity/handlers.h"
#include "engine/systems/system.h"

namespace orrery::parity {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> cases_under(const fs::path& root) {
  std::vector<fs::path> found;
  if (fs::exists(root / "meta.json")) found.push_back(root);
  for (auto it = fs::recursive_directory_iterator(root, fs::directory_options::follow_directory_symlink);
       it != fs::recursive_directory_iterator(); ++it) {
    if (it.depth() > 4) it.disable_recursion_pending();
    if (it->is_directory() && fs::exists(it->path() / "meta.json")) found.push_back(it->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

const System* system_named(const std::string& id) {
  for (const auto& system : all_systems()) {
    if (system->info().id == id) return system.get();
  }
  return nullptr;
}

Report run_one(const fs::path& folder, const std::string& device, std::vector<std::string>& not_in_catalogue) {
  Report report;
  report.folder = folder.string();
  try {
    Case reference = Case::load(folder.string(), device);
    const System* system = system_named(reference.system);
    const auto handler = handlers().find(reference.system);
    if (system == nullptr && handler == handlers().end()) {
      not_in_catalogue.push_back(report.folder);
      report.ok = true;
      return report;
    }
    try {
      if (system != nullptr)
        system->run_case(reference);
      else
        handler->second(reference);
    } catch (const Error& error) {
      report.error = error.error().what_happened + (error.error().details.empty() ? "" : " (" + error.error().details + ")");
    } catch (const std::exception& error) {
      report.error = error.what();
    }
    report.lines = reference.lines();
    if (report.lines.empty() && report.error.empty()) report.error = "the case holds nothing to compare";
  } catch (const Error& error) {
    report.error = error.error().what_happened;
  } catch (const std::exception& error) {
    report.error = error.what();
  }
  report.ok = report.error.empty() && std::all_of(report.lines.begin(), report.lines.end(), [](const Line& line) { return line.ok; });
  return report;
}

}  // namespace

std::vector<Report> run_folder(const std::string& folder, const std::string& device, std::vector<std::string>& not_in_catalogue) {
  if (!fs::is_directory(folder)) {
    throw Error(ErrorCode::bad_input, folder + " is not a folder.", "Nothing was done.",
                "Give a folder of reference cases (each with meta.json and io.safetensors).");
  }
  const auto cases = cases_under(folder);
  if (cases.empty()) {
    throw Error(ErrorCode::bad_input, "There are no reference cases under " + folder + ".", "Nothing was done.",
                "A case is a folder with meta.json and io.safetensors.");
  }
  std::vector<Report> reports;
  for (const auto& one : cases) {
    Report report = run_one(one, device, not_in_catalogue);
    const bool unknown = !not_in_catalogue.empty() && not_in_catalogue.back() == report.folder;
    if (!unknown) reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace orrery::parity
