#include "engine/train/train_job.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "engine/api/result.h"
#include "engine/explore/point_picture.h"
#include "engine/io/png.h"
#include "engine/train/run_lock.h"
#include "engine/train/sheet.h"

namespace orrery {
namespace fs = std::filesystem;
namespace {

constexpr int probe_columns = 4, probe_count = 16;

void check_device(const std::string& device) {
  if (device == "cpu") return;
  if (device != "cuda") {
    throw Error(ErrorCode::wrong_use, "There is no device \"" + device + "\".", "Nothing was started.", "Choose cpu or cuda.");
  }
  if (!at::globalContext().hasCUDA()) {
    throw Error(ErrorCode::wrong_use, "This machine has no NVIDIA graphics processor that the program can use.", "Nothing was started.",
                "Leave --device away to train on the processor; orrery doctor says what was found.");
  }
}

std::string preset_or_default(const System& system, const std::string& preset) {
  if (!preset.empty()) return preset;
  const auto presets = system.presets();
  const auto tiny = std::find_if(presets.begin(), presets.end(), [](const auto& p) { return p.id == "tiny"; });
  if (tiny != presets.end()) return tiny->id;
  return presets.empty() ? "" : presets.front().id;
}

nlohmann::json unresolved_config(const System& system, const std::string& preset, const std::map<std::string, std::string>& set) {
  nlohmann::json config = config::resolve_preset(system.defaults(), system.presets(), preset);
  for (const auto& [path, value] : set) config::set_path(config, path, value);
  return config;
}

void check_enough(const TrainingData& data, const Plan& plan) {
  std::int64_t most = 1;
  for (const auto& stage : plan.stages) most = std::max(most, stage.batch);
  const std::int64_t pictures = data.shape().pictures;
  if (pictures >= most) return;
  throw Error(ErrorCode::bad_input, "The data set has " + std::to_string(pictures) + (pictures == 1 ? " picture" : " pictures") + "; each training step takes " + std::to_string(most) + ".",
              "Nothing was started.", "Add pictures, or make the batch smaller.");
}

std::string same_place(const std::string& data) {
  if (data.rfind("builtin:", 0) == 0) return data;
  std::error_code ignored;
  return fs::weakly_canonical(data, ignored).string();
}

// Where the files that make a new run come from: the options.
RunRecord new_record(const TrainOptions& options, const System& system, const DataOpener& open_data, const TrainEnvironment& environment,
                     std::shared_ptr<const TrainingData>& data) {
  RunRecord record;
  record.system = options.system;
  record.preset = preset_or_default(system, options.preset);
  record.set = options.set;
  record.data = options.data;
  record.device = options.device.empty() ? "cpu" : options.device;
  check_device(record.device);
  record.until = options.until.amount > 0.0 ? format_until(options.until) : "";
  record.seed = options.seed;
  record.threads = options.threads > 0 ? options.threads : at::get_num_threads();
  record.version = environment.version;
  record.command = environment.command;
  const nlohmann::json config = unresolved_config(system, record.preset, record.set);
  if (options.data.empty()) throw Error(ErrorCode::wrong_use, "It is not said what to train on.", "Nothing was started.", "Name a data set, for example --data builtin:emoji");
  data = open_data(record.data, system.wanted_size_px(config));
  record.data_name = data->name();
  record.shape = data->shape();
  record.class_names = data->class_names();
  record.config = system.resolve(config, record.shape);
  return record;
}

bool operator!=(const DataShape& a, const DataShape& b) {
  return a.resolution_px != b.resolution_px || a.channels != b.channels || a.classes != b.classes || a.pictures != b.pictures || a.point_dim != b.point_dim;
}

// What a resumed run keeps, and what may be said anew.
void check_resumed(const TrainOptions& options, const System& system, RunRecord& record, const DataOpener& open_data, std::shared_ptr<const TrainingData>& data) {
  const auto refuse = [&options](const std::string& why) {
    throw Error(ErrorCode::wrong_use, "The run in " + options.out + " " + why + ".", "It was not touched.", "Leave that option away, or start a new run in another folder.");
  };
  if (!options.system.empty() && options.system != record.system) refuse("trains " + record.system + ", not " + options.system);
  if (options.seed != 0 && options.seed != record.seed) refuse("was started with seed " + std::to_string(record.seed));
  if (!options.preset.empty() || !options.set.empty()) {
    const std::string preset = options.preset.empty() ? record.preset : options.preset;
    const auto& set = options.set.empty() ? record.set : options.set;
    const nlohmann::json asked = unresolved_config(system, preset, set);
    const std::string difference = first_difference(system.resolve(asked, record.shape), record.config);
    if (!difference.empty()) {
      // The setting that was asked for, rather than one that follows from it.
      const std::string said = first_difference(asked, unresolved_config(system, record.preset, record.set));
      refuse("was started with another configuration: \"" + (said.empty() ? difference : said) + "\" differs");
    }
  }
  if (options.threads > 0) record.threads = options.threads;
  if (!options.device.empty()) record.device = options.device;
  check_device(record.device);
  if (options.until.amount > 0.0) record.until = format_until(options.until);
  if (!options.data.empty() && same_place(options.data) != same_place(record.data)) record.data = options.data;
  data = open_data(record.data, system.wanted_size_px(record.config));
  if (data->shape() != record.shape || data->class_names() != record.class_names) {
    throw Error(ErrorCode::bad_input, "The data set " + record.data + " is not the one this run was started with.", "The run was not touched.",
                "Bring back the old data set, or start a new run.");
  }
}

void draw_probe(const System& system, const RunRecord& record, const std::shared_ptr<const Model>& model, const std::string& path, const RunFolder& folder) {
  try {
    const auto player = system.make_player(model);
    const at::Tensor pictures = probe_pictures(*player, probe_count);
    write_sheet(pictures, probe_columns, path, {{io::png_parameters, record.system + " on " + record.data_name + " at " + nlohmann::json(model->kimg).dump() + " kimg"}});
  } catch (const Error& error) {
    if (error.error().code == ErrorCode::disk_full) throw;
    folder.log("no probe picture: " + error.error().what_happened);
  } catch (const std::exception& error) {  // a picture less is no reason to stop training
    folder.log(std::string("no probe picture: ") + error.what());
  }
}

}  // namespace

std::string run_training(const TrainOptions& options, JobContext& job, SnapshotSink* sink, const DataOpener& open_data, const TrainEnvironment& environment) {
  job.set_state(JobState::preparing);
  if (options.out.empty()) throw Error(ErrorCode::wrong_use, "It is not said where the run shall lie.", "Nothing was started.", "Name a folder by --out");
  job.made(options.out);
  job.progress(-1.0, "Opening the data");
  // The thread's niceness goes to the workers that its first parallel loop starts.
  if (environment.low_priority) setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 5);

  const RunFolder folder{options.out};
  std::shared_ptr<const TrainingData> data;
  RunRecord record;
  std::unique_ptr<RunLock> lock;
  if (options.resume) {
    record = folder.read_record();
    lock = std::make_unique<RunLock>(folder.path);
    check_resumed(options, find_system(record.system), record, open_data, data);
  } else {
    const System& system = find_system(options.system);
    if (RunLock::holder(folder.path)) RunLock refused(folder.path);  // says who trains there
    folder.must_be_free();
    record = new_record(options, system, open_data, environment, data);
  }
  const System& system = find_system(record.system);

  RunSetup setup;
  setup.folder = folder;
  setup.system = record.system;
  setup.config = record.config;
  setup.plan = system.make_plan(record.config);
  check_enough(*data, setup.plan);
  if (!options.resume) {
    folder.create();
    lock = std::make_unique<RunLock>(folder.path);
    folder.must_be_free();
  }
  folder.create_parts();
  folder.write_record(record);
  std::error_code no_live;
  fs::remove(folder.live(), no_live);  // of a trainer that was killed
  if (environment.open_control) lock->announce(environment.open_control(folder.path));

  setup.meta = {{"orrery.data", record.data_name}, {"orrery.preset", record.preset}, {"orrery.seed", std::to_string(record.seed)},
                {"orrery.run", fs::path(folder.path).filename().string()}, {"orrery.version", record.version}};
  setup.seed = record.seed;
  setup.device = record.device;
  setup.threads = record.threads;
  if (!record.until.empty()) setup.until = parse_until(record.until);
  setup.lr_scale = options.lr_scale;
  setup.data = data;
  setup.build_network = [&system, config = record.config] { return system.build_network(config); };
  setup.probe = [&](std::shared_ptr<const Model> model, const std::string& path) { draw_probe(system, record, model, path, folder); };
  setup.reals = [](const at::Tensor& pictures, const std::string& path) {
    if (pictures.is_floating_point()) return write_sheet(point_picture(pictures).mul(127.5).add(128.0).clamp(0.0, 255.0).to(at::kByte), 1, path);
    write_sheet(pictures.narrow(0, 0, std::min<std::int64_t>(probe_count, pictures.size(0))).cpu(), probe_columns, path);
  };
  if (const auto store = data->store()) {
    setup.measure = [&system, store, device = record.device](std::shared_ptr<const Model> model, const MeasureConfig& config, const std::function<bool()>& interrupted) {
      return measure_snapshot(system, std::move(model), *store, config, device, interrupted);
    };
  }
  TrainingRun run(std::move(setup), environment.settings, job, sink);
  run.go();
  if (run.stopped()) {
    throw Error(ErrorCode::interrupted, "Stopped at step " + std::to_string(run.trainer().progress().step) + ".", "Everything up to this step is saved.",
                "Go on with: orrery train --resume --out " + folder.path);
  }
  return folder.path;
}

}  // namespace orrery
