#include "fake_plane.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "fake_studio.h"

namespace orrery::fake {
namespace {

constexpr const char* kPlane = "starter:moons";
constexpr const char* kPictures = "starter:emoji";
constexpr int kPx = 32;

double noiseOf(int i, std::int64_t seed, int axis) {
  std::uint64_t h = static_cast<std::uint64_t>(i + 1) * 0x9e3779b97f4a7c15ull ^ static_cast<std::uint64_t>(seed + 3) * 0xc2b2ae3d27d4eb4full ^ static_cast<std::uint64_t>(axis + 1) * 0x165667b19e3779f9ull;
  double sum = -6.0;  // of twelve uniform numbers: near enough to a normal one
  for (int k = 0; k < 12; ++k) {
    h ^= h >> 31, h *= 0x7fb5d329728ea185ull, h ^= h >> 27, h *= 0x81dadef4bc2dd44dull, h ^= h >> 33;
    sum += static_cast<double>(h >> 11) / static_cast<double>(1ull << 53);
  }
  return sum;
}

double errorOf(const std::string& sampler, std::int64_t steps) {
  const double n = static_cast<double>(std::max<std::int64_t>(steps, 1));
  return sampler == "euler" ? 1.0 / n : sampler == "heun" ? 1.0 / (n * n) : 0.2;
}

ControlSpec control(const char* id, ControlKind kind, Value neutral, double max = 1.0) {
  ControlSpec spec;
  spec.id = id, spec.section = "Sampler", spec.label = id, spec.help = "For tests.", spec.kind = kind, spec.neutral = std::move(neutral), spec.max = max;
  return spec;
}

ModelInfo modelOf(const std::string& id, const std::string& name, bool plane, int steps) {
  ModelInfo info;
  info.id = id, info.name = name, info.system = "edm", info.kind = Kind::denoiser, info.in_the_plane = plane, info.hash = "hash of " + id;
  info.width_px = info.height_px = plane ? 256 : kPx;
  auto seed = control("seed", ControlKind::seed, std::int64_t{0}, 1e6);
  seed.section = "Latent";
  auto sampler = control("sampler", ControlKind::choice, std::string("heun"));
  sampler.choices = {"heun", "euler", "ddpm", "broken"};
  auto count = control("sampler.steps", ControlKind::integer, std::int64_t{steps}, 1000.0);
  count.min = 1.0;
  info.controls = {seed, sampler, count};
  info.snapshots.push_back({1.0, {}});
  return info;
}

class PlaneModels : public Models {
 public:
  // `others`: whom the fake jobs know.
  PlaneModels(int steps, std::unique_ptr<Models> others) : others_(std::move(others)), list_{modelOf(kPlane, "Moons", true, steps), modelOf(kPictures, "Emoji", false, steps)} {
    ModelInfo plain = modelOf("starter:plain", "Plain", false, steps);  // paints at once
    plain.controls.resize(1);
    list_.push_back(plain);
  }
  std::vector<ModelInfo> models() const override { return list_; }
  void open(const std::string&, std::function<void(Result<ModelInfo>)> done) override { done(JobError{ErrorCode::bad_input, "There is nothing to open here."}); }
  void close(const std::string&) override {}
  void set_listener(Listener) override {}

 private:
  std::unique_ptr<Models> others_;
  std::vector<ModelInfo> list_;
};

class PlaneTapes : public Tapes {
 public:
  explicit PlaneTapes(int particles) : particles_(particles) {}
  TapeId begin(const Request& request) {
    const std::lock_guard lock(mutex_);
    TapeInfo& info = tapes_[++last_];
    info.id = last_, info.request = request, info.name = "tape", info.rows = {TapeRow::state, TapeRow::prediction};
    return last_;
  }
  void add(TapeId id, const TapeStep& step, bool complete) {
    TapeInfo info;
    {
      const std::lock_guard lock(mutex_);
      if (!tapes_.count(id)) return;
      tapes_[id].steps.push_back(step);
      tapes_[id].complete = complete;
      info = tapes_[id];
    }
    tell(info);
  }
  void drop(TapeId id) {
    {
      const std::lock_guard lock(mutex_);
      if (!tapes_.erase(id)) return;
    }
    TapeInfo gone;
    gone.id = id;
    tell(gone);
  }

  std::vector<TapeInfo> tapes() const override {
    const std::lock_guard lock(mutex_);
    std::vector<TapeInfo> list;
    for (const auto& [id, info] : tapes_) list.push_back(info);
    return list;
  }
  Result<std::vector<float>> points(TapeId id, std::int64_t step, TapeRow row) const override {
    const auto info = find(id);
    if (!info || info->request.model != kPlane || (row == TapeRow::prediction && step == 0)) return std::vector<float>{};
    const double level = row == TapeRow::prediction ? 0.0 : info->steps[static_cast<std::size_t>(step)].level;
    const double steps = static_cast<double>(info->steps.size()) - 1.0, part = static_cast<double>(step) / std::max(steps, 1.0);
    const double error = errorOf(info->request.get<std::string>("sampler", "heun"), static_cast<std::int64_t>(steps)) * part;
    std::vector<float> out;
    for (int i = 0; i < particles_; ++i) {
      const PlanePoint to = planeTarget(i), noise = planeNoise(i, info->request.get<std::int64_t>("seed", 0));
      out.push_back(static_cast<float>(to.x + level * noise.x + error));
      out.push_back(static_cast<float>(to.y + level * noise.y));
    }
    return out;
  }
  Result<DeviceImage> picture(TapeId id, std::int64_t step, TapeRow row) const override {
    const auto info = find(id);
    if (!info) return JobError{ErrorCode::wrong_use, "This tape is not there any more."};
    const double steps = static_cast<double>(info->steps.size()) - 1.0, level = info->steps[static_cast<std::size_t>(step)].level;
    const double error = errorOf(info->request.get<std::string>("sampler", "heun"), static_cast<std::int64_t>(steps)) * static_cast<double>(step) / std::max(steps, 1.0);
    const double noise = row == TapeRow::state ? level / (1.0 + level) : 0.0;
    auto pixels = std::make_shared<std::vector<std::uint8_t>>(static_cast<std::size_t>(kPx * kPx * 4), std::uint8_t{255});
    for (int i = 0; i < kPx * kPx; ++i) {
      for (int c = 0; c < 3; ++c) {
        const double clean = 128.0 + 100.0 * std::sin(0.3 * (i % kPx) + c) * std::cos(0.2 * (i / kPx)) + 60.0 * error;
        (*pixels)[static_cast<std::size_t>(4 * i + c)] = static_cast<std::uint8_t>(std::clamp(clean * (1.0 - noise) + noise * (128.0 + 60.0 * noiseOf(i, 0, c)), 0.0, 255.0));
      }
    }
    return DeviceImage{DeviceImage::Where::host, pixels->data(), kPx, kPx, static_cast<std::size_t>(kPx) * 4, nullptr, pixels};
  }
  Result<Request> branch(TapeId, std::int64_t, const Request&) override { return JobError{ErrorCode::wrong_use, "No branches here."}; }
  void rename(TapeId, const std::string&) override {}
  void close(TapeId id) override { drop(id); }
  void save(TapeId, const std::string&, std::function<void(Result<bool>)> done) override { done(true); }
  void open(const std::string&, std::function<void(Result<TapeInfo>)> done) override { done(JobError{ErrorCode::bad_input, "Not a tape."}); }
  void set_budget(std::size_t) override {}
  void set_listener(Listener listener) override {
    const std::lock_guard lock(telling_);
    listener_ = std::move(listener);
  }

 private:
  std::optional<TapeInfo> find(TapeId id) const {
    const std::lock_guard lock(mutex_);
    const auto found = tapes_.find(id);
    return found == tapes_.end() ? std::nullopt : std::optional(found->second);
  }
  void tell(const TapeInfo& info) {
    const std::lock_guard lock(telling_);
    if (listener_) listener_(info);
  }
  const int particles_;
  mutable std::mutex mutex_;
  std::mutex telling_;
  std::map<TapeId, TapeInfo> tapes_;
  TapeId last_ = 0;
  Listener listener_;
};

class PlaneView : public LiveView {
 public:
  PlaneView(PlaneOptions options, PlaneTapes& tapes, std::shared_ptr<PlaneCounters> counters, Live::OnFrame on_frame, Live::OnError on_error)
      : options_(options), tapes_(tapes), counters_(std::move(counters)), on_frame_(std::move(on_frame)), on_error_(std::move(on_error)), thread_([this](std::stop_token stop) { serve(stop); }) {
    ++counters_->views;
  }
  ~PlaneView() override {
    thread_.request_stop();
    wake_.notify_all();
    thread_.join();
    if (tape_) tapes_.drop(tape_);
    --counters_->views;
  }
  std::uint64_t show(const Request& request) override {
    const std::lock_guard lock(mutex_);
    waiting_ = request;
    wake_.notify_all();
    return ++generation_;
  }

 private:
  void serve(std::stop_token stop) {
    while (!stop.stop_requested()) {
      Frame frame;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, stop, [this] { return waiting_.has_value(); });
        if (!waiting_) continue;
        frame.request = *std::exchange(waiting_, std::nullopt);
        frame.generation = generation_;
      }
      render(stop, frame);
    }
  }
  void render(std::stop_token stop, Frame& frame) {
    if (frame.request.get<std::string>("sampler", "heun") == "broken") return on_error_({ErrorCode::not_a_number, "The network gave numbers that are none.", "The last picture stays.", "Choose another sampler."});
    const std::int64_t steps = frame.request.get<std::int64_t>("sampler.steps", options_.steps), per_step = frame.request.get<std::string>("sampler", "heun") == "heun" ? 2 : 1;
    const TapeId old = std::exchange(tape_, tapes_.begin(frame.request));
    if (old) tapes_.drop(old);
    frame.tape = tape_;
    frame.steps = static_cast<int>(steps);
    frame.image = drawRequest({}, kPx);
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t k = 0; k <= steps; ++k) {
      if (stop.stop_requested() || overtaken()) return;
      if (options_.step_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(options_.step_ms));
      ++counters_->steps;
      const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
      tapes_.add(tape_, {std::max<std::int64_t>(0, per_step * k - (k == steps && per_step == 2)), planeLevel(k, steps), 1.0, ms}, k == steps);
      frame.step = static_cast<int>(k);
      if (k > 0) on_frame_(frame);
    }
  }
  bool overtaken() {
    const std::lock_guard lock(mutex_);
    return waiting_.has_value();
  }

  PlaneOptions options_;
  PlaneTapes& tapes_;
  std::shared_ptr<PlaneCounters> counters_;
  Live::OnFrame on_frame_;
  Live::OnError on_error_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::optional<Request> waiting_;
  std::uint64_t generation_ = 0;
  TapeId tape_ = 0;
  std::jthread thread_;
};

class PlaneLive : public Live {
 public:
  PlaneLive(PlaneOptions options, PlaneTapes& tapes, std::shared_ptr<PlaneCounters> counters) : options_(options), tapes_(tapes), counters_(std::move(counters)) {}
  std::unique_ptr<LiveView> open_view(OnFrame on_frame, OnError on_error) override { return std::make_unique<PlaneView>(options_, tapes_, counters_, std::move(on_frame), std::move(on_error)); }

 private:
  PlaneOptions options_;
  PlaneTapes& tapes_;
  std::shared_ptr<PlaneCounters> counters_;
};

// Answers on a thread of each view; the field points to the origin, paths run straight to half their place.
class PlaneSpaceView : public SpaceView {
 public:
  PlaneSpaceView(PlaneOptions options, std::shared_ptr<PlaneCounters> counters, Spaces::Listener listener)
      : options_(options), counters_(std::move(counters)), listener_(std::move(listener)), thread_([this](std::stop_token stop) { serve(stop); }) {}
  ~PlaneSpaceView() override {
    thread_.request_stop();
    wake_.notify_all();
    thread_.join();
  }
  std::uint64_t ask(const FieldQuery& query) override { return put([&] { field_ = query; }); }
  std::uint64_t ask(const PathQuery& query) override { return put([&] { paths_[query.particle] = query; }); }
  std::uint64_t ask_data(const Request& request) override { return put([&] { data_ = request; }); }

 private:
  template <class Change>
  std::uint64_t put(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    wake_.notify_all();
    return ++generation_;
  }
  void serve(std::stop_token stop) {
    while (!stop.stop_requested()) {
      std::optional<FieldQuery> field;
      std::map<int, PathQuery> paths;
      std::optional<Request> data;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, stop, [this] { return field_ || !paths_.empty() || data_; });
        field = std::exchange(field_, std::nullopt), paths = std::exchange(paths_, {}), data = std::exchange(data_, std::nullopt);
      }
      if (stop.stop_requested()) return;
      if (field) answer(*field);
      for (const auto& [id, path] : paths) answer(path);
      if (data) {
        SpaceData out;
        out.model = data->model, out.name = "toy-moons";
        for (int i = 0; i < 1500; ++i) {
          const PlanePoint at = planeTarget(i);
          out.points.push_back(static_cast<float>(at.x)), out.points.push_back(static_cast<float>(at.y));
        }
        listener_.on_data(out);
      }
    }
  }
  void answer(const FieldQuery& query) {
    ++counters_->fields;
    SpaceField out;
    out.level = std::max(query.level, 0.002), out.area = query.area, out.columns = query.columns, out.rows = query.rows;
    const double variance = 0.25 + out.level * out.level;
    const auto place = [&](int column, int columns, int row, int rows) {
      return PlanePoint{query.area.left + (query.area.right - query.area.left) * (column + 0.5) / columns, query.area.bottom + (query.area.top - query.area.bottom) * (row + 0.5) / rows};
    };
    for (int row = 0; row < out.rows; ++row) {
      for (int column = 0; column < out.columns; ++column) {
        const PlanePoint at = place(column, out.columns, row, out.rows);
        out.score.push_back(static_cast<float>(-at.x / variance)), out.score.push_back(static_cast<float>(-at.y / variance));
      }
    }
    out.density_columns = query.density_columns, out.density_rows = query.density_rows, out.density_of = "a Gaussian";
    for (int row = 0; row < out.density_rows; ++row) {
      for (int column = 0; column < out.density_columns; ++column) {
        const PlanePoint at = place(column, out.density_columns, row, out.density_rows);
        out.density.push_back(static_cast<float>(std::exp(-0.5 * (at.x * at.x + at.y * at.y) / variance)));
      }
    }
    listener_.on_field(out);
  }
  void answer(const PathQuery& query) {
    ++counters_->paths;
    SpacePath out;
    out.particle = query.particle;
    const std::int64_t steps = query.request.get<std::int64_t>("sampler.steps", options_.steps);
    const auto at = [&](double level) {
      const double grown = query.level > 0.0 ? 0.5 + 0.5 * level / query.level : 1.0 + level;
      return PathPoint{level, static_cast<float>(query.x * grown), static_cast<float>(query.y * grown)};
    };
    out.way.push_back(at(query.level)), out.origin.push_back(at(query.level));
    for (std::int64_t k = 0; k <= steps; ++k) {
      if (planeLevel(k, steps) < query.level * (1 - 1e-9)) out.way.push_back(at(planeLevel(k, steps)));
      if (planeLevel(steps - k, steps) > query.level * (1 + 1e-9)) out.origin.push_back(at(planeLevel(steps - k, steps)));
    }
    listener_.on_path(out);
  }

  PlaneOptions options_;
  std::shared_ptr<PlaneCounters> counters_;
  Spaces::Listener listener_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::optional<FieldQuery> field_;
  std::map<int, PathQuery> paths_;
  std::optional<Request> data_;
  std::uint64_t generation_ = 0;
  std::jthread thread_;
};

class PlaneSpaces : public Spaces {
 public:
  PlaneSpaces(PlaneOptions options, std::shared_ptr<PlaneCounters> counters) : options_(options), counters_(std::move(counters)) {}
  std::unique_ptr<SpaceView> open(Listener listener) override { return std::make_unique<PlaneSpaceView>(options_, counters_, std::move(listener)); }

 private:
  PlaneOptions options_;
  std::shared_ptr<PlaneCounters> counters_;
};

}  // namespace

PlanePoint planeTarget(int i) {
  const double angle = M_PI * std::fmod(i * 0.6180339887, 1.0), side = i % 2 == 0 ? 1.0 : -1.0;
  return {0.6 * side * (std::cos(angle) - 0.5) + 0.02 * noiseOf(i, 77, 0), 0.6 * side * (std::sin(angle) - 0.25) + 0.02 * noiseOf(i, 77, 1)};
}
PlanePoint planeNoise(int i, std::int64_t seed) { return {noiseOf(i, seed, 0), noiseOf(i, seed, 1)}; }

double planeLevel(std::int64_t step, std::int64_t steps) {
  if (step >= steps) return 0.0;
  const double part = static_cast<double>(step) / static_cast<double>(std::max<std::int64_t>(1, steps - 1));
  return std::pow(std::pow(80.0, 1.0 / 7.0) * (1.0 - part) + std::pow(0.002, 1.0 / 7.0) * part, 7.0);
}

std::unique_ptr<Studio> makePlaneStudio(const PlaneOptions& options, std::shared_ptr<PlaneCounters> counters) {
  if (!counters) counters = std::make_shared<PlaneCounters>();
  auto studio = makeStudio();
  studio->live.reset();  // before the tapes and models that it uses
  auto tapes = std::make_unique<PlaneTapes>(options.particles);
  studio->live = std::make_unique<PlaneLive>(options, *tapes, counters);
  studio->tapes = std::move(tapes);
  studio->spaces = std::make_unique<PlaneSpaces>(options, counters);
  studio->models = std::make_unique<PlaneModels>(options.steps, std::move(studio->models));
  return studio;
}

}  // namespace orrery::fake
