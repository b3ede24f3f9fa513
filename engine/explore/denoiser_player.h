// The player of every network that fulfils the Denoiser contract: which controls it has, and what picture a request means.
#pragma once

#include <memory>

#include "engine/explore/denoiser_defaults.h"
#include "engine/explore/player.h"
#include "engine/systems/model.h"

namespace orrery {

// Controls (neutral values are the published deterministic sampler of Karras et al. 2022):
//   seed, latent.pad, .second, .second_pad, .blend, .mode   the point in the space of initial noises, as for generators
//   class, class.blend                                      of class-conditional networks
//   sampler, sampler.steps, .rho, .sigma_min, .sigma_max    solver and noise levels
//   sampler.spacing, .schedule, .scaling                    the choices of their table 1
//   sampler.eta, .variance, .clip                           ddim and ddpm
//   guidance.scale, .from, .to, .rescale, .view, .away_from   of networks that know the empty condition (Ho & Salimans 2022)
//   churn, churn.min, .max, .noise, .seed                   fresh noise (their algorithm 2)
//   photo, photo.strength, .mode, .class                    begins with a photo: partly noised (Meng et al. 2022), or inverted (Song et al. 2021)
//   photo.mask, .resample                                   inpainting (Lugmayr et al. 2022); see engine/diffusion/inpainting.h
//   points                                                  point models: how many points the picture shows
// Every step's prediction x0 goes to the observer as a preview. Cancellation is heeded before every network evaluation. Each request is
// sampled alone, so its picture depends on nothing else, bit for bit. Models of points are drawn (engine/explore/point_picture.h).
// Throws Error(failed) when the model's network is not a Denoiser. render() throws Error(wrong_use) for settings that no sampler can follow.
std::unique_ptr<Player> make_denoiser_player(std::shared_ptr<const Model> model, const DenoiserDefaults& defaults = {});

}  // namespace orrery
