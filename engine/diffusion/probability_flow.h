// The probability-flow equation of a score, in the three coordinates of the literature, for solvers with adaptive steps.
// Karras et al. 2022 (EDM), equations 1 and 4; Song et al. 2021 (score SDE), equation 13.
#pragma once

#include "engine/diffusion/ode.h"
#include "engine/diffusion/sampling.h"
#include "engine/diffusion/vp_process.h"

namespace orrery::diffusion {

// The score at noise level sigma, of x in the coordinates x0 + sigma noise.
using Score = std::function<at::Tensor(const at::Tensor& x, double sigma)>;
Score score_of(Denoise denoise);  // (D - x) / sigma^2, which loses digits where sigma is small: give a closed form where there is one

Slope edm_flow(Score score);                     // time is sigma: dx/dsigma = -sigma score
Slope ve_flow(Score score);                      // time is sigma^2: -1/2 score
Slope vp_flow(Score score, VpProcess process);   // time is t; the state is s(t) x

// Annealed Langevin dynamics (Song & Ermon 2019, algorithm 1) with the step `factor` sigma^2: at each level `rounds` times
// x += step score + sqrt(2 step) noise. Draws are numbered through all levels. The observer sees one step per level.
at::Tensor annealed_langevin(const Denoise& denoise, const at::Tensor& x, const std::vector<double>& sigmas, std::int64_t rounds, double factor, const NoiseSource& noise,
                             SampleObserver& observer);

}  // namespace orrery::diffusion
