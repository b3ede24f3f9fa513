// What the verbs that play a model share: opening it, seeds and controls as typed, progress on the terminal, Ctrl+C.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/explore/model_shelf.h"
#include "engine/jobs/basic_job.h"
#include "verbs/verbs.h"

namespace orrery::app {

std::unique_ptr<ModelShelf> make_shelf(const Context& context);

// The model of a verb and its controls.
class Played {
 public:
  Played(const Context& context, const std::string& model) : shelf_(make_shelf(context)), info_(shelf_->open_now(model)) {}

  ModelShelf& shelf() { return *shelf_; }
  const ModelInfo& info() const { return info_; }
  // The control of that name; steps along directions make the program look for these first. Throws Error(wrong_use) listing what there is.
  const ControlSpec& control(const std::string& id);
  Request checked(const Request& request);
  // Sets each "control=value". Throws Error(wrong_use) naming the control and what it accepts.
  void set(Request& request, const std::vector<std::string>& set);
  // The request in a JSON file: a request, a recipe, or any file that carries a recipe.
  Request read_request(const std::string& path);

 private:
  std::unique_ptr<ModelShelf> shelf_;
  ModelInfo info_;
};

// "0-15,20" -> 0, 1, ..., 15, 20. Throws Error(wrong_use); at most a million.
std::vector<std::int64_t> parse_seeds(const std::string& text);
// "4x3" -> columns 4, rows 3. Throws Error(wrong_use).
std::pair<int, int> parse_grid(const std::string& text);

// The text of a file or pipe. Throws Error(bad_input).
std::string read_text(const std::string& path);

// A job on the terminal: progress on stderr (one line, where stderr is a terminal), Ctrl+C cancels.
class ConsoleJob : public BasicJob {
 public:
  explicit ConsoleJob(bool quiet);
  ~ConsoleJob() override;
  bool cancel_requested() const override;
  void stats(const StatsPoint&) override {}

 protected:
  void changed(bool important) override;

 private:
  bool quiet_;
  bool open_ = false;
  std::chrono::steady_clock::time_point printed_{};
};

}  // namespace orrery::app
