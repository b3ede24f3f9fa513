// The verbs of the command line, one file each. A verb adds its subcommand to the program and runs in a callback; it throws Error and
// never exits by itself. What it prints goes to stdout, as text or (with --json) as one JSON value.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace orrery::app {

struct Context {
  bool json = false;          // --json
  std::string device = "cpu";
  std::string program;        // argv[0], for child processes
  std::string cuda_note;      // what open_cuda_plugin() said
};

void add_systems(CLI::App& program, Context& context);
void add_dataset(CLI::App& program, Context& context);
void add_train(CLI::App& program, Context& context);
void add_sample(CLI::App& program, Context& context);
void add_film(CLI::App& program, Context& context);
void add_tape(CLI::App& program, Context& context);
void add_verify(CLI::App& program, Context& context);
void add_import(CLI::App& program, Context& context);
void add_measure(CLI::App& program, Context& context);
void add_bench(CLI::App& program, Context& context);
void add_doctor(CLI::App& program, Context& context);
void add_parity(CLI::App& program, Context& context);

}  // namespace orrery::app
