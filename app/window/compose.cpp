#include "window/compose.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <filesystem>

#include "engine/data/dataset_service.h"
#include "engine/data/import.h"
#include "engine/data/store.h"
#include "engine/explore/live_lane.h"
#include "engine/explore/model_shelf.h"
#include "engine/explore/picture_file.h"
#include "engine/explore/space_service.h"
#include "engine/explore/token_service.h"
#include "engine/explore/tape_store.h"
#include "engine/export/export_jobs.h"
#include "engine/export/read_recipe.h"
#include "engine/gan/augment_pipe.h"
#include "engine/gan/adversarial_objective.h"
#include "engine/jobs/attach.h"
#include "engine/jobs/job_queue.h"
#include "engine/metrics/evaluate.h"
#include "engine/systems/catalogue_service.h"
#include "engine/train/store_data.h"
#include "engine/train/train_job.h"

namespace orrery::app {
namespace {

[[noreturn]] void give_up() { throw Error(ErrorCode::cancelled, "The job was cancelled.", "Nothing was written."); }

std::string import_pictures(const ImportJob& what, JobContext& job) {
  class Observer : public data::ImportObserver {
   public:
    explicit Observer(JobContext& job) : job_(job) {}
    void progress(const data::ImportProgress& p) override {
      job_.number("seen", static_cast<double>(p.seen));
      job_.number("taken", static_cast<double>(p.taken));
      job_.number("skipped", static_cast<double>(p.skipped));
      job_.number("total", static_cast<double>(p.total));
      job_.progress(p.listing || p.total <= 0 ? -1.0 : static_cast<double>(p.seen) / static_cast<double>(p.total), p.current);
    }
    bool cancelled() override { return job_.cancel_requested(); }

   private:
    JobContext& job_;
  } observer(job);
  return data::import_dataset(what.options, observer).path;
}

std::string measure(const MeasureJob& what, ModelShelf& shelf, JobContext& job) {
  class Observer : public metrics::EvaluateObserver {
   public:
    explicit Observer(JobContext& job) : job_(job) {}
    bool cancelled() const override { return job_.cancel_requested(); }
    void progress(double fraction, const std::string& message) override { job_.progress(fraction, message); }

   private:
    JobContext& job_;
  } observer(job);
  const ModelInfo info = shelf.info(what.model);
  const auto real = data::Store::open(what.data, std::max(info.width_px, info.height_px));
  const auto player = shelf.make_player(shelf.resolve(Request{what.model, {}}));
  auto requests = metrics::measuring_requests(player->controls(), *real, what.samples, 0);
  metrics::EvaluateOptions options;
  options.metrics = what.metrics;
  options.samples = what.samples;
  StatsPoint point;
  for (const auto& [name, value] : metrics::evaluate(metrics::pictures_of(*player, requests, observer), *real, options, observer)) {
    job.number(name, value);
    point.values[name] = value;
  }
  if (job.cancel_requested()) give_up();
  if (!info.snapshots.empty()) point.kimg = info.snapshots.back().kimg;
  job.stats(point);
  return info.path;
}

// What D would be shown at strength p: every operation at its default strength.
at::Tensor leak_view(const at::Tensor& pictures, double p, std::uint64_t seed) {
  const at::Tensor x = gan::augment(gan::to_network_range(pictures), gan::AugmentConfig{}, p, Rng(seed).fork("leak view"));
  return (x * 127.5 + 127.5).round().clamp(0, 255).to(at::kByte);
}

}  // namespace

std::unique_ptr<Studio> compose_studio(const std::string& device) {
  auto studio = std::make_unique<Studio>();
  auto shelf = std::make_unique<ModelShelf>(shelf_parts(device, ORRERY_STARTERS));
  ModelShelf& models = *shelf;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(ORRERY_STARTERS, ignored)) {
    if (entry.path().extension() == ".safetensors") models.open_now("starter:" + entry.path().stem().string());
  }

  JobWork work;
  work.import = import_pictures;
  work.train = [&models](const TrainJob& what, JobContext& job) {
    TrainEnvironment environment;
    environment.version = ORRERY_VERSION;
    environment.low_priority = true;
    return run_training(what.options, job, &models, store_opener(), environment);
  };
  work.attach = [&models](const AttachJob& what, JobContext& job) { return run_attach(what, job, &models); };
  work.measure = [&models](const MeasureJob& what, JobContext& job) { return measure(what, models, job); };
  add_export_work(work, models);

  studio->catalogue = make_catalogue_service();
  TapeOptions tapes;
  tapes.find_model = [&models](const std::string& hash) { return models.find_by_hash(hash); };
  auto store = std::make_unique<TapeStore>(std::move(tapes));
  add_tape_work(work, models, *store);
  auto lane = std::make_unique<LiveLane>(models, false, store.get());
  studio->spaces = std::make_unique<SpaceService>(models, *lane);
  studio->tokens = std::make_unique<TokenService>(models, *lane, *store);
  studio->live = std::move(lane);
  studio->tapes = std::move(store);
  studio->models = std::move(shelf);
  studio->jobs = std::make_unique<JobQueue>(std::move(work));
  studio->datasets = data::make_dataset_service(leak_view);
  studio->recipes = std::make_unique<RecipeReader>();
  studio->pictures = std::make_unique<PictureReader>();
  const int threads = at::get_num_threads();
  studio->device = device == "cpu" ? "CPU, " + std::to_string(threads) + (threads == 1 ? " thread" : " threads") : "CUDA";
  return studio;
}

}  // namespace orrery::app
