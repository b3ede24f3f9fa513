// The border between the window and the engine: a few abstract services, composed by app. Calls return at once unless they say otherwise;
// results arrive through the listener, called on engine threads (the window posts them to its own thread). No call throws.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/api/catalogue.h"
#include "engine/api/dataset.h"
#include "engine/api/export.h"
#include "engine/api/frame.h"
#include "engine/api/job.h"
#include "engine/api/model.h"
#include "engine/api/space.h"
#include "engine/api/tape.h"
#include "engine/api/tape_export.h"
#include "engine/api/tokens.h"
#include "engine/api/training.h"

namespace orrery {

// Systems, in the lecture's order. Cheap and constant.
class Catalogue {
 public:
  virtual ~Catalogue() = default;
  virtual std::vector<SystemInfo> systems() const = 0;
  // JSON text {"config": {the preset's whole configuration}, "help": {path: {"help", "unit"?, "min"?, "max"?, "choices"?}}}.
  virtual Result<std::string> config(const std::string& system, const std::string& preset) const = 0;
};

// Opened models. A run that trains publishes its snapshots here; viewers only ever see snapshots.
class Models {
 public:
  using Listener = std::function<void(const ModelInfo&)>;  // opened, or a new snapshot
  virtual ~Models() = default;
  virtual std::vector<ModelInfo> models() const = 0;
  // Opens a model file or run folder on a thread of its own. `done` gets the info or the error.
  virtual void open(const std::string& path, std::function<void(Result<ModelInfo>)> done) = 0;
  virtual void close(const std::string& id) = 0;
  virtual void set_listener(Listener listener) = 0;
};

// One view's way to pictures: a slot for the newest request and a thread that serves it.
class LiveView {
 public:
  virtual ~LiveView() = default;
  // Newest wins; what is under way for an older request is cancelled between steps. Returns the generation.
  virtual std::uint64_t show(const Request& request) = 0;
};

class Live {
 public:
  using OnFrame = std::function<void(const Frame&)>;
  using OnError = std::function<void(const JobError&)>;
  virtual ~Live() = default;
  virtual std::unique_ptr<LiveView> open_view(OnFrame on_frame, OnError on_error) = 0;
  // One that gives way: whenever another view wants something its rendering is put off between two evaluations, and goes on afterwards from the
  // steps that its tape has. For long work nobody's hand waits for.
  virtual std::unique_ptr<LiveView> open_patient_view(OnFrame on_frame, OnError on_error) { return open_view(std::move(on_frame), std::move(on_error)); }
};

struct ImportJob { ImportOptions options; };
struct TrainJob { TrainOptions options; };
struct AttachJob { std::string run; };          // watch a detached run and speak to it
struct PictureJob { PictureExport options; };
struct FilmJob { FilmExport options; };
struct StripJob { TapeId tape; Request request; StripExport options; };        // `request`: the tape's, for the command that does the same
struct TapeFilmJob { TapeId tape; Request request; TapeFilmExport options; };
struct ModelJob { ModelExport options; };
struct MeasureJob { std::string model; std::string data; std::vector<std::string> metrics; std::int64_t samples = 2000; };
struct DirectionsJob { std::string model; };    // PCA of w and closed-form factorisation; the model's controls grow when done
using JobSpec = std::variant<ImportJob, TrainJob, AttachJob, PictureJob, FilmJob, StripJob, TapeFilmJob, ModelJob, MeasureJob, DirectionsJob>;

class Jobs {
 public:
  using Listener = std::function<void(const JobStatus&)>;
  using StatsListener = std::function<void(JobId, const StatsPoint&)>;
  virtual ~Jobs() = default;
  virtual JobId submit(const JobSpec& spec) = 0;
  virtual void say(JobId job, JobVerb verb) = 0;
  virtual std::vector<JobStatus> jobs() const = 0;
  virtual void set_listener(Listener listener) = 0;
  virtual void set_stats_listener(StatsListener listener) = 0;
  // The command line that does the same as `spec`.
  virtual std::string command_for(const JobSpec& spec) const = 0;
};

// Datasets: quick looks that may take up to a second; call them from a worker thread.
class Datasets {
 public:
  virtual ~Datasets() = default;
  virtual Result<DatasetInfo> info(const std::string& store_or_builtin) const = 0;
  // One picture of a store, RGB8.
  virtual Result<DeviceImage> picture(const std::string& store, std::int64_t index) const = 0;
  // What augmentation at strength p makes of it (the leak view): `count` draws in one row.
  virtual Result<DeviceImage> augmented(const std::string& store, std::int64_t index, double p, int count, std::uint64_t seed) const = 0;
};

// Reading back what was exported. May take a second; call it from a worker thread.
class Recipes {
 public:
  virtual ~Recipes() = default;
  virtual Result<Recipe> read(const std::string& path) const = 0;
};

// Picture files as values of controls (ControlKind::photo, mask).
class Pictures {
 public:
  virtual ~Pictures() = default;
  // The file at this size, cropped to its proportions, as text (engine/api/control.h). May take a second; call it from a worker thread.
  virtual Result<std::string> value_of_file(const std::string& path, ControlKind kind, int width_px, int height_px) const = 0;
};

// Everything the window needs, owned by app.
struct Studio {
  std::unique_ptr<Catalogue> catalogue;
  std::unique_ptr<Models> models;
  std::unique_ptr<Tapes> tapes;  // before `live`, which records on them
  std::unique_ptr<Live> live;
  std::unique_ptr<Spaces> spaces;  // after `live`, whose thread it shares
  std::unique_ptr<Tokens> tokens;  // after `tapes` and `models`
  std::unique_ptr<Jobs> jobs;
  std::unique_ptr<Datasets> datasets;
  std::unique_ptr<Recipes> recipes;
  std::unique_ptr<Pictures> pictures;
  std::string device;  // "CPU, 2 threads" or the GPU's name
};

}  // namespace orrery
