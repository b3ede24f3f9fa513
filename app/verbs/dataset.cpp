#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/api/dataset.h"
#include "engine/data/builtin.h"
#include "engine/data/import.h"
#include "engine/data/store.h"
#include "verbs/verbs.h"

namespace orrery::app {
namespace {

nlohmann::json as_json(const DatasetInfo& info) {
  nlohmann::json problems = nlohmann::json::array();
  for (const auto& problem : info.problems) problems.push_back({{"file", problem.file}, {"reason", problem.reason}, {"kept", problem.kept}});
  return {{"path", info.path},         {"name", info.name},           {"seen", info.seen},         {"taken", info.taken},
          {"skipped", info.skipped},   {"width_px", info.width_px},   {"height_px", info.height_px}, {"channels", info.channels},
          {"class_names", info.class_names}, {"class_counts", info.class_counts}, {"problems", problems}};
}

// "1234567" -> "1,234,567"
std::string grouped(std::int64_t value) {
  std::string text = std::to_string(value);
  for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

void print(const DatasetInfo& info, std::size_t most_problems) {
  std::printf("%s: %s pictures of %d x %d pixels, %s\n", info.name.c_str(), grouped(info.taken).c_str(), info.width_px, info.height_px, info.channels == 1 ? "grey" : "colour");
  std::printf("  %s seen, %s taken, %s skipped\n", grouped(info.seen).c_str(), grouped(info.taken).c_str(), grouped(info.skipped).c_str());
  if (!info.class_names.empty()) {
    std::printf("  %zu classes:\n", info.class_names.size());
    for (std::size_t i = 0; i < info.class_names.size(); ++i) std::printf("    %8s  %s\n", grouped(info.class_counts[i]).c_str(), info.class_names[i].c_str());
  }
  if (!info.problems.empty()) std::printf("  Notes:\n");
  for (std::size_t i = 0; i < info.problems.size() && i < most_problems; ++i) {
    const auto& problem = info.problems[i];
    std::printf("    %-7s  %s: %s\n", problem.kept ? "kept" : "skipped", problem.file.c_str(), problem.reason.c_str());
  }
  if (info.problems.size() > most_problems) std::printf("    and %s more (all with --json)\n", grouped(static_cast<std::int64_t>(info.problems.size() - most_problems)).c_str());
}

void show(const DatasetInfo& info, const Context& context) {
  if (context.json) std::printf("%s\n", as_json(info).dump(2).c_str());
  else print(info, 40);
}

volatile std::sig_atomic_t interrupted = 0;

// Shows how far an import is, on a terminal only; Ctrl+C cancels it.
class Watcher : public data::ImportObserver {
 public:
  Watcher() : shows_(::isatty(STDERR_FILENO) == 1), before_(std::signal(SIGINT, [](int) { interrupted = 1; })) {}
  ~Watcher() override {
    std::signal(SIGINT, before_);
    if (shows_) std::fputs("\r\033[K", stderr);
  }
  void progress(const data::ImportProgress& now) override {
    if (!shows_) return;
    if (now.listing) std::fprintf(stderr, "\r\033[K%s files found", grouped(now.total).c_str());
    else std::fprintf(stderr, "\r\033[K%s of %s: %s taken, %s skipped", grouped(now.seen).c_str(), grouped(now.total).c_str(), grouped(now.taken).c_str(), grouped(now.skipped).c_str());
  }
  bool cancelled() override { return interrupted != 0; }

 private:
  bool shows_;
  void (*before_)(int);
};

}  // namespace

void add_dataset(CLI::App& program, Context& context) {
  auto* verb = program.add_subcommand("dataset", "pictures to train on");
  verb->require_subcommand(1);

  auto* import = verb->add_subcommand("import", "make a data set of folders, zips, archives, films, fonts and pictures");
  auto options = std::make_shared<ImportOptions>();
  import->add_option("sources", options->sources, "what to import; several are put together")->required();
  import->add_option("--out", options->out, "the store to write (.zip)")->required();
  import->add_option("--size", options->size_px, "pixels a side")->capture_default_str();
  import->add_option("--fit", options->fit, "how pictures of another shape become square: crop, pad or stretch")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Fit>{{"crop", Fit::crop}, {"pad", Fit::pad}, {"stretch", Fit::stretch}}));
  import->add_option("--classes", options->classes, "where classes come from: folders, file or none")
      ->transform(CLI::CheckedTransformer(std::map<std::string, ClassSource>{{"folders", ClassSource::folders}, {"file", ClassSource::file}, {"none", ClassSource::none}}));
  import->add_option("--fps", options->film_frames_per_s, "of films: pictures taken per second")->capture_default_str();
  import->callback([&context, options] {
    DatasetInfo made;
    {
      Watcher watcher;
      made = data::import_dataset(*options, watcher);
    }
    show(made, context);
  });

  auto* info = verb->add_subcommand("info", "what a data set holds");
  auto path = std::make_shared<std::string>();
  auto size = std::make_shared<int>(0);
  info->add_option("data", *path, "a store (.zip) or a built-in set")->required();
  std::string known = "Built-in sets, made from installed Debian packages on first use:\n";
  for (const auto& one : data::builtins()) known += "  builtin:" + one.name + "  " + one.sentence + "\n";
  info->footer(known);
  info->add_option("--size", *size, "pixels a side, for built-in sets (64)")->check(CLI::Range(4, 1024));
  info->callback([&context, path, size] { show(data::Store::open(*path, *size)->info(), context); });
}

}  // namespace orrery::app
