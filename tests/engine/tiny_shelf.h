// A shelf of tiny models, and a job that can be cancelled, for the tests of exports.
#pragma once

#include <atomic>
#include <functional>

#include "engine/explore/model_shelf.h"
#include "engine/export/exports.h"
#include "tiny_generator.h"

namespace orrery::tests {

inline ShelfParts tiny_parts() {
  ShelfParts parts;
  parts.load = [](const std::string& path, const std::string&) { return load_tiny(path); };
  parts.make_player = [](std::shared_ptr<const Model> model) { return make_generator_player(std::move(model)); };
  parts.kind = [](const std::string&) { return Kind::generator; };
  return parts;
}

class TestJob : public QuietJob {
 public:
  bool cancel_requested() const override { return cancelled; }
  void progress(double fraction, const std::string&) override {
    backwards = backwards || fraction < last;
    last = fraction;
    ++steps;
    if (on_progress) on_progress(*this);
  }
  std::function<void(TestJob&)> on_progress;
  std::atomic<bool> cancelled{false};
  double last = 0.0;
  int steps = 0;
  bool backwards = false;
};

}  // namespace orrery::tests
