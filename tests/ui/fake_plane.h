// A Studio with a model of points in the plane ("starter:moons") and one of pictures ("starter:emoji"), both painted in steps that leave tapes, of the
// standard library only: for the tests of the Space view and the race.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "engine/api/studio.h"

namespace orrery::fake {

struct PlaneOptions {
  int step_ms = 0;       // per step, as if a network ran
  int particles = 300;
  int steps = 18;        // of a request that does not say
};

struct PlaneCounters {
  std::atomic<int> steps{0};    // of samplers, in all
  std::atomic<int> fields{0}, paths{0};
  std::atomic<int> views{0};    // open
};

// Samplers "heun", "euler", "ddpm" and (it fails) "broken". Particle i goes straight from noise * sigma to its place on two half circles; with N
// steps euler ends 1 / N beside it, heun 1 / N^2, ddpm 0.2.
std::unique_ptr<Studio> makePlaneStudio(const PlaneOptions& options = {}, std::shared_ptr<PlaneCounters> counters = nullptr);

// Where particle i ends, and its noise.
struct PlanePoint {
  double x = 0.0, y = 0.0;
};
PlanePoint planeTarget(int i);
PlanePoint planeNoise(int i, std::int64_t seed);
double planeLevel(std::int64_t step, std::int64_t steps);

}  // namespace orrery::fake
