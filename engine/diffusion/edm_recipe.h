// Configuration of a training of EDM's denoisers, shared by the systems that train these networks: structs, checks, networks, the one-stage
// plan. Source: Karras et al. 2022 (EDM), table 1 and appendix F.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/config/fields.h"
#include "engine/diffusion/denoiser_training.h"
#include "engine/diffusion/denoising_objective.h"
#include "engine/diffusion/preconditioning.h"
#include "engine/diffusion/told_augment.h"
#include "engine/systems/system.h"

namespace orrery::diffusion {

struct EdmNetworkConfig {
  std::string arch = "ddpmpp";
  std::int64_t resolution_px = 0;  // filled from the data
  std::int64_t channels = 3;       // filled from the data
  std::int64_t classes = 0;        // filled from the data
  std::int64_t point_dim = 0;      // filled from the data
  std::int64_t width = 128;
  std::vector<std::int64_t> multipliers{2, 2, 2};
  std::int64_t blocks = 4;
  std::vector<std::int64_t> attention_px{16};
  double dropout = 0.13;
  std::string preconditioning = "edm";
  double sigma_data = 0.5;
};

struct EdmObjectiveConfig {
  std::string noise = "edm";
  double p_mean = -1.2, p_std = 1.2;
  double drop_classes = 0.0;
};

inline DenoiserTrainConfig edm_training() { return {.batch = 512, .lr = 1e-3, .lr_ramp_kimg = 10000.0, .ema_kimg = 500.0, .ema_ramp_up = 0.05, .until_kimg = 200000.0, .snapshot_kimg = 2500.0}; }

struct EdmConfig {
  EdmNetworkConfig network;
  EdmObjectiveConfig objective;
  ToldAugmentConfig augment;
  DenoiserTrainConfig train = edm_training();
  DenoiserDataConfig data;
};

template <class Visitor>
void visit_fields(Visitor& v, EdmNetworkConfig& c) {
  v("arch", c.arch, {.help = "kind of network: ddpmpp and ncsnpp (Song et al. 2021), adm (Dhariwal & Nichol 2021), mlp (points)", .choices = {"ddpmpp", "ncsnpp", "adm", "mlp"}});
  v("resolution_px", c.resolution_px, {.help = "side of the pictures; from the data (for the built-in sets: the size to make)", .unit = "px", .min = 0, .max = 4096});
  v("channels", c.channels, {.help = "colour channels; from the data", .min = 1, .max = 4});
  v("classes", c.classes, {.help = "number of classes, 0: none; from the data", .min = 0, .max = 1e6});
  v("point_dim", c.point_dim, {.help = "coordinates of a point where the data are points, 0: pictures; from the data", .min = 0, .max = 1024});
  v("width", c.width, {.help = "channels of the first level (mlp: of its layers)", .min = 4, .max = 4096});
  v("multipliers", c.multipliers, {.help = "channels of each level as multiples of the width; each level has half the resolution of the one before"});
  v("blocks", c.blocks, {.help = "residual blocks per level (mlp: layers)", .min = 1, .max = 32});
  v("attention_px", c.attention_px, {.help = "resolutions with self-attention"});
  v("dropout", c.dropout, {.help = "probability that a feature is dropped in training", .min = 0, .max = 0.9});
  v("preconditioning", c.preconditioning, {.help = "how the network is wrapped (table 1): vp, ve, iddpm or edm", .choices = {"edm", "vp", "ve", "iddpm"}});
  v("sigma_data", c.sigma_data, {.help = "standard deviation of the data", .min = 0.001, .max = 100});
}

template <class Visitor>
void visit_fields(Visitor& v, EdmObjectiveConfig& c) {
  v("noise", c.noise, {.help = "distribution of noise levels in training, with its weight: edm (log-normal), vp, ve", .choices = {"edm", "vp", "ve"}});
  v("p_mean", c.p_mean, {.help = "mean of ln sigma (edm)", .min = -20, .max = 20});
  v("p_std", c.p_std, {.help = "standard deviation of ln sigma (edm)", .min = 0.01, .max = 20});
  v("drop_classes", c.drop_classes, {.help = "probability that a sample's class is left out, which makes guidance possible", .min = 0, .max = 1});
}

template <class Visitor>
void visit_fields(Visitor& v, EdmConfig& c) {
  v("network", c.network);
  v("objective", c.objective);
  v("augment", c.augment);
  v("train", c.train);
  v("data", c.data);
}

// tiny, small, cifar10, imagenet64, toy: patches on the defaults (which are those of the published CIFAR-10 configuration).
std::vector<config::Preset> edm_presets();
// Fills what comes from the data. Throws Error(wrong_use) naming the JSON path.
void resolve_edm(EdmConfig& config, const DataShape& data);
// From a resolved configuration.
std::shared_ptr<PreconditionedDenoiser> make_edm_denoiser(const EdmConfig& config);
NoiseLawOptions noise_law(const EdmConfig& config);
// One stage "train".
Plan edm_plan(const EdmConfig& config);

}  // namespace orrery::diffusion
