// Several samplers from the same noise, and a fine reference to measure them by. One after the other, so that their times are their own; on views
// that give way, so that nobody's hand waits for a race.
#pragma once

#include <QObject>
#include <QThreadPool>
#include <memory>
#include <string>
#include <vector>

#include "ui/session/session.h"
#include "ui/space/tape_points.h"

namespace orrery::ui {

struct RaceEntry {
  std::string sampler;
  std::int64_t steps = 18;
  bool operator==(const RaceEntry&) const = default;
};

// What a racer left behind.
struct RaceTape {
  std::vector<TapeStep> steps;             // those that were read: all, unless the pictures are large
  std::shared_ptr<const TapePoints> points;  // of points in the plane
  std::vector<std::vector<float>> predicted;  // of points: the prediction at each step; empty at the start
  std::vector<DeviceImage> states, predictions;  // of pictures, by step
  bool plane() const { return points != nullptr; }
  double stepAt(double level) const;       // falls between two steps where the level does
};

struct RaceDistance {
  double evaluations = 0.0, level = 0.0;
  double of_prediction = 0.0;  // from the prediction at this step to the reference's end; negative: none
  double of_state = 0.0;       // from the state to the reference's at the same noise level
};

struct Racer {
  enum class State { waiting, running, done, failed };
  RaceEntry entry;
  State state = State::waiting;
  int step = 0, of = 0;  // while it runs
  QString error;
  std::shared_ptr<const RaceTape> tape;
  std::int64_t evaluations = 0;
  double wall_ms = 0.0;
  std::vector<RaceDistance> distances;  // by step, once the reference is there
  // Points: mean distance of particles. Pictures: root mean square of the difference in 8-bit steps. Negative while it is not known.
  double distance = -1.0;
};

class Race : public QObject {
  Q_OBJECT

 public:
  static constexpr std::int64_t kReferenceSteps = 200;
  static constexpr std::size_t kMost = 4;

  explicit Race(Session& session, QObject* parent = nullptr);
  ~Race() override;

  // Why the active view's model cannot race; empty: it can.
  QString whyNot() const;
  std::vector<std::string> samplers() const;  // of the active view's model
  std::vector<RaceEntry> suggested() const;   // about as many evaluations each
  bool running() const { return running_; }
  bool plane() const { return plane_; }
  const Request& request() const { return request_; }
  // One to four. Stops what runs.
  void start(const std::vector<RaceEntry>& entries);
  void cancel();
  const std::vector<Racer>& racers() const { return racers_; }
  const Racer& reference() const { return reference_; }
  double highestLevel() const;

 Q_SIGNALS:
  void changed();
  void finished();

 private:
  Racer* current();
  void runNext();
  void onFrame(std::uint64_t run, const Frame& frame);
  void onError(std::uint64_t run, const JobError& error);
  void measure();
  void settle(Racer& racer, std::shared_ptr<const RaceTape> tape);

  Session& session_;
  Request request_;
  std::vector<Racer> racers_;
  Racer reference_;
  bool running_ = false, plane_ = false;
  std::uint64_t reading_ = 0;  // the run whose tape is being read
  std::size_t at_ = 0;      // racers_.size(): the reference
  std::uint64_t run_ = 0;   // answers of an older one do not count
  std::unique_ptr<LiveView> view_;
  QThreadPool reader_;  // last: it waits for its thread
};

// For tests and the worker thread: reads a complete tape, and measures `tape` by `reference`.
std::shared_ptr<const RaceTape> readRaceTape(const Tapes& tapes, const TapeInfo& info);
std::vector<RaceDistance> raceDistances(const RaceTape& tape, const RaceTape& reference);

}  // namespace orrery::ui
