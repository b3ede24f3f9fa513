#include "engine/explore/space_service.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/meshgrid.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <mutex>
#include <optional>

#include "engine/data/toys.h"
#include "engine/device/rng.h"
#include "engine/explore/plane_density.h"
#include "engine/explore/plane_player.h"
#include "engine/jobs/boundary.h"

namespace orrery {
namespace {

constexpr int kMostCells = 256, kMostDensityCells = 512;
constexpr std::int64_t kDensityPoints = 6000;  // of the data
constexpr std::int64_t kOwnPoints = 3000;      // of the model itself, where its data are not known
constexpr std::int64_t kShownPoints = 4000;
constexpr std::size_t kClouds = 4;             // kept ready

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorCode::wrong_use, what, "Nothing was changed.", "Ask for another part of the plane."); }

at::Tensor labels_to_classes(const at::Tensor& labels) { return labels.argmax(1); }

// "6,000": for sentences that a person reads.
std::string grouped(std::int64_t count) {
  std::string out = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(out.size()) - 3; at > 0; at -= 3) out.insert(static_cast<std::size_t>(at), ",");
  return out;
}

// A sample that a density is made of.
struct Cloud {
  std::string key;
  at::Tensor points, weights;
  std::string what;
};

// One view's questions and how to answer them. The slots are guarded by the core's mutex, the callbacks by their own.
struct Asker {
  Spaces::Listener listener;
  std::recursive_mutex calling;  // recursive: a callback may close its own view
  std::atomic<bool> closed{false};
  std::atomic<std::uint64_t> newest_field{0}, newest_data{0};
  std::optional<FieldQuery> field;
  std::optional<Request> data;
  struct Path {
    std::optional<PathQuery> waiting;
    std::uint64_t newest = 0;
  };
  std::map<int, Path> paths;
  std::uint64_t last = 0;

  template <class Callback, class Argument>
  void call(const Callback& callback, const Argument& argument) {
    const std::lock_guard lock(calling);
    if (closed || !callback) return;
    const auto held = callback;
    held(argument);
  }
};

}  // namespace

class SpaceService::Core : public std::enable_shared_from_this<SpaceService::Core> {
 public:
  Core(ModelSource& source, LiveLane& lane) : source_(source), lane_(lane) {}

  void stop() {
    stopping_ = true;
    const std::lock_guard lock(serving_);  // an errand that runs now ends first
  }

  std::uint64_t ask(const std::shared_ptr<Asker>& asker, const FieldQuery& query) {
    const std::lock_guard lock(mutex_);
    asker->field = query;
    asker->newest_field = ++asker->last;
    errand(asker, [](Core& core, const std::shared_ptr<Asker>& who, const LiveLane::Players& players) { core.serve_field(*who, players); });
    return asker->last;
  }
  std::uint64_t ask(const std::shared_ptr<Asker>& asker, const PathQuery& query) {
    const std::lock_guard lock(mutex_);
    auto& path = asker->paths[query.particle];
    path.waiting = query;
    path.newest = ++asker->last;
    errand(asker, [particle = query.particle](Core& core, const std::shared_ptr<Asker>& who, const LiveLane::Players& players) { core.serve_path(*who, particle, players); });
    return asker->last;
  }
  std::uint64_t ask_data(const std::shared_ptr<Asker>& asker, const Request& request) {
    const std::lock_guard lock(mutex_);
    asker->data = request;
    asker->newest_data = ++asker->last;
    errand(asker, [](Core& core, const std::shared_ptr<Asker>& who, const LiveLane::Players&) { core.serve_data(*who); });
    return asker->last;
  }

 private:
  using Serve = std::function<void(Core&, const std::shared_ptr<Asker>&, const LiveLane::Players&)>;

  // Each question posts one errand; one that finds its slot empty (a newer question was answered in its place) is over at once.
  void errand(const std::shared_ptr<Asker>& asker, Serve serve) {
    if (stopping_) return;
    lane_.post([core = shared_from_this(), asker, serve = std::move(serve)](const LiveLane::Players& players) {
      const std::lock_guard lock(core->serving_);
      if (core->stopping_ || asker->closed) return;
      try {
        serve(*core, asker, players);
      } catch (...) {
        asker->call(asker->listener.on_error, live_error_of(std::current_exception()));
      }
    });
  }

  struct Plane {
    std::shared_ptr<const Model> model;
    PlanePlayer& player;
  };
  Plane plane_of(const Request& request, const LiveLane::Players& players) {
    auto model = source_.resolve(request);
    auto* plane = dynamic_cast<PlanePlayer*>(&players(model));
    if (!plane || !plane->in_the_plane()) {
      throw Error(ErrorCode::wrong_use, "This model makes pictures, not points in the plane, so there is no space to look into.", "Nothing was changed.",
                  "Open a model that was trained on builtin:toy-moons or another set of points.");
    }
    return {std::move(model), *plane};
  }

  void serve_field(Asker& asker, const LiveLane::Players& players) {
    FieldQuery query;
    SpaceField out;
    {
      const std::lock_guard lock(mutex_);
      if (!asker.field) return;
      query = std::move(*asker.field);
      asker.field.reset();
      out.generation = asker.newest_field;
    }
    const auto [model, player] = plane_of(query.request, players);
    const SpaceArea& area = query.area;
    if (!(area.left < area.right && area.bottom < area.top) || !std::isfinite(area.right - area.left) || !std::isfinite(area.top - area.bottom)) refuse("This part of the plane is empty.");
    if (query.columns < 1 || query.rows < 1 || query.columns > kMostCells || query.rows > kMostCells || query.density_columns < 0 || query.density_rows < 0 ||
        query.density_columns > kMostDensityCells || query.density_rows > kMostDensityCells)
      refuse("A field has 1 to 256 cells a side, a density at most 512.");
    c10::InferenceMode inference;
    const auto levels = player.levels(query.request);
    const double smallest = levels.size() > 1 ? levels[levels.size() - 2] : levels.front();
    out.level = std::max(query.level, smallest);
    out.area = area;
    out.columns = query.columns;
    out.rows = query.rows;
    const auto middles = [](double from, double to, int cells) { return (at::arange(cells, at::kDouble) + 0.5) * ((to - from) / cells) + from; };
    const auto grid = at::meshgrid({middles(area.bottom, area.top, query.rows), middles(area.left, area.right, query.columns)}, "ij");
    const at::Tensor x = at::stack({grid[1].reshape({-1}), grid[0].reshape({-1})}, 1);
    const at::Tensor score = ((player.denoise_points(query.request, x, out.level).to(at::kCPU) - x) / (out.level * out.level)).to(at::kFloat).contiguous();
    out.score.assign(score.const_data_ptr<float>(), score.const_data_ptr<float>() + score.numel());
    if (query.density_columns > 0 && query.density_rows > 0) {
      const Cloud* cloud = cloud_of(*model, player, query.request, [&] { return stopping_ || asker.closed; });
      if (!cloud) return;
      out.density_columns = query.density_columns;
      out.density_rows = query.density_rows;
      out.density = plane_density(cloud->points, cloud->weights, out.level, area, query.density_columns, query.density_rows);
      out.density_of = cloud->what;
    }
    asker.call(asker.listener.on_field, out);  // also when a newer question waits: somebody who moves without pause sees the field follow
  }

  class PathWatch : public RenderObserver {
   public:
    PathWatch(std::vector<PathPoint>& way, std::function<bool()> cancelled) : way_(way), cancelled_(std::move(cancelled)) {}
    bool cancelled() const override { return cancelled_(); }
    void on_step(const RenderStep& step) override {
      const at::Tensor at = step.state.to(at::kCPU, at::kFloat);
      way_.push_back({step.level, at[0][0].item<float>(), at[0][1].item<float>()});
      evaluations = step.evaluations;
    }
    std::int64_t evaluations = 0;

   private:
    std::vector<PathPoint>& way_;
    std::function<bool()> cancelled_;
  };

  void serve_path(Asker& asker, int particle, const LiveLane::Players& players) {
    PathQuery query;
    SpacePath out;
    {
      const std::lock_guard lock(mutex_);
      auto& path = asker.paths[particle];
      if (!path.waiting) return;
      query = std::move(*path.waiting);
      path.waiting.reset();
      out.generation = path.newest;
      out.particle = particle;
    }
    const auto overtaken = [&] {
      if (stopping_ || asker.closed) return true;
      const std::lock_guard lock(mutex_);
      return asker.paths[particle].newest != out.generation;
    };
    const auto [model, player] = plane_of(query.request, players);
    if (!std::isfinite(query.x) || !std::isfinite(query.y) || !(query.level >= 0.0) || !std::isfinite(query.level)) refuse("A particle starts at numbers.");
    c10::InferenceMode inference;
    const at::Tensor start = at::tensor({query.x, query.y}, at::kDouble).unsqueeze(0);
    const PathPoint here{query.level, static_cast<float>(query.x), static_cast<float>(query.y)};
    out.way.push_back(here);
    PathWatch watch(out.way, overtaken);
    if (query.level > 0.0 && !player.follow_points(query.request, start, query.level, watch).defined()) return;
    out.evaluations = watch.evaluations;
    if (!trace_back(player, query, start, out, overtaken)) return;
    asker.call(asker.listener.on_path, out);
  }

  // Up the probability flow dx/dsigma = (x - D) / sigma by Heun's method (Karras et al. 2022, equation 1 and algorithm 1, backwards). A point at
  // no noise stands for one at the smallest level.
  static bool trace_back(PlanePlayer& player, const PathQuery& query, const at::Tensor& start, SpacePath& out, const std::function<bool()>& overtaken) {
    auto levels = player.levels(query.request);
    levels.pop_back();
    std::reverse(levels.begin(), levels.end());
    out.origin.push_back(out.way.front());
    at::Tensor x = start;
    double level = query.level;
    for (const double next : levels) {
      if (next <= level * (1.0 + 1e-9)) continue;
      if (level > 0.0) {
        if (overtaken()) return false;
        const auto slope = [&](const at::Tensor& at, double sigma) { return (at - player.denoise_points(query.request, at, sigma).to(at.device())) / sigma; };
        const at::Tensor first = slope(x, level), there = x + first * (next - level);
        if (overtaken()) return false;
        x = x + (first + slope(there, next)) * (0.5 * (next - level));
      }
      level = next;
      out.origin.push_back({level, x[0][0].item<float>(), x[0][1].item<float>()});
    }
    return true;
  }

  void serve_data(Asker& asker) {
    Request request;
    {
      const std::lock_guard lock(mutex_);
      if (!asker.data) return;
      request = std::move(*asker.data);
      asker.data.reset();
    }
    const auto model = source_.resolve(request);
    SpaceData out;
    out.model = request.model;
    const auto named = model->meta.find("orrery.data");
    out.name = named == model->meta.end() ? "" : named->second;
    if (const auto toy = data::toy_named(out.name)) {
      const auto drawn = data::toy_points(*toy, kShownPoints, Rng(1).fork("shown"));
      out.points.assign(drawn.points.const_data_ptr<float>(), drawn.points.const_data_ptr<float>() + drawn.points.numel());
      if (drawn.labels.defined()) {
        const at::Tensor classes = labels_to_classes(drawn.labels);
        for (std::int64_t i = 0; i < classes.size(0); ++i) out.classes.push_back(static_cast<std::int32_t>(classes[i].item<std::int64_t>()));
      }
    } else if (out.name.empty()) {
      out.missing = "The model does not say what it was trained on.";
    } else {
      out.missing = "The points of \"" + out.name + "\" are not part of the program, so they cannot be shown.";
    }
    asker.call(asker.listener.on_data, out);
  }

  // What the density of a request is made of: the model's data, in the request's classes, or its own samples.
  const Cloud* cloud_of(const Model& model, PlanePlayer& player, const Request& request, const std::function<bool()>& cancelled) {
    const auto weights = player.class_weights(request);
    std::string key = model.hash;
    for (const double weight : weights) key += " " + std::to_string(weight);
    const auto known = std::find_if(clouds_.begin(), clouds_.end(), [&](const Cloud& cloud) { return cloud.key == key; });
    if (known != clouds_.end()) {
      std::rotate(clouds_.begin(), known, known + 1);
      return &clouds_.front();
    }
    Cloud cloud;
    cloud.key = key;
    const auto named = model.meta.find("orrery.data");
    const auto toy = named == model.meta.end() ? std::nullopt : data::toy_named(named->second);
    if (toy) {
      const auto drawn = data::toy_points(*toy, kDensityPoints, Rng(2).fork("density"));
      cloud.points = drawn.points;
      cloud.weights = at::ones({kDensityPoints}, at::kFloat);
      if (drawn.labels.defined() && static_cast<std::int64_t>(weights.size()) == drawn.labels.size(1)) cloud.weights = drawn.labels.matmul(at::tensor(weights, at::kDouble).to(at::kFloat));
      cloud.what = grouped(kDensityPoints) + " points of " + toy->name;
    } else {
      class Watch : public RenderObserver {
       public:
        explicit Watch(const std::function<bool()>& cancelled) : cancelled_(cancelled) {}
        bool cancelled() const override { return cancelled_(); }

       private:
        const std::function<bool()>& cancelled_;
      } watch(cancelled);
      Request plain = request;
      plain.branches.clear();
      const double first = player.levels(plain).front();
      cloud.points = player.follow_points(plain, Rng(2).fork("density").normal({kOwnPoints, 2}, at::kDouble) * first, first, watch);
      if (!cloud.points.defined()) return nullptr;
      cloud.points = cloud.points.to(at::kCPU, at::kFloat);
      cloud.weights = at::ones({kOwnPoints}, at::kFloat);
      cloud.what = grouped(kOwnPoints) + " samples of the model";
    }
    clouds_.insert(clouds_.begin(), std::move(cloud));
    if (clouds_.size() > kClouds) clouds_.pop_back();
    return &clouds_.front();
  }

  ModelSource& source_;
  LiveLane& lane_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;    // guards the askers' slots
  std::mutex serving_;  // held while an errand runs
  std::vector<Cloud> clouds_;  // the lane thread's own, most recently used first
};

namespace {

template <class Core>
class View : public SpaceView {
 public:
  View(std::shared_ptr<Core> core, Spaces::Listener listener) : core_(std::move(core)), asker_(std::make_shared<Asker>()) { asker_->listener = std::move(listener); }
  ~View() override {
    asker_->closed = true;
    const std::lock_guard lock(asker_->calling);  // a callback that runs now ends first
    asker_->listener = {};
  }
  std::uint64_t ask(const FieldQuery& query) override { return core_->ask(asker_, query); }
  std::uint64_t ask(const PathQuery& query) override { return core_->ask(asker_, query); }
  std::uint64_t ask_data(const Request& request) override { return core_->ask_data(asker_, request); }

 private:
  std::shared_ptr<Core> core_;
  std::shared_ptr<Asker> asker_;
};

}  // namespace

SpaceService::SpaceService(ModelSource& source, LiveLane& lane) : core_(std::make_shared<Core>(source, lane)) {}
SpaceService::~SpaceService() { core_->stop(); }
std::unique_ptr<SpaceView> SpaceService::open(Listener listener) { return std::make_unique<View<Core>>(core_, std::move(listener)); }

}  // namespace orrery
