#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/api/result.h"
#include "engine/parity/case.h"
#include "verbs/verbs.h"

namespace orrery::app {
namespace {

void print(const parity::Report& report) {
  std::printf("%s\n", report.folder.c_str());
  for (const auto& line : report.lines) {
    std::printf("  %-56s error %9.2e  tolerance %9.2e  %s%s%s\n", line.name.c_str(), line.max_error, line.tolerance,
                line.ok ? "ok" : "FAILED", line.note.empty() ? "" : "  ", line.note.c_str());
  }
  if (!report.error.empty()) std::printf("  FAILED: %s\n", report.error.c_str());
}

nlohmann::json as_json(const parity::Report& report) {
  nlohmann::json lines = nlohmann::json::array();
  for (const auto& line : report.lines) {
    nlohmann::json one = {{"name", line.name}, {"tolerance", line.tolerance}, {"ok", line.ok}};
    one["max_error"] = std::isfinite(line.max_error) ? nlohmann::json(line.max_error) : nlohmann::json(nullptr);
    if (!line.note.empty()) one["note"] = line.note;
    lines.push_back(one);
  }
  nlohmann::json out = {{"folder", report.folder}, {"ok", report.ok}, {"lines", lines}};
  if (!report.error.empty()) out["error"] = report.error;
  return out;
}

}  // namespace

void add_parity(CLI::App& program, Context& context) {
  auto* verb = program.add_subcommand("parity", "numbers of the published implementations, computed again and compared");
  auto folder = std::make_shared<std::string>();
  auto device = std::make_shared<std::string>("cpu");
  auto brief = std::make_shared<bool>(false);
  verb->add_option("DIR", *folder, "a case, a system's folder of cases, or a whole tree")->required();
  verb->add_option("--device", *device, "cpu or cuda")->check(CLI::IsMember({"cpu", "cuda"}));
  verb->add_flag("--brief", *brief, "only failed lines, and one line per case");
  verb->callback([&context, folder, device, brief] {
    std::vector<std::string> unknown;
    auto reports = parity::run_folder(*folder, *device, unknown);
    std::size_t tensors = 0, failed_tensors = 0, failed_cases = 0;
    nlohmann::json out = {{"cases", nlohmann::json::array()}, {"not_in_catalogue", unknown}};
    for (auto& report : reports) {
      tensors += report.lines.size();
      for (const auto& line : report.lines) failed_tensors += line.ok ? 0 : 1;
      failed_cases += report.ok ? 0 : 1;
      if (context.json) {
        out["cases"].push_back(as_json(report));
        continue;
      }
      if (*brief) {
        std::printf("%s  %zu tensors  %s\n", report.ok ? "ok    " : "FAILED", report.lines.size(), report.folder.c_str());
        std::erase_if(report.lines, [](const parity::Line& line) { return line.ok; });
        if (report.ok) continue;
      }
      print(report);
    }
    if (context.json) {
      out["ok"] = failed_cases == 0;
      std::printf("%s\n", out.dump(1).c_str());
    } else {
      for (const auto& one : unknown) std::printf("not in this catalogue: %s\n", one.c_str());
      std::printf("%zu cases, %zu tensors: %zu cases and %zu tensors failed; %zu cases are of systems not in this catalogue\n",
                  reports.size(), tensors, failed_cases, failed_tensors, unknown.size());
    }
    if (failed_cases > 0) {
      throw Error(ErrorCode::failed,
                  std::to_string(failed_cases) + " of " + std::to_string(reports.size()) + " reference cases do not agree.", "",
                  "The lines marked FAILED name the first tensor that differs.");
    }
    if (reports.empty()) throw Error(ErrorCode::failed, "None of these cases belongs to a system in this catalogue.");
  });
}

}  // namespace orrery::app
