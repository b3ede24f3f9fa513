#include "ui/space/race.h"

#include <algorithm>
#include <cmath>

#include "ui/space/aside.h"

namespace orrery::ui {
namespace {

constexpr std::size_t kPictureBytes = std::size_t{48} << 20;  // of a racer's pictures: large ones are read at fewer steps

const ControlSpec* control(const ModelInfo* model, const std::string& id) {
  if (!model) return nullptr;
  const auto found = std::find_if(model->controls.begin(), model->controls.end(), [&](const ControlSpec& spec) { return spec.id == id; });
  return found == model->controls.end() || !found->unavailable.empty() ? nullptr : &*found;
}

double rms(const DeviceImage& a, const DeviceImage& b, const DeviceImage& c, double share) {
  if (!a.data || !b.data || !c.data || a.width_px != b.width_px || a.height_px != b.height_px || c.width_px != b.width_px || c.height_px != b.height_px) return -1.0;
  double sum = 0.0;
  const auto row = [](const DeviceImage& image, int y) { return static_cast<const std::uint8_t*>(image.data) + static_cast<std::size_t>(y) * image.stride_bytes; };
  for (int y = 0; y < a.height_px; ++y) {
    const std::uint8_t *p = row(a, y), *q = row(b, y), *r = row(c, y);
    for (int i = 0; i < 4 * a.width_px; ++i) {
      if (i % 4 == 3) continue;
      const double difference = p[i] - (q[i] + (r[i] - q[i]) * share);
      sum += difference * difference;
    }
  }
  return std::sqrt(sum / (3.0 * a.width_px * a.height_px));
}

// Mean distance of particles; both lists in the same order.
double apart(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.empty() || a.size() != b.size()) return -1.0;
  double sum = 0.0;
  for (std::size_t i = 0; i + 1 < a.size(); i += 2) sum += std::hypot(a[i] - b[i], a[i + 1] - b[i + 1]);
  return sum / (static_cast<double>(a.size()) / 2.0);
}

}  // namespace

double RaceTape::stepAt(double level) const {
  for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
    if (level >= steps[i].level) return static_cast<double>(i);
    if (level > steps[i + 1].level) return static_cast<double>(i) + (steps[i].level - level) / (steps[i].level - steps[i + 1].level);
  }
  return static_cast<double>(steps.size()) - 1.0;
}

std::shared_ptr<const RaceTape> readRaceTape(const Tapes& tapes, const TapeInfo& info) {
  auto out = std::make_shared<RaceTape>();
  out->points = readTapePoints(tapes, info);
  if (out->points) {
    out->steps = out->points->steps;
    for (std::size_t i = 0; i < out->steps.size(); ++i) {
      auto predicted = tapes.points(info.id, static_cast<std::int64_t>(i), TapeRow::prediction);
      out->predicted.push_back(predicted ? std::move(predicted.value()) : std::vector<float>());
    }
    return out;
  }
  std::size_t stride = 1;
  const auto last = static_cast<std::size_t>(info.steps.size()) - 1;
  for (std::size_t i = 0; i <= last; i = i == last ? last + 1 : std::min(i + stride, last)) {
    auto state = tapes.picture(info.id, static_cast<std::int64_t>(i), TapeRow::state), prediction = tapes.picture(info.id, static_cast<std::int64_t>(i), TapeRow::prediction);
    if (!state || !prediction) return nullptr;
    if (i == 0) {
      const std::size_t bytes = 2 * state.value().stride_bytes * static_cast<std::size_t>(state.value().height_px) * info.steps.size();
      stride = 1 + bytes / kPictureBytes;
    }
    out->steps.push_back(info.steps[i]);
    out->states.push_back(std::move(state.value()));
    out->predictions.push_back(std::move(prediction.value()));
  }
  return out;
}

std::vector<RaceDistance> raceDistances(const RaceTape& tape, const RaceTape& reference) {
  std::vector<RaceDistance> out;
  if (reference.steps.empty()) return out;
  const double spread = reference.plane() ? reference.points->spreadOfEnd() : 0.5;
  for (std::size_t i = 0; i < tape.steps.size(); ++i) {
    RaceDistance at{static_cast<double>(tape.steps[i].evaluations), tape.steps[i].level, -1.0, -1.0};
    const double there = reference.stepAt(at.level);
    const auto k = static_cast<std::size_t>(there), next = std::min(k + 1, reference.steps.size() - 1);
    const double share = there - static_cast<double>(k);
    if (tape.plane() && reference.plane()) {
      std::vector<float> between = reference.points->states[k];
      for (std::size_t j = 0; j < between.size(); ++j) between[j] += (reference.points->states[next][j] - between[j]) * static_cast<float>(share);
      at.of_state = apart(tape.points->states[i], between) * drawnScale(at.level, spread, true);
      at.of_prediction = apart(tape.predicted[i], reference.points->states.back());
    } else if (!tape.plane() && !reference.plane()) {
      at.of_state = rms(tape.states[i], reference.states[k], reference.states[next], share);
      if (i > 0) at.of_prediction = rms(tape.predictions[i], reference.states.back(), reference.states.back(), 0.0);
    }
    out.push_back(at);
  }
  return out;
}

Race::Race(Session& session, QObject* parent) : QObject(parent), session_(session) { reader_.setMaxThreadCount(1); }
Race::~Race() { view_.reset(); }

QString Race::whyNot() const {
  const ModelInfo* model = session_.model();
  if (!model) return tr("There is no model yet.");
  if (!control(model, "sampler") || control(model, "sampler")->choices.empty() || !control(model, "sampler.steps")) return tr("This model has no samplers to choose from. Open a diffusion model to race them.");
  if (!session_.studio().tapes) return tr("Nothing records the steps here.");
  return {};
}

std::vector<std::string> Race::samplers() const {
  const ControlSpec* spec = control(session_.model(), "sampler");
  return spec ? spec->choices : std::vector<std::string>();
}

std::vector<RaceEntry> Race::suggested() const {
  // Second-order samplers ask the network twice a step.
  constexpr std::pair<const char*, std::int64_t> kWanted[] = {{"euler", 18}, {"heun", 9}, {"ddpm", 18}};
  const auto known = samplers();
  std::vector<RaceEntry> out;
  for (const auto& [name, steps] : kWanted) {
    if (std::find(known.begin(), known.end(), name) != known.end()) out.push_back({name, steps});
  }
  for (const auto& name : known) {
    if (out.size() < 2 && std::none_of(out.begin(), out.end(), [&](const RaceEntry& entry) { return entry.sampler == name; })) out.push_back({name, 18});
  }
  return out;
}

double Race::highestLevel() const {
  double most = 0.0;
  const auto look = [&](const Racer& racer) {
    if (racer.tape && !racer.tape->steps.empty()) most = std::max(most, racer.tape->steps.front().level);
  };
  for (const Racer& racer : racers_) look(racer);
  look(reference_);
  return most > 0.0 ? most : 80.0;
}

void Race::start(const std::vector<RaceEntry>& entries) {
  cancel();
  if (!whyNot().isEmpty() || entries.empty()) return;
  request_ = session_.request();
  request_.branches.clear();
  plane_ = session_.model()->in_the_plane;
  racers_.clear();
  for (const auto& entry : entries) {
    if (racers_.size() == kMost) break;
    Racer racer;
    racer.entry = entry;
    racers_.push_back(racer);
  }
  reference_ = {};
  const auto known = samplers();
  const ControlSpec* steps = control(session_.model(), "sampler.steps");
  reference_.entry = {std::find(known.begin(), known.end(), "heun") != known.end() ? "heun" : known.front(), std::min(kReferenceSteps, static_cast<std::int64_t>(steps->max))};
  at_ = 0;
  running_ = true;
  session_.noteAction();
  runNext();
}

void Race::cancel() {
  ++run_;
  view_.reset();  // between two evaluations of the network; its tape goes with it
  if (!std::exchange(running_, false)) return;
  for (Racer& racer : racers_) {
    if (racer.state == Racer::State::running) racer.state = Racer::State::waiting;
  }
  if (reference_.state == Racer::State::running) reference_.state = Racer::State::waiting;
  Q_EMIT changed();
}

Racer* Race::current() { return at_ < racers_.size() ? &racers_[at_] : at_ == racers_.size() ? &reference_ : nullptr; }

void Race::runNext() {
  Racer* racer = current();
  if (!racer) {
    running_ = false;
    view_.reset();
    measure();
    return;
  }
  racer->state = Racer::State::running;
  const std::uint64_t run = ++run_;
  const auto post = [this](auto work) { QMetaObject::invokeMethod(this, work, Qt::QueuedConnection); };
  view_ = session_.studio().live->open_patient_view([this, post, run](const Frame& frame) { post([this, run, frame] { onFrame(run, frame); }); },
                                                    [this, post, run](const JobError& error) { post([this, run, error] { onError(run, error); }); });
  Request request = request_;
  const auto set = [&](const std::string& id, Value value) {
    const ControlSpec* spec = control(session_.findModel(request.model), id);
    if (spec && spec->neutral == value) request.values.erase(id);
    else request.values[id] = std::move(value);
  };
  set("sampler", racer->entry.sampler);
  set("sampler.steps", racer->entry.steps);
  if (racer == &reference_) {
    // Without what only blurs it: fresh noise.
    for (const char* id : {"churn", "sampler.eta"}) request.values.erase(id);
  }
  view_->show(request);
  Q_EMIT changed();
}

void Race::onFrame(std::uint64_t run, const Frame& frame) {
  Racer* racer = current();
  if (run != run_ || !racer || racer->state != Racer::State::running || reading_ == run) return;
  racer->step = frame.step;
  racer->of = frame.steps;
  if (frame.step < frame.steps) return Q_EMIT changed();
  if (frame.tape == 0) return onError(run, {ErrorCode::failed, tr("The steps were not recorded.").toStdString(), {}, {}});
  reading_ = run;
  const Tapes* tapes = session_.studio().tapes.get();
  aside<std::shared_ptr<const RaceTape>>(
      reader_, this,
      [tapes, id = frame.tape]() -> std::shared_ptr<const RaceTape> {
        for (const TapeInfo& info : tapes->tapes()) {
          if (info.id == id) return readRaceTape(*tapes, info);
        }
        return nullptr;
      },
      [this, run](std::shared_ptr<const RaceTape> tape) {
        Racer* done = current();
        if (run != run_ || !done) return;
        if (!tape || tape->steps.empty()) return onError(run, {ErrorCode::failed, tr("The recorded steps could not be read.").toStdString(), {}, {}});
        settle(*done, std::move(tape));
        ++at_;
        runNext();
      });
}

void Race::settle(Racer& racer, std::shared_ptr<const RaceTape> tape) {
  racer.state = Racer::State::done;
  racer.evaluations = tape->steps.back().evaluations;
  racer.wall_ms = tape->steps.back().elapsed_ms;
  racer.tape = std::move(tape);
  Q_EMIT changed();
}

void Race::onError(std::uint64_t run, const JobError& error) {
  Racer* racer = current();
  if (run != run_ || !racer) return;
  racer->state = Racer::State::failed;
  racer->error = QString::fromStdString(error.what_happened);
  ++at_;
  runNext();
}

void Race::measure() {
  if (!reference_.tape) {
    Q_EMIT changed();
    return Q_EMIT finished();
  }
  std::vector<std::shared_ptr<const RaceTape>> tapes;
  for (const Racer& racer : racers_) tapes.push_back(racer.tape);
  aside<std::vector<std::vector<RaceDistance>>>(
      reader_, this,
      [tapes, reference = reference_.tape] {
        std::vector<std::vector<RaceDistance>> out;
        for (const auto& tape : tapes) out.push_back(tape ? raceDistances(*tape, *reference) : std::vector<RaceDistance>());
        return out;
      },
      [this, run = run_](std::vector<std::vector<RaceDistance>> found) {
        if (run != run_) return;
        for (std::size_t i = 0; i < racers_.size() && i < found.size(); ++i) {
          racers_[i].distances = std::move(found[i]);
          if (!racers_[i].distances.empty()) racers_[i].distance = racers_[i].distances.back().of_state;
        }
        Q_EMIT changed();
        Q_EMIT finished();
      });
}

}  // namespace orrery::ui
