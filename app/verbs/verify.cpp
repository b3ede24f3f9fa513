#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/export/verify.h"
#include "verbs/playing.h"

namespace orrery::app {
namespace {

void verify(const std::string& file, const std::string& model, Context& context) {
  const auto shelf = make_shelf(context);
  ConsoleJob job(context.json);
  const VerifyReport report = verify_export(file, *shelf, job, model);
  char psnr[32];
  std::snprintf(psnr, sizeof psnr, "%.1f dB", report.psnr_db);
  if (context.json) {
    const nlohmann::json decibels = std::isfinite(report.psnr_db) ? nlohmann::json(report.psnr_db) : nlohmann::json();
    std::printf("%s\n", nlohmann::json({{"file", file}, {"bit_equal", report.bit_equal}, {"psnr_db", decibels}, {"why", report.why}, {"frames", report.frames}}).dump(2).c_str());
  } else if (report.bit_equal) {
    std::printf("bit-equal (%d %s)\n", report.frames, report.frames == 1 ? "picture" : "frames");
  } else {
    std::printf("not bit-equal: %s%s; %s\n", std::isfinite(report.psnr_db) ? psnr : "the pictures are equal, the file is not", report.frames > 1 ? " in the worst frame" : "", report.why.c_str());
  }
  if (!report.bit_equal) throw Error(ErrorCode::failed, file + " is not what its recipe makes here.", "The file is untouched.", "See the reason above.");
}

}  // namespace

void add_verify(CLI::App& program, Context& context) {
  auto* verb = program.add_subcommand("verify", "make an export again from its recipe and compare");
  auto file = std::make_shared<std::string>(), model = std::make_shared<std::string>();
  verb->add_option("file", *file, "an exported picture, film, or folder of pictures")->required();
  verb->add_option("--model", *model, "the model, where it is not at the place that the recipe names");
  verb->callback([file, model, &context] { verify(*file, *model, context); });
}

}  // namespace orrery::app
