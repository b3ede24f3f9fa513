// Inpainting with a network that was trained without masks: what is known stays, the rest is painted so that it fits.
#pragma once

#include "engine/diffusion/sampler_list.h"
#include "engine/diffusion/sampling.h"

namespace orrery::diffusion {

// Predictions with the known part put in its place: known + mask (D - known), exactly `known` where the mask is 0 and D where it is 1 (Wang et
// al. 2023, DDNM, equation 12, for a mask). Every sampler then carries the known part down from level to level as known + sigma noise, with the
// noise that the sampler itself keeps or draws: what Song et al. 2021 (score SDE, appendix I.2) and Lugmayr et al. 2022 (RePaint, equation 8)
// do by replacing it after each step. known [N, C, ...], mask [N or 1, 1 or C, ...] in [0, 1], both of the type of x.
Denoise keep_known(Denoise denoise, at::Tensor known, at::Tensor mask);

// A sampler that goes through each step `rounds` times, noised back to the step's start in between, so that the new part and the known one
// come to fit each other (RePaint, algorithm 1, with jumps of one step). The step to no noise is made once. Draws of round r are
// noise(r, draw, like); those that noise back are noise(-r, draw, like), r from 1. The observer hears of each step once. settings.levels must be set.
using RoundNoise = std::function<at::Tensor(std::int64_t round, std::int64_t draw, const at::Tensor& like)>;
at::Tensor sample_in_rounds(const NamedSampler& sampler, const Denoise& denoise, const at::Tensor& latents, const SamplerSettings& settings, std::int64_t rounds,
                            const RoundNoise& noise, SampleObserver& observer);

}  // namespace orrery::diffusion
