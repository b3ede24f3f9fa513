#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/api/result.h"
#include "engine/bench/bench.h"
#include "engine/io/atomic_file.h"
#include "verbs/verbs.h"

namespace orrery::app {
namespace {

struct Wanted {
  std::vector<std::string> names;
  std::string out;
  bool list = false;
  bench::Options options;
};

// A name, or the first parts of one: "bias_act", "upfirdn2d/blur".
bool matches(const std::string& name, const std::string& wanted) {
  return name == wanted || (name.size() > wanted.size() && name.compare(0, wanted.size(), wanted) == 0 && name[wanted.size()] == '/');
}

std::vector<bench::Benchmark> chosen(const std::vector<std::string>& names) {
  const auto all = bench::all_benchmarks();
  for (const auto& wanted : names) {
    if (std::none_of(all.begin(), all.end(), [&](const auto& b) { return matches(b.name, wanted); })) {
      throw Error(ErrorCode::wrong_use, "There is no benchmark '" + wanted + "'.", "Nothing was measured.", "orrery bench --list names them all.");
    }
  }
  if (names.empty()) return all;
  std::vector<bench::Benchmark> some;
  for (const auto& b : all) {
    if (std::any_of(names.begin(), names.end(), [&](const auto& wanted) { return matches(b.name, wanted); })) some.push_back(b);
  }
  return some;
}

void run(const Context& context, const Wanted& wanted) {
  const auto benchmarks = chosen(wanted.names);
  if (wanted.list) {
    nlohmann::json out = nlohmann::json::array();
    for (const auto& b : benchmarks) {
      out.push_back({{"name", b.name}, {"what", b.what}, {"peer", b.peer}});
      if (!context.json) std::printf("%-34s %s; against %s\n", b.name.c_str(), b.what.c_str(), b.peer.c_str());
    }
    if (context.json) std::printf("%s\n", out.dump(2).c_str());
    return;
  }
  nlohmann::json report{{"machine", bench::machine()}, {"results", nlohmann::json::array()}};
  std::string table = bench::machine_line(report["machine"]) + "\n" + bench::table_header() + "\n";
  if (!context.json) std::fputs(table.c_str(), stdout);
  std::string failed;
  for (const auto& b : benchmarks) {
    const auto measurement = bench::measure(b, wanted.options);
    report["results"].push_back(bench::as_json(b, measurement));
    const std::string line = bench::table_line(b, measurement) + "\n";
    table += line;
    if (!context.json) std::fputs(line.c_str(), stdout), std::fflush(stdout);
    if (!measurement.agree) failed += (failed.empty() ? "" : ", ") + b.name;
  }
  if (context.json) std::printf("%s\n", report.dump(2).c_str());
  if (!wanted.out.empty()) {
    io::write_file_atomically(wanted.out + ".json", report.dump(2) + "\n");
    io::write_file_atomically(wanted.out + ".txt", table);
  }
  if (!failed.empty()) throw Error(ErrorCode::failed, "The two sides of " + failed + " do not agree.", "They were not timed.", "Run orrery doctor --deep.");
}

}  // namespace

void add_bench(CLI::App& program, Context& context) {
  auto* verb = program.add_subcommand("bench", "speed and memory, side by side with a peer");
  auto wanted = std::make_shared<Wanted>();
  verb->add_option("names", wanted->names, "benchmarks, or the first parts of their names; default: all");
  verb->add_flag("--list", wanted->list, "name them and measure nothing");
  verb->add_option("--seconds", wanted->options.seconds, "time for each")->check(CLI::Range(0.0, 3600.0));
  verb->add_option("--pairs", wanted->options.fewest, "at least so many pairs")->check(CLI::Range(1, 100000));
  verb->add_option("--out", wanted->out, "also write FILE.json and FILE.txt");
  verb->callback([&context, wanted] { run(context, *wanted); });
}

}  // namespace orrery::app
