#include "engine/export/tape_export.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "engine/export/film_sink.h"
#include "engine/export/png_export.h"
#include "kernels/to_rgba8/to_rgba8.h"

namespace orrery {
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kMostPixels = std::int64_t{1} << 28;

[[noreturn]] void wrong(const std::string& why, const std::string& what_to_do) { throw Error(ErrorCode::wrong_use, why, "Nothing was written.", what_to_do); }

class Recorder : public RenderObserver {
 public:
  Recorder(TapeRecording& tape, JobContext& job) : tape_(tape), job_(job) {}
  bool cancelled() const override { return job_.cancel_requested(); }
  std::int64_t recorded() const override { return tape_.recorded(); }
  RenderStep recorded_step(std::int64_t step) override { return tape_.recorded_step(step); }
  void on_step(const RenderStep& step) override {
    tape_.add(step);
    job_.progress(static_cast<double>(step.step) / static_cast<double>(std::max<std::int64_t>(step.steps, 1)), "Step " + std::to_string(step.step) + " of " + std::to_string(step.steps));
  }

 private:
  TapeRecording& tape_;
  JobContext& job_;
};

void check_rows(const std::vector<TapeRow>& rows, const TapeInfo& tape) {
  if (rows.empty()) wrong("It is not said how the steps are to be looked at.", "Choose at least one row.");
  for (const auto row : rows) {
    if (std::find(tape.rows.begin(), tape.rows.end(), row) == tape.rows.end()) {
      std::string has;
      for (const auto one : tape.rows) has += (has.empty() ? "" : ", ") + std::string(tape_row_name(one));
      wrong(std::string("This process has no row \"") + tape_row_name(row) + "\".", "Choose from " + has + ".");
    }
  }
}

// A step of a row at the size of a cell, uint8 [height, width, 4].
at::Tensor cell_of(const TapeContents& tape, std::int64_t step, TapeRow row, int size_px) {
  const auto index = static_cast<std::size_t>(step);
  const StepTensors before = row == TapeRow::difference && index > 0 ? tape.steps[index - 1]->tensors() : StepTensors{};
  at::Tensor rgba = step_rgba(*tape.steps[index], tape.steps[index]->tensors(), before, row);
  // Nothing to see at a step whose state is no picture (tokens before the first round): as large as the finished one.
  if (const auto& whole = tape.steps.back()->kept_as().prediction.sizes; rgba.size(0) == 1 && rgba.size(1) == 1 && whole.size() == 4) rgba = at::zeros({whole[2], whole[3], 4}, at::kByte);
  const auto longer = static_cast<double>(std::max(rgba.size(0), rgba.size(1)));
  if (size_px <= 0 || size_px == static_cast<int>(longer)) return rgba;
  const auto scaled = [&](std::int64_t side) { return std::max(1, static_cast<int>(std::lround(static_cast<double>(side) * size_px / longer))); };
  const at::Tensor picture = rgba.permute({2, 0, 1}).to(at::kFloat) / 127.5 - 1.0;
  return kernels::to_rgba8(resized(picture, scaled(rgba.size(1)), scaled(rgba.size(0))));
}

std::vector<std::int64_t> chosen_steps(const StripExport& what, std::int64_t last) {
  if (!what.steps.empty()) {
    for (const auto step : what.steps) {
      if (step < 0 || step > last) wrong("The tape has no step " + std::to_string(step) + ".", "Choose from 0 to " + std::to_string(last) + ".");
    }
    return what.steps;
  }
  const std::int64_t columns = what.columns <= 0 ? last + 1 : std::min<std::int64_t>(what.columns, last + 1);
  std::vector<std::int64_t> out;
  for (std::int64_t i = 0; i < columns; ++i) out.push_back(columns == 1 ? last : (i * last + (columns - 1) / 2) / (columns - 1));
  return out;
}

RecipeFacts facts_of(const TapeContents& tape, const std::vector<TapeRow>& rows, std::vector<std::int64_t> steps, int width_px, int height_px) {
  RecipeFacts facts;
  facts.what = Recipe::What::tape;
  facts.request = tape.info.request;
  facts.steps = std::move(steps);
  for (const auto row : rows) facts.rows.emplace_back(tape_row_name(row));
  facts.width_px = width_px;
  facts.height_px = height_px;
  return facts;
}

// The weights that made the tape; the recipe names them.
std::shared_ptr<const Model> model_of(const TapeContents& tape, ModelSource& source) {
  auto model = source.resolve(tape.info.request);
  if (model->hash != tape.info.model_hash) wrong("The model of this tape has changed since.", "Make the tape again, then export it.");
  return model;
}

}  // namespace

TapeId record_tape(const Request& request, ModelSource& source, TapeStore& store, std::uint64_t owner, JobContext& job) {
  const auto model = source.resolve(request);
  const auto tape = store.record(owner, request, fs::path(source.path_of(request)).stem(), model->hash);
  if (!tape) wrong("Recording is turned off.", "Allow tapes some memory.");
  Recorder recorder(*tape, job);
  if (!source.make_player(model)->render({request}, recorder).defined()) give_up();
  if (tape->id() == 0) wrong("This model's pictures come in one step, so there is no tape of them.", "Choose a model that works step by step.");
  tape->finish();
  return tape->id();
}

Exported export_strip(const StripExport& what, const std::vector<TapeId>& tapes, const TapeStore& store, ModelSource& source, JobContext& job) {
  if (fs::path(what.out).extension() != ".png") wrong(what.out + " is no name for a picture.", "Choose a name that ends in .png.");
  if (what.size_px < 0 || what.size_px > 16384) wrong("A picture cannot have that size.", "Choose between 1 and 16384 pixels, or 0 for the model's own.");
  if (tapes.empty()) wrong("There is no tape to export.", "Choose one.");
  std::vector<TapeContents> all;
  std::size_t columns = 0;
  for (const auto id : tapes) {
    all.push_back(store.contents(id));
    check_rows(what.rows, all.back().info);
    columns = std::max(columns, chosen_steps(what, static_cast<std::int64_t>(all.back().steps.size()) - 1).size());
  }
  const auto model = model_of(all.front(), source);
  const at::Tensor first = cell_of(all.front(), 0, what.rows.front(), what.size_px);
  const std::int64_t height = first.size(0), width = first.size(1), bands = static_cast<std::int64_t>(all.size() * what.rows.size());
  const std::int64_t across = static_cast<std::int64_t>(columns) * width, down = bands * height;
  if (across > 65535 || down > 65535 || across * down > kMostPixels) wrong("A strip of " + std::to_string(across) + " x " + std::to_string(down) + " pixels is too large.", "Choose fewer columns or a smaller size.");
  at::Tensor strip = at::full({down, across, 4}, 255, at::kByte);
  std::int64_t band = 0;
  for (const auto& tape : all) {
    const auto steps = chosen_steps(what, static_cast<std::int64_t>(tape.steps.size()) - 1);
    for (const auto row : what.rows) {
      for (std::size_t i = 0; i < steps.size(); ++i) {
        if (job.cancel_requested()) give_up();
        strip.narrow(0, band * height, height).narrow(1, static_cast<std::int64_t>(i) * width, width).copy_(cell_of(tape, steps[i], row, what.size_px));
      }
      ++band;
      job.progress(static_cast<double>(band) / static_cast<double>(bands), "Band " + std::to_string(band) + " of " + std::to_string(bands));
    }
  }
  RecipeFacts facts = facts_of(all.front(), what.rows, chosen_steps(what, static_cast<std::int64_t>(all.front().steps.size()) - 1), static_cast<int>(across), static_cast<int>(down));
  if (all.size() > 1) {
    for (const auto& tape : all) facts.seeds.push_back(tape.info.request.get<std::int64_t>("seed", 0));
  }
  write_picture(what.out, strip, true, facts, *model, source.path_of(all.front().info.request), true);
  return {{what.out}, model->hash, static_cast<std::int64_t>(columns) * bands};
}

Exported export_tape_film(const TapeFilmExport& what, TapeId id, const TapeStore& store, ModelSource& source, JobContext& job) {
  if (!fs::path(what.out).has_extension()) wrong(what.out + " is no name for a film.", "Choose a name that ends in .mp4, .webm or .gif.");
  if (what.size_px < 0 || what.size_px > 16384) wrong("A film cannot have that size.", "Choose between 2 and 16384 pixels, or 0 for the model's own.");
  if (!(what.seconds > 0.0 && what.hold_s >= 0.0 && what.frames_per_s > 0.0)) wrong("The film has no length.", "Choose a duration and a number of frames per second.");
  const TapeContents tape = store.contents(id);
  check_rows(what.rows, tape.info);
  const auto model = model_of(tape, source);
  const std::string place = source.path_of(tape.info.request);
  const auto steps = static_cast<std::int64_t>(tape.steps.size());
  const std::int64_t moving = std::max<std::int64_t>(steps, std::llround(what.seconds * what.frames_per_s)), frames = moving + std::llround(what.hold_s * what.frames_per_s);
  const auto picture = [&](std::int64_t step) {
    std::vector<at::Tensor> cells;
    for (const auto row : what.rows) {
      at::Tensor cell = cell_of(tape, step, row, what.size_px);
      if (needs_even_size(what.out)) cell = cell.narrow(0, 0, cell.size(0) - cell.size(0) % 2).narrow(1, 0, cell.size(1) - cell.size(1) % 2);
      cells.push_back(cell);
    }
    at::Tensor whole = at::cat(cells, 1).contiguous();
    whole.select(2, 3).fill_(255);  // a film has no transparency
    return whole;
  };
  at::Tensor now = picture(0);
  FilmExport sink_options;
  sink_options.out = what.out;
  sink_options.quality = what.quality;
  sink_options.timeline.frames_per_s = what.frames_per_s;
  RecipeFacts facts = facts_of(tape, what.rows, {}, static_cast<int>(now.size(1)), static_cast<int>(now.size(0)));
  facts.quality = what.quality;
  const auto sink = open_film_sink(sink_options, facts.width_px, facts.height_px, recipe_text(recipe_json(facts, *model, place)));
  try {
    std::int64_t shown = 0;
    for (std::int64_t k = 0; k < frames; ++k) {
      if (job.cancel_requested()) give_up();
      const std::int64_t step = std::min(k * steps / moving, steps - 1);
      if (step != shown) now = picture(shown = step);
      sink->add({k, static_cast<double>(k) / what.frames_per_s, tape.info.request, now, false, *model, place});
      job.progress(static_cast<double>(k + 1) / static_cast<double>(frames), "Frame " + std::to_string(k + 1) + " of " + std::to_string(frames));
    }
    sink->finish();
  } catch (const Error& error) {
    if (error.error().code == ErrorCode::cancelled) sink->discard();
    throw;
  }
  return {{what.out}, model->hash, frames};
}

}  // namespace orrery
