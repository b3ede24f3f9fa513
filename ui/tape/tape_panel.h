// The dock "Tape": how the picture in view came about, step by step. Strip, head, rows, numbers, branches; saving and exporting.
#pragma once

#include <QWidget>
#include <array>

#include "ui/tape/tape_desk.h"

class QMenu;
class QPushButton;
class QStackedLayout;
class QToolButton;

namespace orrery::ui {

class FilmStrip;
class ScrubTrack;
class StepFacts;
class TapeTree;

class TapePanel : public QWidget {
  Q_OBJECT

 public:
  explicit TapePanel(Session& session, QWidget* parent = nullptr);

  TapeDesk& desk() { return desk_; }
  FilmStrip& strip() { return *strip_; }
  ScrubTrack& track() { return *track_; }
  StepFacts& facts() { return *facts_; }
  TapeTree& tree() { return *tree_; }
  QToolButton* rowButton(TapeRow row) const { return rows_[static_cast<std::size_t>(row)]; }

 private:
  QWidget* makeBar();
  void fillMenu(QMenu& menu);
  void refresh();      // another tape, or more of it
  void refreshHead();
  void refreshList();
  void refreshRows();
  void toggleRow(TapeRow row, bool on);
  void saveTape(TapeId id);
  TapeId chosen() const;  // the tape that menus act on

  Session& session_;
  TapeDesk& desk_;
  QStackedLayout* pages_;
  QWidget *none_, *waiting_;
  FilmStrip* strip_;
  ScrubTrack* track_;
  StepFacts* facts_;
  TapeTree* tree_;
  QToolButton *play_ = nullptr, *loop_ = nullptr, *start_ = nullptr, *end_ = nullptr, *more_ = nullptr;
  QPushButton* branch_ = nullptr;
  std::array<QToolButton*, 4> rows_{};
};

}  // namespace orrery::ui
