// What the Space view shows of the active view's model, kept up to date: particles of its tape, field and density at the level at hand, the
// training data, and the particles that the person started. Asks the engine and never waits for it.
#pragma once

#include <QObject>
#include <QThreadPool>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "ui/session/session.h"
#include "ui/space/plane_frame.h"
#include "ui/space/tape_points.h"

namespace orrery::ui {

class SpaceInbox;
class TapeBook;

// A particle that the person started: where it was put, and its whole life.
struct Probe {
  int id = 0;
  double level = 0.0;         // where it was put
  QPointF at;                 // in the units of the data
  std::vector<PathPoint> life;  // levels falling; empty until the engine has answered
  // Scaled for drawing, at a level; between two levels of its life on the straight line between what is drawn of them.
  QPointF drawnAt(double level, double spread, bool scaled) const;
};

class SpaceFeed : public QObject {
  Q_OBJECT

 public:
  explicit SpaceFeed(Session& session, QObject* parent = nullptr);
  ~SpaceFeed() override;

  // While nobody watches (all its views are hidden) it asks for nothing.
  void setActive(const void* who, bool active);
  bool possible() const;  // the active view's model is one of points in the plane
  const QString& problem() const { return problem_; }

  const std::shared_ptr<const TapePoints>& particles() const { return particles_; }
  const std::optional<SpaceField>& field() const { return field_; }
  const SpaceData& data() const { return data_; }
  double spread() const { return spread_; }  // of the data, for the scale of drawing
  double head() const;                       // step of the tape, at its end when nobody scrubs
  double level() const;                      // sigma there
  void setHead(std::optional<double> step);

  // The part of the plane the field is wanted for; nothing: no field.
  struct Wanted {
    SpaceArea area;
    int columns = 0, rows = 0, density_columns = 0, density_rows = 0;
    bool operator==(const Wanted&) const = default;
  };
  void want(const std::optional<Wanted>& wanted);

  const std::map<int, Probe>& probes() const { return probes_; }
  int startProbe(const QPointF& at);              // at the level at hand; the units of the data
  void moveProbe(int id, const QPointF& at);      // puts it there, at the level at hand
  void removeProbe(int id);
  void clearProbes();

 Q_SIGNALS:
  void changed();           // something to draw anew
  void particlesChanged();  // another tape
  void possibleChanged();

 private:
  void follow();  // model, request and tape of the active view
  void readTape();
  void askField();
  void askProbe(const Probe& probe);
  void takeInbox();

  Session& session_;
  TapeBook& book_;
  std::shared_ptr<SpaceInbox> inbox_;
  std::unique_ptr<SpaceView> view_;
  std::set<const void*> watching_;
  bool active_ = false, was_possible_ = false;
  Request request_;
  std::string data_of_;  // the model and weights that data_ was asked for
  QString problem_;
  std::shared_ptr<const TapePoints> particles_;
  TapeId reading_ = 0;
  bool read_again_ = false;
  std::optional<SpaceField> field_;
  SpaceData data_;
  double spread_ = 0.5;
  std::optional<Wanted> wanted_;
  bool field_under_way_ = false, field_stale_ = true;
  std::map<int, Probe> probes_;
  int last_probe_ = 0;
  QThreadPool reader_;  // last: it waits for its thread
};

}  // namespace orrery::ui
