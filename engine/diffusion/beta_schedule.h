// The published schedules of beta_t, t = 0 ... T - 1, in float64.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace orrery::diffusion {

enum class BetaLaw {
  linear,        // from start to end (Ho et al. 2020, DDPM, section 4)
  quad,          // square roots from start to end; "scaled linear" of latent diffusion
  square_root,   // roots of a linear ramp (latent diffusion, "sqrt")
  constant,      // end
  warmup10,      // linear over the first 10 %, then end
  warmup50,
  jsd,           // 1 / T ... 1
  sigmoid,       // (end - start) sigmoid(-6 ... 6) + start
  cosine,        // alpha-bar = cos^2((t / T + 0.008) / 1.008 pi / 2), beta at most 0.999 (Nichol & Dhariwal 2021, equation 17)
};
// "linear", "quad" ... as configurations name them. Throws Error(wrong_use).
BetaLaw beta_law_from_name(const std::string& name);

// `start` and `end` are those of a thousand steps; they are used as they are. Throws Error(wrong_use) for steps < 1 or betas outside (0, 1].
std::vector<double> make_betas(BetaLaw law, std::int64_t steps, double start = 1e-4, double end = 0.02);

// Signal power left after step t: prod (1 - beta).
std::vector<double> cumulative_alphas(const std::vector<double>& betas);
// The same as networks trained in PyTorch's float32 saw it: betas and every product rounded to float32.
std::vector<double> cumulative_alphas_float32(const std::vector<double>& betas);
// Betas whose cumulative product is scaled and shifted so that nothing is left of the signal at the last step (Lin et al. 2023, algorithm 1).
std::vector<double> zero_terminal_snr(const std::vector<double>& betas);

}  // namespace orrery::diffusion
