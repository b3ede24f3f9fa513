// Reference cases under vectors/toy: closed-form mixtures, trajectories of high accuracy, expected errors of solvers.
#pragma once

#include "engine/diffusion/gaussian_mixture.h"
#include "engine/parity/case.h"

namespace orrery::diffusion {

// Which it is follows from the tensors that the case holds. Throws Error(bad_input) for one that is none of ours.
void run_toy_case(parity::Case& reference);

// The mixture of a case: in.w, in.mu, in.cov.
GaussianMixture mixture_of(const parity::Case& reference);
// The noise tensors name[0], name[1] ... as a source; draw k is row k.
NoiseSource recorded_noise(const parity::Case& reference, const std::string& name);

// Keeps x (and x0) after each step of a sampler.
class StepRecorder : public SampleObserver {
 public:
  void on_step(const SampleStep& step) override {
    xs.push_back(step.x);
    x0s.push_back(step.x0);
    sigmas.push_back(step.sigma);
  }
  std::vector<at::Tensor> xs, x0s;
  std::vector<double> sigmas;
};

}  // namespace orrery::diffusion
