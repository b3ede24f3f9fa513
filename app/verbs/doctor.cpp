#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/api/result.h"
#include "engine/bench/bench.h"
#include "engine/bench/kernel_check.h"
#include "engine/features/weights.h"
#include "engine/io/cache_dir.h"
#include "engine/parity/case.h"
#include "verbs/verbs.h"

namespace orrery::app {
namespace {

namespace fs = std::filesystem;

constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;

// A line "MemAvailable:  1234 kB" of /proc/meminfo, in GiB; 0 when there is none.
double memory_gib(const std::string& key) {
  std::ifstream info("/proc/meminfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind(key + ":", 0) == 0) return std::stod(line.substr(key.size() + 1)) / (1024.0 * 1024.0);
  }
  return 0.0;
}

// The nearest folder above `path` that exists: a cache that was not made yet will lie on the same disk.
double free_gib(fs::path path) {
  std::error_code error;
  while (!path.empty() && path != path.root_path() && !fs::exists(path, error)) path = path.parent_path();
  const auto space = fs::space(path, error);
  return error ? 0.0 : static_cast<double>(space.available) / kGiB;
}

// Reference cases of a checkout: beside the build folder that this program lies in.
std::string bundled_cases() {
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path().parent_path() / "tests" / "vectors";
  return fs::is_directory(folder, error) ? folder.string() : std::string();
}

nlohmann::json facts(const Context& context) {
  nlohmann::json out = bench::machine();
  out["version"] = ORRERY_VERSION;
  out["cuda"] = context.cuda_note;
  out["memory_gib"] = memory_gib("MemTotal");
  out["memory_available_gib"] = memory_gib("MemAvailable");
#ifdef ORRERY_GUI
  out["window"] = true;
#else
  out["window"] = false;
#endif
#ifdef ORRERY_MEDIA
  out["media"] = true;
#else
  out["media"] = false;
#endif
  const std::string cache = io::cache_dir();
  out["cache"] = cache;
  out["cache_there"] = fs::is_directory(cache);
  out["cache_disk_free_gib"] = free_gib(cache);
  out["here_disk_free_gib"] = free_gib(fs::current_path());
  out["weights"] = {{"efficientnet_lite0", features::has_weights("efficientnet_lite0")}};
  return out;
}

void print(const nlohmann::json& f) {
  const auto line = [](const char* name, const std::string& value) { std::printf("%-12s %s\n", name, value.c_str()); };
  const auto gib = [&](const char* key) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f GiB", f.at(key).get<double>());
    return std::string(text);
  };
  line("Orrery", f.at("version").get<std::string>() + (f.at("window") ? ", with window" : ", command line only") + (f.at("media") ? "" : ", without picture, film and font readers"));
  line("machine", bench::machine_line(f));
  line("memory", gib("memory_gib") + ", " + gib("memory_available_gib") + " available");
  line("GPU", f.at("cuda"));
  line("cache", f.at("cache").get<std::string>() + (f.at("cache_there") ? "" : " (not made yet)") + ", " + gib("cache_disk_free_gib") + " free");
  line("this folder", gib("here_disk_free_gib") + " free");
  for (const auto& [name, there] : f.at("weights").items()) line("weights", name + (there ? ": there" : ": not there (optional; app/fetch_weights gets them)"));
}

// Adds the results to `out`, prints them, and returns how many failed.
int report(const std::string& title, const std::vector<bench::KernelCheck>& checks, bool quiet, nlohmann::json& out) {
  int failed = 0;
  if (!quiet) std::printf("\n%s\n", title.c_str());
  for (const auto& c : checks) {
    failed += c.ok ? 0 : 1;
    nlohmann::json one{{"what", title}, {"name", c.name}, {"allowed", c.allowed}, {"ok", c.ok}};
    one["error"] = std::isfinite(c.error) ? nlohmann::json(c.error) : nlohmann::json(nullptr);
    if (!c.note.empty()) one["note"] = c.note;
    out.push_back(one);
    if (!quiet) std::printf("  %-56s error %8.1e  allowed %8.1e  %s %s\n", c.name.c_str(), c.error, c.allowed, c.ok ? "ok" : "FAILED", c.note.c_str());
  }
  return failed;
}

int parity_of(const std::string& folder, const std::string& device, bool quiet, nlohmann::json& out) {
  int failed = 0;
  std::vector<std::string> unknown;
  if (!quiet) std::printf("\nreference cases of %s on %s\n", folder.c_str(), device.c_str());
  for (const auto& r : parity::run_folder(folder, device, unknown)) {
    failed += r.ok ? 0 : 1;
    out.push_back({{"folder", r.folder}, {"device", device}, {"ok", r.ok}, {"tensors", r.lines.size()}});
    if (!quiet) std::printf("  %s  %3zu tensors  %s %s\n", r.ok ? "ok    " : "FAILED", r.lines.size(), r.folder.c_str(), r.error.c_str());
  }
  return failed;
}

void run(const Context& context, bool deep, std::string cases) {
  nlohmann::json out = facts(context);
  if (!context.json) print(out);
  int failed = 0;
  if (deep) {
    const bool gpu = context.cuda_note.rfind("CUDA: ", 0) == 0;
    nlohmann::json kernels = nlohmann::json::array(), parity = nlohmann::json::array();
    failed += report("operators on the CPU against plain ATen", bench::check_kernels_on_cpu(), context.json, kernels);
    if (gpu) failed += report("operators on CUDA against the CPU", bench::check_kernels_on_cuda(), context.json, kernels);
    if (cases.empty()) cases = bundled_cases();
    if (!cases.empty()) {
      failed += parity_of(cases, "cpu", context.json, parity);
      if (gpu) failed += parity_of(cases, "cuda", context.json, parity);
    } else if (!context.json) {
      std::printf("\nno reference cases beside this program; --cases DIR names some\n");
    }
    out["kernels"] = kernels;
    out["parity"] = parity;
    out["failed"] = failed;
    if (!context.json) std::printf("\n%s\n", failed == 0 ? "everything agrees" : (std::to_string(failed) + " checks FAILED").c_str());
  }
  if (context.json) std::printf("%s\n", out.dump(2).c_str());
  if (failed > 0) throw Error(ErrorCode::failed, std::to_string(failed) + " checks of this machine failed.", "No file was changed.", "Do not train on it before the cause is known; report the output above.");
}

}  // namespace

void add_doctor(CLI::App& program, Context& context) {
  auto* verb = program.add_subcommand("doctor", "what this machine has, and whether it computes rightly");
  auto deep = std::make_shared<bool>(false);
  auto cases = std::make_shared<std::string>();
  verb->add_flag("--deep", *deep, "compare every operator with plain ATen, and CUDA with the CPU; run the reference cases");
  verb->add_option("--cases", *cases, "reference cases for --deep; default: those of the checkout");
  verb->callback([&context, deep, cases] { run(context, *deep, *cases); });
}

}  // namespace orrery::app
