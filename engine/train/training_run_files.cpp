// What a TrainingRun writes and publishes.
#include <algorithm>
#include <filesystem>

#include "engine/api/result.h"
#include "engine/io/module_weights.h"
#include "engine/io/sha256.h"
#include "engine/train/training_run.h"

namespace orrery {

void TrainingRun::save() {
  const Progress& progress = trainer_->progress();
  if (saved_step_ == progress.step) return;
  const std::string bad = trainer_->first_non_finite();
  if (!bad.empty()) throw Error(ErrorCode::not_a_number, "\"" + bad + "\" is not finite at step " + std::to_string(progress.step) + ".");
  checkpoints_.save(progress.step, progress.kimg(), trainer_->checkpoint(), {{"system", setup_.system}, {"config_sha256", io::sha256_hex(setup_.config.dump())}});
  saved_step_ = progress.step;
  save_time_ = Clock::now();
  report(true);
}

std::shared_ptr<const Model> TrainingRun::copy_model() {
  const auto weights = io::named_weights(*trainer_->published());
  for (const auto& [name, tensor] : weights) {
    if (tensor.is_floating_point() && !at::isfinite(tensor).all().item<bool>()) {
      throw Error(ErrorCode::not_a_number, "\"" + name + "\" is not finite at step " + std::to_string(trainer_->progress().step) + ".");
    }
  }
  // A network that every viewer has let go of is filled again: building one means drawing all its random weights.
  std::shared_ptr<torch::nn::Module> network;
  for (const auto& spare : spare_networks_) {
    if (spare.use_count() == 1) network = spare;
  }
  if (!network) {
    network = setup_.build_network();
    network->eval();
    for (auto& parameter : network->parameters()) parameter.requires_grad_(false);
    if (setup_.device != "cpu") network->to(torch::Device(setup_.device));
    if (spare_networks_.size() >= 3) spare_networks_.erase(spare_networks_.begin());
    spare_networks_.push_back(network);
  }
  io::load_weights(*network, weights);

  auto model = std::make_shared<Model>();
  model->system = setup_.system;
  model->config = setup_.config;
  model->class_names = setup_.data->class_names();
  model->kimg = trainer_->progress().kimg();
  model->meta = setup_.meta;
  model->meta["orrery.step"] = std::to_string(trainer_->progress().step);
  model->network = std::move(network);
  std::map<std::string, at::Tensor> on_host;
  for (const auto& [name, tensor] : weights) on_host[name] = tensor.detach().cpu();
  model->hash = io::sha256_of_tensors(on_host);
  return model;
}

void TrainingRun::publish(bool keep) {
  if (sink_ == nullptr) return;
  const auto begin = Clock::now();
  sink_->publish(setup_.folder.path, copy_model(), last_values_, keep);
  publish_time_ = Clock::now();
  publish_cost_s_ = std::chrono::duration<double>(publish_time_ - begin).count();
}

void TrainingRun::keep_snapshot(bool with_probe) {
  const std::shared_ptr<const Model> model = copy_model();
  const std::string path = setup_.folder.snapshot(trainer_->progress().pictures);
  insist([&] { save_model(*model, path); });
  if (sink_ != nullptr) sink_->publish(setup_.folder.path, model, last_values_, true);
  publish_time_ = Clock::now();
  if (line_due_) kept_ = model;
  if (with_probe) insist([&] { draw_probe(model); });
}

void TrainingRun::draw_probe(const std::shared_ptr<const Model>& model) {
  if (setup_.probe) setup_.probe(model, setup_.folder.probe(trainer_->progress().pictures));
}

}  // namespace orrery
