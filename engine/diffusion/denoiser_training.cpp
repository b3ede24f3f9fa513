#include "engine/diffusion/denoiser_training.h"

namespace orrery::diffusion {

Stage denoiser_stage(const DenoiserTrainConfig& train, const DenoiserDataConfig& data, double clip_norm) {
  Stage stage;
  stage.name = "train";
  OptimiserConfig adam;
  adam.modules = {"net"};
  adam.lr = train.lr;
  adam.beta1 = train.beta1;
  adam.beta2 = train.beta2;
  adam.clip_norm = clip_norm;
  adam.ramp_up_kimg = train.lr_ramp_kimg;
  stage.optimisers = {adam};
  stage.ema.half_life_kimg = train.ema_kimg;
  stage.ema.ramp_up = train.ema_ramp_up;
  stage.batch = train.batch;
  stage.micro_batch = train.micro_batch;
  stage.mirror = data.mirror;
  stage.until = {train.until_kimg, Until::Unit::kimg};
  stage.snapshot_kimg = train.snapshot_kimg;
  return stage;
}

}  // namespace orrery::diffusion
