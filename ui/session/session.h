// The window's one model: views, requests, models, jobs and the history of changes. Wraps the Studio: what the engine says on its own
// threads becomes signals in the GUI thread. Panels are made with a Session& and know nothing of each other.
#pragma once

#include <QByteArray>
#include <QElapsedTimer>
#include <QObject>
#include <QStringList>
#include <QThreadPool>
#include <QUndoStack>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/api/studio.h"
#include "engine/api/timeline.h"

namespace orrery::ui {

class Playback;
class FrameMailbox;
class EngineInbox;

// How the views are drawn on the stage.
enum class StageMode {
  pictures,
  wipe,
  difference,
  grid,      // the neighbouring seeds of the active view
  spectrum,  // the Fourier transform of every view's picture
  space,     // the plane of a model of points (ui/space)
  race,      // several samplers from the active view's noise
};

// Everything a project file restores, as a value (window layout and datasets are the project's own business).
struct SessionState {
  std::vector<Request> views;  // as many as are shown: 1, 2 or 4
  int active = 0;
  StageMode mode = StageMode::pictures;
  std::array<std::optional<Request>, 9> positions;  // number keys 1-9
  Timeline timeline;
  std::map<std::string, std::string> model_paths;  // by ModelInfo::id: where to open it again ("" = always there)
};

class Session : public QObject {
  Q_OBJECT

 public:
  static constexpr int kMaxViews = 4;
  static constexpr int kPositions = 9;

  // The Studio must outlive the Session. Opens the first model (a starter) in view 0 once `start()` is called.
  explicit Session(Studio& studio, QObject* parent = nullptr);
  ~Session() override;
  void start();
  Studio& studio() const { return studio_; }

  // ---- models ----
  const std::vector<ModelInfo>& models() const { return models_; }
  const ModelInfo* findModel(const std::string& id) const;
  void closeModel(const std::string& id);
  // Systems of the catalogue, asked once.
  const std::vector<SystemInfo>& systems() const { return systems_; }
  const SystemInfo* findSystem(const std::string& id) const;

  // ---- views ----
  int viewCount() const { return view_count_; }
  void setViewCount(int count);  // 1, 2 or 4; new views start as copies of the active one
  int activeView() const { return active_view_; }
  void setActiveView(int view);
  StageMode stageMode() const { return stage_mode_; }
  void setStageMode(StageMode mode);  // wipe and difference need two views and make them
  bool linked() const { return linked_; }
  void setLinked(bool linked);  // controls act on every view that has them
  const Request& request(int view) const { return views_[view].request; }
  const Request& request() const { return request(active_view_); }
  const ModelInfo* model(int view) const { return findModel(request(view).model); }
  const ModelInfo* model() const { return model(active_view_); }
  const std::optional<Frame>& frame(int view) const { return views_[view].frame; }
  double latencyMs(int view) const { return views_[view].latency_ms; }  // from the request to its picture in the GUI thread
  double latencyPercentileMs(double p) const;                           // of the last 256 pictures of all views; 0 when there were none

  // ---- controls of the active view (of all, when linked); every change can be undone ----
  const ControlSpec* spec(const std::string& id) const;
  const ControlSpec* firstOfKind(ControlKind kind, int view = -1) const;  // acting ones only
  Value value(const std::string& id, int view = -1) const;                // neutral when the request does not set it
  bool isNeutral(const std::string& id, int view = -1) const;
  // Numbers are clamped to the spec's range. Calls on one control merge into one step until endGesture() (or a second of rest).
  void setControl(const std::string& id, Value value);
  void resetControl(const std::string& id);
  void resetAll();  // every control of the active view but its place in latent space
  void endGesture();
  // Replaces the whole request of a view in one step ("Recall position 3").
  void setRequest(Request request, const QString& text, int view = -1);
  // Shows a request without a step in the history: playback, gliding, the slow motion at the start.
  void showTransient(int view, const Request& request);
  void showModel(const std::string& id, int view = -1);
  // Opens a model, dataset, exported picture or film, or project, told apart by content. Unknown files go to the import sheet.
  void openPath(const QString& path);
  void openPaths(const QStringList& paths);  // what was dropped: one file as above, several to the import sheet
  void randomise();                          // a new place in latent space

  // ---- photos and masks ----
  // The file becomes the value of this control (ControlKind::photo, mask) of the active view; a new photo takes the mask of the old one away.
  void usePicture(const std::string& control, const QString& path);
  // Whether the pointer paints the mask on the stage. Off where the active view's model takes none.
  bool brush() const { return brush_; }
  void setBrush(bool on);
  // One step in the history from `before` to what showTransient has brought about.
  void commitTransient(int view, const Request& before, const QString& text);
  QUndoStack& undo() { return undo_; }

  // ---- positions 1-9 (index 0-8) ----
  const std::optional<Request>& position(int index) const { return positions_[index]; }
  void storePosition(int index);
  void recallPosition(int index);  // glides there, unless motion is reduced
  void clearPosition(int index);

  // ---- the timeline and playing (Space) ----
  const Timeline& timeline() const { return timeline_; }
  void setTimeline(Timeline timeline, const QString& text);  // one step in the history; merges by equal text until endGesture()
  Playback& playback() { return *playback_; }
  bool hasKeyframe(const std::string& id) const;  // at the play head
  bool isKeyframed(const std::string& id) const;  // anywhere
  void toggleKeyframe(const std::string& id);     // at the play head, with the current value

  // ---- jobs ----
  JobId submit(const JobSpec& spec);
  void say(JobId job, JobVerb verb);
  const std::map<JobId, JobStatus>& jobs() const { return jobs_; }
  const std::vector<StatsPoint>& stats(JobId job) const;
  QString commandFor(const JobSpec& spec) const;
  // Training that ends with this window. A run of another process that we only watch goes on without us.
  std::vector<JobId> trainingHere() const;

  // ---- sheets: panels that slide in over the stage ("import", "export", "catalogue", "projects", ...) ----
  void openSheet(const QString& id, const QStringList& arguments = {}) { Q_EMIT sheetRequested(id, arguments); }
  void closeSheet() { Q_EMIT sheetClosed(); }
  void openWorkspace(const QString& id) { Q_EMIT workspaceRequested(id); }  // "play", "train", "data", "compare"

  // ---- saving ----
  SessionState state() const;
  void setState(const SessionState& state);  // clears the history

  // ---- helpers for panels ----
  // Runs `work` on a worker thread and `done` in the GUI thread, unless `context` is gone by then.
  template <class T>
  void background(QObject* context, std::function<T()> work, std::function<void(T)> done) {
    auto result = std::make_shared<std::optional<T>>();
    runInBackground(
        context, [result, work = std::move(work)] { result->emplace(work()); },
        [result, done = std::move(done)] { done(std::move(**result)); });
  }
  void report(const JobError& error) { Q_EMIT problem(error); }         // the banner
  void say(const QString& message) { Q_EMIT messageArrived(message); }  // the status bar
  // The person did something: the motion of the start stops.
  void noteAction();

 Q_SIGNALS:
  void requestChanged(int view);                            // its controls may show other values
  void modelsChanged();                                     // opened, closed, or a new snapshot
  void viewModelChanged(int view);                          // another model, or another set of controls
  void frameArrived(int view, const orrery::Frame& frame);  // newest only
  void viewsChanged();                                      // count, active view, mode, linked
  void brushChanged();
  void photoUsed(const QString& path);                      // a dropped picture became the photo
  void positionsChanged();
  void timelineChanged();
  void jobChanged(const orrery::JobStatus& status);
  void statsArrived(orrery::JobId job, const orrery::StatsPoint& point);
  void problem(const orrery::JobError& error);
  void messageArrived(const QString& message);
  void acted();                           // first deliberate change
  void controlWanted(const QString& id);  // show this control of the active view and give it the focus
  void sheetRequested(const QString& id, const QStringList& arguments);
  void sheetClosed();
  void workspaceRequested(const QString& id);
  void datasetOpened(const QString& store);  // a store was dropped or imported
  void runOpened(const QString& folder);     // a run's folder was dropped or chosen
  void projectRequested(const QString& path);

 private:
  friend class RequestCommand;
  friend class TimelineCommand;
  friend class PositionCommand;

  struct View {
    Request request;
    std::unique_ptr<LiveView> live;
    std::shared_ptr<FrameMailbox> mailbox;
    std::optional<Frame> frame;
    std::uint64_t generation = 0;
    std::map<std::uint64_t, qint64> sent_ns;
    double latency_ms = 0.0;
  };

  void openLive(int view);
  void applyRequest(int view, Request request);  // no history
  void takeFrame(int view);
  void takeInbox();
  void onModel(const ModelInfo& info);
  void onJob(const JobStatus& status);
  void applyTimeline(Timeline timeline);
  void applyPosition(int index, const std::optional<Request>& request);
  void openFile(const QString& path);
  void applyPicture(const std::string& control, const std::string& value, const QString& text);
  void restoreRecipe(const Recipe& recipe, bool model_there);
  void openModel(const QString& path, std::function<void(const ModelInfo&)> then);
  void runInBackground(QObject* context, std::function<void()> work, std::function<void()> done);
  std::vector<int> targets() const;

  Studio& studio_;
  std::vector<SystemInfo> systems_;
  std::vector<ModelInfo> models_;
  std::array<View, kMaxViews> views_;
  int view_count_ = 1;
  int active_view_ = 0;
  StageMode stage_mode_ = StageMode::pictures;
  bool linked_ = false;
  bool brush_ = false;
  std::array<std::optional<Request>, kPositions> positions_;
  Timeline timeline_;
  std::map<JobId, JobStatus> jobs_;
  std::map<JobId, std::vector<StatsPoint>> stats_;
  std::set<JobId> watched_;  // attached to, not ours
  QUndoStack undo_;
  int gesture_ = 0;
  bool acted_ = false;
  QElapsedTimer clock_;
  std::vector<double> latencies_ms_;
  std::size_t latest_ = 0;
  std::shared_ptr<EngineInbox> inbox_;
  std::unique_ptr<Playback> playback_;
  QThreadPool pool_;
};

}  // namespace orrery::ui
