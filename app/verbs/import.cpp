#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/systems/import_model.h"
#include "verbs/verbs.h"

namespace orrery::app {
namespace {

void print(const ImportedModel& model, const ModelImportOptions& options) {
  std::printf("%s: %s, %d x %d px, %.2f M parameters, from %s%s%s\n", options.out.c_str(), model.system.c_str(), model.width_px, model.height_px,
              static_cast<double>(model.parameters) / 1e6, model.format.c_str(), model.set.empty() ? "" : ", ", model.set.c_str());
  if (model.sets.size() > 1) {
    std::printf("The file also has:");
    for (const auto& set : model.sets)
      if (set != model.set) std::printf(" %s", set.c_str());
    std::printf(" (choose by --set)\n");
  }
  if (!model.records.empty()) {
    std::printf("It names %zu classes or functions, none of which was run:", model.records.size());
    for (std::size_t i = 0; i < model.records.size() && i < 8; ++i) std::printf(" %s", model.records[i].c_str());
    std::printf(model.records.size() > 8 ? " ...\n" : "\n");
  }
  std::printf("SHA-256 %s\n", model.hash.c_str());
}

}  // namespace

void add_import(CLI::App& program, Context& context) {
  auto* verb = program.add_subcommand("import", "weights of other programs become a model file; nothing in them is run");
  auto options = std::make_shared<ModelImportOptions>();
  verb->add_option("file", options->file, ".safetensors by the reference's names, .pt or .pth of torch.save, .pkl of NVIDIA")->required();
  verb->add_option("--out", options->out, "the model to write, a .safetensors")->required();
  verb->add_option("--as", options->system, "the system they belong to; else the first that knows them");
  verb->add_option("--set", options->set, "which weights of a file with several; else averaged ones first");
  verb->callback([&context, options] {
    const bool terminal = !context.json && isatty(STDERR_FILENO) != 0;
    const ImportedModel model = import_model(*options, [&](double, const std::string& what) {
      if (terminal) std::fprintf(stderr, "\r\033[K%s", what == "Done" ? "" : what.c_str());
    });
    if (!context.json) return print(model, *options);
    const nlohmann::json out{{"out", options->out},         {"system", model.system},       {"format", model.format}, {"set", model.set},         {"sets", model.sets},
                             {"records", model.records},    {"parameters", model.parameters}, {"width_px", model.width_px}, {"height_px", model.height_px}, {"sha256", model.hash}};
    std::printf("%s\n", out.dump(2).c_str());
  });
}

}  // namespace orrery::app
