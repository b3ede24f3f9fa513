#include "ui/tape/tape_panel.h"

#include <QFileDialog>
#include <QHBoxLayout>
#include <QMenu>
#include <QPushButton>
#include <QStackedLayout>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "ui/project/attached.h"
#include "ui/project/user_folders.h"
#include "ui/style/icons.h"
#include "ui/tape/film_strip.h"
#include "ui/tape/step_facts.h"
#include "ui/tape/tape_tree.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/scrub_track.h"
#include "ui/widgets/tight.h"

namespace orrery::ui {
namespace {

constexpr TapeRow kRows[] = {TapeRow::state, TapeRow::prediction, TapeRow::difference, TapeRow::noise};
constexpr int kTreePx = 148;
constexpr double kUsualSpan = 0.002 / 80.0;  // of σ

// The level on a logarithmic scale, from the smallest one above zero (0) to the largest (1): σ falls by five powers of ten.
std::vector<float> levelCurve(const TapeInfo& tape) {
  double low = 0.0, high = 0.0;
  for (const auto& step : tape.steps) {
    if (!(step.level > 0.0)) continue;
    low = low > 0.0 ? std::min(low, step.level) : step.level;
    high = std::max(high, step.level);
  }
  // While it grows, as if it went on to where schedules usually end: the curve does not shrink while one looks at it.
  if (!tape.complete) low = std::min(low, high * kUsualSpan);
  std::vector<float> curve;
  for (const auto& step : tape.steps) {
    const bool flat = !(high > low);
    curve.push_back(!(step.level > 0.0) ? 0.0F : flat ? 1.0F : static_cast<float>(0.04 + 0.96 * std::log(step.level / low) / std::log(high / low)));
  }
  return curve;
}

QString levelText(double level) { return level <= 0.0 ? QStringLiteral("0") : formatNumber(level, level < 0.0995 ? 4 : level < 9.95 ? 3 : level < 99.5 ? 2 : 1); }

}  // namespace

TapePanel::TapePanel(Session& session, QWidget* parent) : QWidget(parent), session_(session), desk_(attached<TapeDesk>(session)) {
  setAccessibleName(tr("Tape"));
  strip_ = new FilmStrip(desk_, session);
  track_ = new ScrubTrack;
  track_->setAccessibleName(tr("Step"));
  track_->setAccessibleDescription(tr("Goes through the steps of the tape; the right end is the finished picture."));
  track_->setToolTip(tr("Every step from pure noise to the finished picture; the curve is the noise level σ on a logarithmic scale."));
  facts_ = new StepFacts;
  tree_ = new TapeTree(desk_, session);
  tree_->setFixedWidth(kTreePx);

  auto* film = new QWidget;
  auto* film_column = tight(new QVBoxLayout(film), 2);
  auto* track_row = new QHBoxLayout;
  track_row->setContentsMargins(19, 0, 1, 0);  // the head stands over the pictures, not over the rows' signs
  track_row->addWidget(track_);
  film_column->addLayout(track_row);
  film_column->addWidget(strip_, 1);
  auto* middle = new QWidget;
  auto* middle_row = tight(new QHBoxLayout(middle), 8);
  middle_row->addWidget(tree_);
  middle_row->addWidget(film, 1);
  auto* content = new QWidget;
  auto* column = new QVBoxLayout(content);
  column->setContentsMargins(8, 2, 8, 4);
  column->setSpacing(2);
  column->addWidget(makeBar());
  column->addWidget(middle, 1);
  column->addWidget(facts_);
  none_ = new EmptyState(QStringLiteral("tape"), tr("Models that paint in one step have no tape."));
  waiting_ = new EmptyState(QStringLiteral("tape"), tr("The steps of the picture appear here as soon as it is painted."));
  pages_ = new QStackedLayout(this);
  pages_->setContentsMargins(0, 0, 0, 0);
  for (QWidget* page : {content, none_, waiting_}) pages_->addWidget(page);

  connect(track_, &QAbstractSlider::valueChanged, this, [this](int step) {
    desk_.stop();
    desk_.scrub(step);
  });
  connect(&desk_, &TapeDesk::tapeChanged, this, &TapePanel::refresh);
  connect(&desk_, &TapeDesk::headMoved, this, &TapePanel::refreshHead);
  connect(&desk_, &TapeDesk::rowChanged, this, &TapePanel::refreshRows);
  connect(&desk_, &TapeDesk::listChanged, this, &TapePanel::refreshList);
  connect(&desk_, &TapeDesk::playChanged, this, &TapePanel::refreshHead);
  connect(&session_, &Session::viewModelChanged, this, &TapePanel::refresh);
  connect(&session_, &Session::requestChanged, this, &TapePanel::refreshHead);
  const auto menu = [this](const QPoint& at) {
    QMenu menu(this);
    fillMenu(menu);
    menu.exec(at);
  };
  connect(strip_, &FilmStrip::menuWanted, this, menu);
  connect(tree_, &TapeTree::menuWanted, this, menu);
  refreshRows();
  refreshList();
  refresh();
}

QWidget* TapePanel::makeBar() {
  auto* bar = new QWidget;
  auto* row = tight(new QHBoxLayout(bar), 2);
  start_ = makeIconButton(QStringLiteral("skip-start"), tr("To the start: pure noise (Home)"));
  play_ = makeIconButton(QStringLiteral("play"), tr("Play the steps (Space)"));
  end_ = makeIconButton(QStringLiteral("skip-end"), tr("Back to the finished picture (End)"));
  loop_ = makeIconButton(QStringLiteral("loop"), tr("Loop"));
  loop_->setCheckable(true);
  for (QToolButton* button : {start_, play_, end_, loop_}) row->addWidget(button);
  row->addSpacing(10);
  for (const TapeRow which : kRows) {
    auto* button = new QToolButton;
    button->setText(rowSymbol(which));
    button->setCheckable(true);
    button->setFixedSize(30, 24);
    button->setAccessibleName(tr("Row: %1").arg(rowName(which)));
    button->setFocusPolicy(Qt::TabFocus);
    rows_[static_cast<std::size_t>(which)] = button;
    row->addWidget(button);
    connect(button, &QToolButton::clicked, this, [this, which](bool on) { toggleRow(which, on); });
  }
  row->addStretch(1);
  branch_ = makeButton(tr("Branch here"));
  branch_->setIcon(icon(QStringLiteral("branch")));
  branch_->setObjectName(QStringLiteral("branch_here"));
  more_ = makeIconButton(QStringLiteral("more"), tr("Save, export, close"));
  more_->setPopupMode(QToolButton::InstantPopup);
  auto* menu = new QMenu(more_);
  connect(menu, &QMenu::aboutToShow, this, [this, menu] {
    menu->clear();
    fillMenu(*menu);
  });
  more_->setMenu(menu);
  row->addWidget(branch_);
  row->addSpacing(4);
  row->addWidget(more_);

  connect(start_, &QToolButton::clicked, this, [this] {
    desk_.stop();
    desk_.scrub(0);
  });
  connect(play_, &QToolButton::clicked, &desk_, &TapeDesk::toggle);
  connect(end_, &QToolButton::clicked, this, [this] { desk_.live(); });
  connect(loop_, &QToolButton::clicked, &desk_, &TapeDesk::setLoop);
  connect(branch_, &QPushButton::clicked, &desk_, &TapeDesk::branch);
  return bar;
}

TapeId TapePanel::chosen() const {
  if (tree_->isVisible() && tree_->current() != 0) return tree_->current();
  return desk_.tape() ? desk_.tape()->id : 0;
}

void TapePanel::fillMenu(QMenu& menu) {
  const TapeId id = chosen();
  const QString why_not_branch = desk_.whyNoBranch();
  QAction* branch = menu.addAction(icon(QStringLiteral("branch")), tr("Branch here"), &desk_, &TapeDesk::branch);
  branch->setEnabled(why_not_branch.isEmpty());
  branch->setToolTip(why_not_branch);
  menu.addAction(icon(QStringLiteral("pencil")), tr("Rename..."), this, [this] {
    refreshList();
    tree_->show();
    tree_->editCurrent();
  })->setEnabled(id != 0);
  menu.addSeparator();
  menu.addAction(icon(QStringLiteral("save")), tr("Save tape..."), this, [this, id] { saveTape(id); })->setEnabled(id != 0);
  menu.addAction(icon(QStringLiteral("film")), tr("Export strip or film..."), this, [this] { session_.openSheet(QStringLiteral("export"), {QStringLiteral("tape")}); })->setEnabled(desk_.tape() != nullptr);
  menu.addSeparator();
  const QString why_not_close = desk_.whyNotClose(id);
  QAction* close = menu.addAction(icon(QStringLiteral("close")), tr("Close tape"), this, [this, id] { desk_.close(id); });
  close->setEnabled(why_not_close.isEmpty());
  close->setToolTip(why_not_close);
  menu.setToolTipsVisible(true);
}

void TapePanel::saveTape(TapeId id) {
  const TapeInfo* info = desk_.book().find(id);
  if (!info) return;
  auto* dialog = new QFileDialog(this, tr("Save the tape"), exportsFolder(), tr("Tapes (*.otape)"));
  dialog->setObjectName(QStringLiteral("save_tape"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setModal(false);
  dialog->setAcceptMode(QFileDialog::AcceptSave);
  dialog->setDefaultSuffix(QStringLiteral("otape"));
  dialog->selectFile(fileNameFrom(QString::fromStdString(info->model_name + " " + info->name)) + QStringLiteral(".otape"));
  connect(dialog, &QFileDialog::fileSelected, this, [this, id](const QString& path) { desk_.save(id, path); });
  dialog->show();
}

void TapePanel::toggleRow(TapeRow row, bool on) {
  std::vector<TapeRow> rows;
  for (const TapeRow one : kRows) {
    const bool was = std::find(desk_.chosenRows().begin(), desk_.chosenRows().end(), one) != desk_.chosenRows().end();
    if (one == row ? on : was) rows.push_back(one);
  }
  if (rows.empty()) rows.push_back(row);  // one at least
  desk_.setRows(rows);
  if (on) desk_.setRow(row);
  else if (desk_.row() == row) desk_.setRow(rows.front());
  refreshRows();
}

void TapePanel::refreshRows() {
  const TapeInfo* tape = desk_.tape();
  for (const TapeRow row : kRows) {
    QToolButton* button = rowButton(row);
    const bool has = !tape || std::find(tape->rows.begin(), tape->rows.end(), row) != tape->rows.end();
    button->setChecked(std::find(strip_->rows().begin(), strip_->rows().end(), row) != strip_->rows().end());
    button->setEnabled(has);
    button->setToolTip(has ? rowHelp(row) : tr("This process has no such row."));
  }
  refreshHead();
}

void TapePanel::refresh() {
  const TapeInfo* tape = desk_.tape();
  const bool iterates = desk_.iterates(session_.activeView());
  pages_->setCurrentWidget(tape && tape->steps.size() > 1 ? pages_->widget(0) : iterates ? waiting_ : none_);
  {
    const QSignalBlocker blocker(track_);
    track_->setRange(0, std::max(1, desk_.steps()));
    track_->setCurve(tape ? levelCurve(*tape) : std::vector<float>());
    track_->setReached(desk_.recorded());
    track_->setPageStep(std::max(1, desk_.steps() / 10));
  }
  refreshList();
  refreshRows();
}

void TapePanel::refreshList() {
  const auto tapes = desk_.tapesOfModel();
  tree_->setVisible(tapes.size() > 1 || (tapes.size() == 1 && tapes.front()->kept));
  const TapeInfo* now = desk_.tape();
  std::vector<int> marks;
  for (const TapeInfo* tape : tapes) {
    if (now && (tape->parent == now->id || (tape->id == now->id && !tape->request.branches.empty()))) marks.push_back(static_cast<int>(tape->branch_step));
  }
  track_->setMarks(marks);
}

void TapePanel::refreshHead() {
  const TapeInfo* tape = desk_.tape();
  const int step = desk_.step();
  {
    const QSignalBlocker blocker(track_);
    track_->setSliderPosition(step);
    track_->setValue(step);
  }
  track_->setLit(desk_.scrubbing());
  const bool playing = desk_.playing();
  play_->setIcon(icon(playing ? QStringLiteral("pause") : QStringLiteral("play")));
  play_->setAccessibleName(playing ? tr("Pause") : tr("Play the steps"));
  play_->setToolTip(playing ? tr("Pause (Space)") : tr("Play the steps (Space)"));
  loop_->setChecked(desk_.loop());
  end_->setEnabled(desk_.scrubbing());
  const QString why = desk_.whyNoBranch();
  branch_->setEnabled(why.isEmpty());
  branch_->setToolTip(why.isEmpty() ? tr("From here on another way: controls then change only what comes after step %1 (Shift+B)").arg(step) : why);
  if (!tape || tape->steps.empty()) return facts_->setFacts({});
  const TapeStep& facts = tape->steps[static_cast<std::size_t>(std::clamp(step, 0, desk_.recorded()))];
  const QString all = QString::number(desk_.steps());
  facts_->setFacts({{tr("Step"), tr("%1 of %2").arg(step).arg(all), tr("%1 of %1").arg(all)},
                    desk_.ofTokens() ? StepFacts::Fact{tr("masked"), tr("%1 %").arg(formatNumber(facts.level * 100.0, 0)), tr("100 %")} : StepFacts::Fact{QStringLiteral("σ"), levelText(facts.level), QStringLiteral("80.000")},
                    {tr("evaluations"), QString::number(facts.evaluations), QString::number(tape->steps.back().evaluations)},
                    {tr("output"), formatNumber(facts.output_norm, 3), QStringLiteral("0.000")},
                    {tr("time"), withUnit(formatNumber(facts.elapsed_ms, facts.elapsed_ms < 99.5 ? 1 : 0), tr("ms")), QStringLiteral("00000 ms")}});
  const auto& branches = session_.request().branches;
  facts_->setNote(branches.empty() ? QString() : tr("Controls act after step %1").arg(branches.back().step));
}

}  // namespace orrery::ui
