#include <malloc.h>

#include <cstdio>

#include "engine/api/result.h"
#include "engine/device/host_memory.h"
#include "kernels/dispatch.h"
#include "verbs/verbs.h"
#ifdef ORRERY_GUI
#include "window/compose.h"
#include "window/run_window.h"
#endif

namespace {

// Without this glibc gives large temporaries back to the system at every free and takes them again: half of an optimiser step's time.
void keep_freed_memory() {
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TOP_PAD, 64 << 20);
}

void say(const orrery::JobError& error) {
  std::fprintf(stderr, "orrery: %s", error.what_happened.c_str());
  if (!error.what_is_safe.empty()) std::fprintf(stderr, " %s", error.what_is_safe.c_str());
  if (!error.what_to_do.empty()) std::fprintf(stderr, " %s", error.what_to_do.c_str());
  std::fputc('\n', stderr);
  if (!error.details.empty()) std::fprintf(stderr, "  (%s)\n", error.details.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  orrery::app::Context context;
  context.program = argv[0];
  context.cuda_note = orrery::kernels::open_cuda_plugin();  // before LibTorch is asked for CUDA the first time
  orrery::keep_host_memory();

  CLI::App program{"Orrery, a studio for the generative models of vision", "orrery"};
  program.set_version_flag("--version", ORRERY_VERSION);
  program.add_flag("--json", context.json, "machine-readable output");
  program.fallthrough();
  program.require_subcommand(0, 1);
  int code = 0;
  orrery::app::add_systems(program, context);
  // data
  orrery::app::add_dataset(program, context);
  // training
  orrery::app::add_train(program, context);
  // pictures
  orrery::app::add_sample(program, context);
  // films
  orrery::app::add_film(program, context);
  // tapes
  orrery::app::add_tape(program, context);
  // proof
  orrery::app::add_verify(program, context);
  // files of others
  orrery::app::add_import(program, context);
  // quality
  orrery::app::add_measure(program, context);
  // speed
  orrery::app::add_bench(program, context);
  // this machine
  orrery::app::add_doctor(program, context);
  // reference cases
  orrery::app::add_parity(program, context);

#ifdef ORRERY_GUI
  std::vector<std::string> paths;
  program.add_option("path", paths, "models, run folders, pictures, films or projects to open in the window");
  program.callback([&] {
    if (!program.get_subcommands().empty()) return;
    code = orrery::app::run_window(argc, argv, [&] { return orrery::app::compose_studio(context.device); }, paths);
  });
#else
  program.require_subcommand(1, 1);  // without a window there is nothing to open
#endif

  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& done) {
    return program.exit(done);
  } catch (const CLI::ParseError& error) {
    program.exit(error);
    return orrery::exit_code(orrery::ErrorCode::wrong_use);
  } catch (const orrery::Error& error) {
    say(error.error());
    return orrery::exit_code(error.error().code);
  } catch (const std::exception& error) {
    say({orrery::ErrorCode::failed, "Something went wrong inside the program.", "Files already written are untouched.", "Run it again; if it repeats, send the output of: orrery doctor", error.what()});
    return orrery::exit_code(orrery::ErrorCode::failed);
  }
  return code;
}
