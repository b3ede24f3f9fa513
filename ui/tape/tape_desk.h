// What is done with tapes, whoever asks for it (the Tape dock, keys on the stage, menus): moves the play head, plays, branches, keeps, closes,
// saves; and fetches the picture of the step that a view is looked at. Hangs on the Session: attached<TapeDesk>(session).
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QSet>
#include <QTimer>
#include <array>
#include <optional>

#include "ui/session/session.h"
#include "ui/session/tape_book.h"
#include "ui/tape/step_pictures.h"

namespace orrery::ui {

QString rowName(TapeRow row);    // "predicted picture"; plain letters: the stage draws it too
QString rowSymbol(TapeRow row);  // "x₀"
QString rowHelp(TapeRow row);

class TapeDesk : public QObject {
  Q_OBJECT

 public:
  explicit TapeDesk(Session& session);

  TapeBook& book() const { return book_; }
  StepPictures& pictures() { return pictures_; }

  // Whether the model of a view paints in steps, so that there is a tape to expect.
  bool iterates(int view) const;
  // The view's steps are rounds of tokens: their level is the part that is masked.
  bool ofTokens(int view) const;
  bool ofTokens() const { return ofTokens(session_.activeView()); }
  // The tape of what a view shows or is about to show; null when there is none. While a new one begins, the one before.
  const TapeInfo* tape(int view) const;
  const TapeInfo* tape() const { return tape(session_.activeView()); }
  std::vector<const TapeInfo*> tapesOfModel() const;  // those to choose from in the active view, by number
  // The last step it will have, as far as is known.
  int steps(int view) const;
  int steps() const { return steps(session_.activeView()); }
  int recorded() const;  // the last step it has

  // ---- the play head of the active view ----
  bool scrubbing(int view) const { return book_.head(view).has_value(); }
  bool scrubbing() const { return scrubbing(session_.activeView()); }
  int step() const;  // where it stands; the newest step when the picture is live
  TapeRow row() const { return row_; }
  void setRow(TapeRow row);
  std::vector<TapeRow> rows() const;  // those the strip shows, and exports: of the chosen ones what the tape has
  const std::vector<TapeRow>& chosenRows() const { return rows_; }
  void setRows(std::vector<TapeRow> rows);
  void scrub(int step);  // shows that step; the last one of a whole tape is the live picture
  void scrub(int step, TapeRow row);
  void scrubBy(int steps) { scrub(step() + steps); }
  void live();  // back to the finished picture
  void live(int view);
  // "Step 12 of 36   predicted picture"; empty while the view is live.
  QString note(int view) const;
  // The step's picture on the stage; null while the view is live.
  const DeviceImage* stepImage(int view) const;

  bool playing() const { return timer_.isActive(); }
  void play();
  void stop();
  void toggle() { playing() ? stop() : play(); }
  bool loop() const { return loop_; }
  void setLoop(bool loop);

  // ---- branches ----
  QString whyNoBranch() const;  // empty: the step under the head can be branched off
  void branch();
  bool inBranch() const { return !session_.request().branches.empty(); }
  void select(TapeId id);  // shows it in the active view, as a step that can be undone
  void rename(TapeId id, const QString& name);
  QString whyNotClose(TapeId id) const;
  void close(TapeId id);  // as a step that can be undone
  bool closed(TapeId id) const { return closed_.contains(id); }
  void setClosed(TapeId id, bool closed);  // out of sight, or back
  void drop(TapeId id);                    // for good

  void save(TapeId id, const QString& path);
  void open(const QString& path);

 Q_SIGNALS:
  void tapeChanged();                                              // of the active view: another one, grown, complete
  void listChanged();                                              // tapes came, went or have other names
  void headMoved();                                                // of the active view
  void rowChanged();  // or the rows
  void playChanged();
  void stepShown(int view, const orrery::DeviceImage& image);      // put it on the stage
  void wentLive(int view);                                         // put the finished picture back
  void saved(const QString& path);

 private:
  void follow(int view);  // looks which tape the view has now
  bool staysAtStep(int view) const;
  void fetch(int view);
  void tick();
  void keep(TapeId id);
  TapeRow shownRow(int view, std::int64_t step) const;

  struct Shown {
    std::optional<TapeInfo> tape;
    int expected = 0;                 // its last step, once whole
    std::optional<DeviceImage> step;  // on the stage in place of the finished picture
    bool left = false;                // a newer request is under way; the step stays until its first picture
  };

  Session& session_;
  TapeBook& book_;
  StepPictures pictures_;
  std::array<Shown, Session::kMaxViews> shown_;
  QSet<TapeId> closed_;
  TapeRow row_ = TapeRow::prediction;
  std::vector<TapeRow> rows_{TapeRow::state, TapeRow::prediction};
  QTimer timer_;
  QElapsedTimer clock_;
  double played_ = 0.0;  // the head while it plays
  bool loop_ = false;
};

}  // namespace orrery::ui
