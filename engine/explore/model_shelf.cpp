#include "engine/explore/model_shelf.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <thread>

#include "engine/explore/plane_player.h"
#include "engine/explore/snapshot_files.h"
#include "engine/jobs/boundary.h"
#include "engine/systems/system.h"

namespace orrery {
namespace fs = std::filesystem;

namespace {

constexpr const char* kFile = "file:";
constexpr const char* kRun = "run:";
constexpr const char* kStarter = "starter:";

std::string tidy(const std::string& path) {
  std::error_code none;
  fs::path out = fs::weakly_canonical(fs::absolute(path, none), none);
  if (out.empty()) out = fs::absolute(path, none);
  if (!out.has_filename() && out.has_parent_path()) out = out.parent_path();
  return out;
}

std::int64_t bytes_of(const Model& model) {
  std::int64_t bytes = 0;
  for (const auto& tensor : model.network->parameters()) bytes += static_cast<std::int64_t>(tensor.nbytes());
  for (const auto& tensor : model.network->buffers()) bytes += static_cast<std::int64_t>(tensor.nbytes());
  return bytes;
}

[[noreturn]] void gone(const std::string& what, const std::string& details = {}) {
  throw Error(ErrorCode::bad_input, what, "Nothing was changed.", "Open the model again.", details);
}

ControlSpec snapshot_control(std::size_t count) {
  ControlSpec spec;
  spec.id = "snapshot";
  spec.section = "Training";
  spec.label = "Snapshot";
  spec.help = "Which of the run's kept snapshots plays, counted from the first; -1 is always the newest.";
  spec.kind = ControlKind::integer;
  spec.neutral = std::int64_t{-1};
  spec.min = -1.0;
  spec.max = static_cast<double>(count) - 1.0;
  spec.step = 1.0;
  if (count == 0) spec.unavailable = "This run has kept no snapshot yet.";
  return spec;
}

}  // namespace

struct ModelShelf::Snapshot {
  SnapshotInfo info;
  std::string path;                    // empty: only in memory
  std::string hash;
  std::shared_ptr<const Model> model;  // null: on disk only
  std::uint64_t used = 0;
};

struct ModelShelf::Entry {
  ModelInfo info;
  bool run = false;
  std::vector<Snapshot> snapshots;         // oldest first
  std::shared_ptr<const Model> newest;     // what plays by default; of a run that trains not always a kept one
  std::chrono::steady_clock::time_point resolved_at{};
  std::vector<ControlSpec> controls;       // the player's

  void keep_from(const Entry& known) {
    resolved_at = known.resolved_at;
    if (known.newest->kimg > newest->kimg) newest = known.newest;
    info.hash = newest->hash;
    for (const auto& old : known.snapshots) {
      const auto same = std::find_if(snapshots.begin(), snapshots.end(), [&](const Snapshot& snapshot) { return snapshot.info.kimg == old.info.kimg; });
      if (same != snapshots.end() && same->hash == old.hash) {
        same->info = old.info;
        same->model = old.model;
        same->used = old.used;
      } else if (same == snapshots.end() && old.path.empty()) {
        const auto later = std::find_if(snapshots.begin(), snapshots.end(), [&](const Snapshot& snapshot) { return snapshot.info.kimg > old.info.kimg; });
        snapshots.insert(later, old);
      }
    }
  }

  void refresh() {
    info.controls = controls;
    if (run) info.controls.push_back(snapshot_control(snapshots.size()));
    info.snapshots.clear();
    for (const auto& snapshot : snapshots) info.snapshots.push_back(snapshot.info);
  }
};

// Serves open() in order on a thread of its own.
class ModelShelf::Opener {
 public:
  explicit Opener(ModelShelf& shelf) : thread_([this, &shelf](std::stop_token stop) { serve(shelf, stop); }) {}
  ~Opener() { thread_.request_stop(); }

  void add(std::string path, std::function<void(Result<ModelInfo>)> done) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.emplace_back(std::move(path), std::move(done));
    }
    ready_.notify_one();
  }

 private:
  using Wish = std::pair<std::string, std::function<void(Result<ModelInfo>)>>;

  void serve(ModelShelf& shelf, std::stop_token stop) {
    for (;;) {
      Wish wish;
      {
        std::unique_lock lock(mutex_);
        if (!ready_.wait(lock, stop, [&] { return !waiting_.empty(); }) || stop.stop_requested()) return;
        wish = std::move(waiting_.front());
        waiting_.pop_front();
      }
      Result<ModelInfo> result = opened(shelf, wish.first);
      if (wish.second) wish.second(std::move(result));
    }
  }

  static Result<ModelInfo> opened(ModelShelf& shelf, const std::string& path) {
    try {
      return shelf.open_now(path);
    } catch (...) {
      return error_of(std::current_exception());
    }
  }

  std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<Wish> waiting_;
  std::jthread thread_;  // last: it uses the others
};

ShelfParts shelf_parts(const std::string& device, const std::string& starters_folder) {
  ShelfParts parts;
  parts.load = [](const std::string& path, const std::string& on) { return load_model(path, on); };
  parts.make_player = [](std::shared_ptr<const Model> model) {
    const System& system = find_system(model->system);
    return system.make_player(std::move(model));
  };
  parts.kind = [](const std::string& system) { return find_system(system).info().kind; };
  parts.device = device;
  parts.starters_folder = starters_folder;
  return parts;
}

ModelShelf::ModelShelf(ShelfParts parts) : parts_(std::move(parts)), opener_(std::make_unique<Opener>(*this)) {}
ModelShelf::~ModelShelf() { opener_.reset(); }

std::vector<ModelInfo> ModelShelf::models() const {
  const std::lock_guard lock(mutex_);
  std::vector<ModelInfo> out;
  for (const auto& [id, entry] : entries_) out.push_back(entry.info);
  return out;
}

void ModelShelf::open(const std::string& path, std::function<void(Result<ModelInfo>)> done) { opener_->add(path, std::move(done)); }

void ModelShelf::close(const std::string& id) {
  Entry kept_alive;  // weights are freed after the lock
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(id); found != entries_.end()) {
    kept_alive = std::move(found->second);
    entries_.erase(found);
  }
}

void ModelShelf::set_listener(Listener listener) {
  const std::lock_guard lock(mutex_);
  listener_ = std::move(listener);
}

void ModelShelf::tell(const ModelInfo& info) {
  Listener listener;
  {
    const std::lock_guard lock(mutex_);
    listener = listener_;
  }
  if (listener) listener(info);
}

std::unique_ptr<Player> ModelShelf::make_player(std::shared_ptr<const Model> model) const { return parts_.make_player(std::move(model)); }

void ModelShelf::describe(Entry& entry, const std::shared_ptr<const Model>& model) const {
  const auto player = parts_.make_player(model);
  const PictureShape shape = player->picture_shape();
  entry.controls = player->controls();
  entry.info.system = model->system;
  entry.info.kind = parts_.kind(model->system);
  entry.info.width_px = static_cast<int>(shape.width_px);
  entry.info.height_px = static_cast<int>(shape.height_px);
  const auto* plane = dynamic_cast<const PlanePlayer*>(player.get());
  entry.info.in_the_plane = plane && plane->in_the_plane();
  entry.info.class_names = model->class_names;
  entry.info.hash = model->hash;
  if (entry.info.size_bytes == 0) entry.info.size_bytes = bytes_of(*model);
}

ModelInfo ModelShelf::add(Entry entry) {
  entry.refresh();
  const ModelInfo info = entry.info;
  {
    const std::lock_guard lock(mutex_);
    entries_[info.id] = std::move(entry);
    forget_oldest();
  }
  tell(info);
  return info;
}

ModelInfo ModelShelf::open_now(const std::string& path) {
  Entry entry;
  std::string place = path;
  if (path.starts_with(kStarter)) {
    const std::string name = path.substr(std::string(kStarter).size());
    if (name.empty() || name.find('/') != std::string::npos) gone("There is no starter model \"" + name + "\".");
    place = parts_.starters_folder + "/" + name + ".safetensors";
    entry.info.id = path;
  } else {
    if (path.starts_with(kFile)) place = path.substr(std::string(kFile).size());
    if (path.starts_with(kRun)) place = path.substr(std::string(kRun).size());
    place = tidy(place);
  }
  std::error_code none;
  entry.run = fs::is_directory(place, none);
  if (!entry.run && !fs::exists(place, none)) gone("There is no file or folder " + place + ".");
  if (entry.info.id.empty()) entry.info.id = (entry.run ? kRun : kFile) + place;
  entry.info.path = place;
  entry.info.name = fs::path(place).stem();

  std::string newest = place;
  if (entry.run) {
    entry.info.name = fs::path(place).filename();
    for (auto& file : snapshot_files(place)) entry.snapshots.push_back({{file.kimg, {}}, file.path, file.hash, nullptr, 0});
    if (entry.snapshots.empty()) {
      {
        const std::lock_guard lock(mutex_);
        if (const auto known = entries_.find(entry.info.id); known != entries_.end()) return known->second.info;  // trains, has kept nothing yet
      }
      gone(place + " holds no snapshot of a model.");
    }
    newest = entry.snapshots.back().path;
  }
  {
    const std::lock_guard lock(loading_);
    entry.newest = parts_.load(newest, parts_.device);
  }
  if (!entry.run) {
    if (fs::path(place).parent_path().filename() == "snapshots") {  // of a run: called after it, as each has the same name in every run
      char kimg[32];
      std::snprintf(kimg, sizeof kimg, "%.6g", entry.newest->kimg);
      entry.info.name = fs::path(place).parent_path().parent_path().filename().string() + ", " + kimg + " kimg";
    }
    entry.info.size_bytes = static_cast<std::int64_t>(fs::file_size(place, none));
    entry.snapshots.push_back({{entry.newest->kimg, {}}, place, entry.newest->hash, nullptr, 0});
  }
  describe(entry, entry.newest);
  {
    // What is known already stays known: loaded weights, metrics, and what training published that is newer than the folder.
    const std::lock_guard lock(mutex_);
    if (const auto known = entries_.find(entry.info.id); known != entries_.end()) entry.keep_from(known->second);
  }
  return add(std::move(entry));
}

bool ModelShelf::watched(const std::string& run_folder) const {
  const std::string id = kRun + tidy(run_folder);
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  return found != entries_.end() && std::chrono::steady_clock::now() - found->second.resolved_at < std::chrono::seconds(30);
}

void ModelShelf::publish(const std::string& run_folder, std::shared_ptr<const Model> model, const std::map<std::string, double>& metrics, bool keep) {
  const std::string place = tidy(run_folder), id = kRun + place;
  std::string path;
  if (keep) {
    for (const auto& file : snapshot_files(place)) {
      if (file.kimg == model->kimg) path = file.path;
    }
  }
  bool known = false;
  {
    const std::lock_guard lock(mutex_);
    known = entries_.count(id) != 0;
  }
  Entry fresh;
  if (!known) {
    fresh.run = true;
    fresh.info.id = id;
    fresh.info.path = place;
    fresh.info.name = fs::path(place).filename();
    fresh.newest = model;
    describe(fresh, model);
  }
  ModelInfo info;
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_.try_emplace(id, std::move(fresh)).first->second;
    if (entry.info.id.empty()) return entries_.erase(id), void();  // closed in this very moment: the next snapshot opens it again
    entry.newest = model;
    entry.info.hash = model->hash;
    if (keep) {
      std::erase_if(entry.snapshots, [&](const Snapshot& snapshot) { return snapshot.info.kimg == model->kimg; });
      const auto at = std::find_if(entry.snapshots.begin(), entry.snapshots.end(), [&](const Snapshot& snapshot) { return snapshot.info.kimg > model->kimg; });
      entry.snapshots.insert(at, {{model->kimg, metrics}, path, model->hash, model, ++clock_});
    }
    entry.refresh();
    info = entry.info;
    forget_oldest();
  }
  tell(info);
}

std::shared_ptr<const Model> ModelShelf::resolve(const Request& request) {
  std::string path;
  std::size_t index = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(request.model);
    if (found == entries_.end()) gone("The model \"" + request.model + "\" is not open.");
    Entry& entry = found->second;
    entry.resolved_at = std::chrono::steady_clock::now();
    const auto wanted = request.get<std::int64_t>("snapshot", -1);
    if (wanted < 0 || !entry.run) return entry.newest;
    if (wanted >= static_cast<std::int64_t>(entry.snapshots.size())) {
      throw Error(ErrorCode::wrong_use, "The control \"snapshot\" was given " + std::to_string(wanted) + ", which is out of range.", "Nothing was changed.",
                  "It accepts a whole number between -1 and " + std::to_string(static_cast<std::int64_t>(entry.snapshots.size()) - 1) + ".");
    }
    index = static_cast<std::size_t>(wanted);
    Snapshot& snapshot = entry.snapshots[index];
    snapshot.used = ++clock_;
    if (snapshot.model) return snapshot.model;
    if (snapshot.hash == entry.newest->hash && !snapshot.hash.empty()) return entry.newest;
    path = snapshot.path;
  }
  std::shared_ptr<const Model> model;
  {
    const std::lock_guard lock(loading_);
    model = parts_.load(path, parts_.device);
  }
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(request.model); found != entries_.end()) {
    for (auto& snapshot : found->second.snapshots) {
      if (snapshot.path == path) snapshot.model = model;
    }
    forget_oldest();
  }
  return model;
}

std::string ModelShelf::path_of(const Request& request) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(request.model);
  if (found == entries_.end()) return {};
  const Entry& entry = found->second;
  const auto wanted = request.get<std::int64_t>("snapshot", -1);
  for (std::size_t i = 0; i < entry.snapshots.size(); ++i) {
    const Snapshot& snapshot = entry.snapshots[i];
    const bool meant = wanted < 0 ? snapshot.hash == entry.info.hash : static_cast<std::size_t>(wanted) == i;
    if (meant && !snapshot.path.empty()) return snapshot.path;
  }
  return entry.info.path;
}

// Lets go of the least recently used snapshots that can be read again, until the rest fits the budget. Called with the lock held.
void ModelShelf::forget_oldest() {
  for (;;) {
    std::size_t total = 0;
    Snapshot* oldest = nullptr;
    for (auto& [id, entry] : entries_) {
      for (auto& snapshot : entry.snapshots) {
        if (!snapshot.model || snapshot.model == entry.newest) continue;
        total += static_cast<std::size_t>(bytes_of(*snapshot.model));
        if (!snapshot.path.empty() && (!oldest || snapshot.used < oldest->used)) oldest = &snapshot;
      }
    }
    if (total <= parts_.budget_bytes || !oldest) return;
    oldest->model = nullptr;
  }
}

ModelInfo ModelShelf::info(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) gone("The model \"" + id + "\" is not open.");
  return found->second.info;
}

std::optional<Request> ModelShelf::find_by_hash(const std::string& hash) {
  if (hash.empty()) return std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : entries_) {
      if (entry.newest && entry.newest->hash == hash) return Request{id, {}};
      for (std::size_t i = 0; i < entry.snapshots.size(); ++i) {
        if (entry.snapshots[i].hash == hash) return Request{id, {{"snapshot", static_cast<std::int64_t>(i)}}};
      }
    }
  }
  std::error_code none;
  for (const auto& item : fs::directory_iterator(parts_.starters_folder, none)) {
    if (item.path().extension() != ".safetensors") continue;
    try {
      if (look_at_model_file(item.path()).hash == hash) return Request{open_now(kStarter + item.path().stem().string()).id, {}};
    } catch (const Error&) {
    }
  }
  return std::nullopt;
}

void ModelShelf::refresh_controls(const std::string& id) {
  std::shared_ptr<const Model> model;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end()) return;
    model = found->second.newest;
  }
  auto controls = parts_.make_player(model)->controls();
  ModelInfo info;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end()) return;
    found->second.controls = std::move(controls);
    found->second.refresh();
    info = found->second.info;
  }
  tell(info);
}

}  // namespace orrery
