#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/systems/system.h"
#include "verbs/verbs.h"

namespace orrery::app {
namespace {

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::generator: return "generator";
    case Kind::denoiser: return "denoiser";
    case Kind::autoencoder: return "autoencoder";
    case Kind::token_model: return "token_model";
  }
  return "?";
}

nlohmann::json as_json(const System& system) {
  const SystemInfo info = system.info();
  nlohmann::json presets = nlohmann::json::array();
  for (const auto& preset : info.presets) presets.push_back({{"id", preset.id}, {"label", preset.label}, {"help", preset.help}});
  return {{"id", info.id},       {"name", info.name}, {"kind", kind_name(info.kind)}, {"year", info.year},   {"authors", info.authors},
          {"paper", info.paper}, {"url", info.url},   {"sentence", info.sentence},    {"equation", info.equation}, {"presets", presets},
          {"lights", info.lights}};
}

void print(const System& system, bool whole) {
  const SystemInfo info = system.info();
  std::printf("%-18s %-12s %d  %s\n", info.id.c_str(), kind_name(info.kind), info.year, info.name.c_str());
  if (!whole) return;
  std::printf("\n%s. %s.\n%s\n\n%s\n\n", info.paper.c_str(), info.authors.c_str(), info.url.c_str(), info.sentence.c_str());
  for (const auto& line : info.idea) std::printf("%s\n", line.c_str());
  std::printf("\n%s\n\nPresets:\n", info.equation.c_str());
  for (const auto& preset : info.presets) std::printf("  %-10s %s\n", preset.id.c_str(), preset.help.c_str());
  std::printf("Settings (--set path=value):\n");
  for (const auto& [path, field] : system.config_help()) std::printf("  %-34s %s\n", path.c_str(), field.help.c_str());
}

}  // namespace

void add_systems(CLI::App& program, Context& context) {
  auto* verb = program.add_subcommand("systems", "the catalogue");
  auto id = std::make_shared<std::string>();
  verb->add_option("id", *id, "one system, with its paper, equation, presets and settings");
  verb->callback([&context, id] {
    if (context.json) {
      nlohmann::json out = nlohmann::json::array();
      for (const auto& system : all_systems()) {
        if (id->empty() || system->info().id == *id) out.push_back(as_json(*system));
      }
      if (!id->empty()) out = as_json(find_system(*id));
      std::printf("%s\n", out.dump(2).c_str());
      return;
    }
    if (!id->empty()) return print(find_system(*id), true);
    for (const auto& system : all_systems()) print(*system, false);
  });
}

}  // namespace orrery::app
