// A Studio of the standard library only: it draws procedural pictures from requests on threads of its own, and plays jobs with believable
// states and numbers. The whole window works on it, so its tests and screenshots need neither LibTorch nor a model.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "engine/api/studio.h"

namespace orrery::fake {

struct Options {
  int frame_ms = 0;        // extra time per picture, as if a network ran
  double job_speed = 1.0;  // 10: jobs last a tenth
  int picture_px = 0;      // 0: each model's own
  int denoiser_steps = 0;  // > 0: there is a model "starter:denoiser" too (64 px), whose pictures come in that many steps and leave tapes
  int step_ms = 0;         // extra time per step of it
  bool tokens = false;     // there is a model "starter:tokens" too (fake_tokens.h)
};

// What the tests look at, shared with the running Studio.
struct Counters {
  std::atomic<int> pictures{0};
  std::atomic<int> requests{0};
  std::atomic<int> verbs{0};
};

// Ids: models "starter:emoji" (64 px, no classes), "starter:glyphs" (128 px, 6 classes), "file:everything" (256 px, every kind of
// control). Systems "stylegan2" and "edm". open() takes any existing path whose name does not contain "broken".
std::unique_ptr<Studio> makeStudio(const Options& options = {}, std::shared_ptr<Counters> counters = nullptr);

// The picture a request stands for, RGBA8, `size` x `size`.
DeviceImage drawRequest(const Request& request, int size);

// Writes a small file which the fake Recipes::read gives back as this request's recipe.
void writeRecipeFile(const std::string& path, const Request& request);

}  // namespace orrery::fake
