// The token canvas: the grid over the picture of the active view, and what the pointer and the keys do to its tokens.
#include <QKeyEvent>
#include <QMouseEvent>
#include <cmath>

#include "ui/project/attached.h"
#include "ui/stage/stage_core.h"
#include "ui/tape/tape_desk.h"
#include "ui/tokens/token_desk.h"
#include "ui/widgets/format.h"

namespace orrery::ui {

TokenDesk& StageCore::tokenDesk() const { return attached<TokenDesk>(session_); }

bool StageCore::tokening() const { return session_.stageMode() == StageMode::pictures && tokenDesk().on(); }

// The token under a place of the stage; -1: none.
int StageCore::tokenAt(const QPointF& at) const {
  const ModelInfo* model = session_.model();
  auto& desk = tokenDesk();
  if (!model || model->width_px <= 0 || viewAt(at) != (single() ? 0 : session_.activeView())) return -1;
  const QPointF place = inPicture(at);
  const int col = static_cast<int>(std::floor(place.x() * desk.cols() / model->width_px)), row = static_cast<int>(std::floor(place.y() * desk.rows() / model->height_px));
  return col < 0 || row < 0 || col >= desk.cols() || row >= desk.rows() ? -1 : row * desk.cols() + col;
}

bool StageCore::tokenPress(const QMouseEvent& event) {
  if (event.button() != Qt::LeftButton && event.button() != Qt::RightButton) return false;
  if (const int view = viewAt(event.position()); view >= 0 && !single()) session_.setActiveView(view);
  if (!tokening()) return true;  // the view's model has no tokens
  const int cell = tokenAt(event.position());
  if (cell < 0) return false;
  token_pins_ = event.button() == Qt::LeftButton;
  drag_ = Drag::tokens;
  tokenDesk().setHover(cell);
  tokenDesk().touch(cell, token_pins_);
  return true;
}

void StageCore::tokenMove(const QPointF& at) {
  const int cell = tokenAt(at);
  const bool other = cell != tokenDesk().hover();
  tokenDesk().setHover(cell);
  if (drag_ == Drag::tokens && cell >= 0 && other) tokenDesk().touch(cell, token_pins_);
}

bool StageCore::tokenKey(const QKeyEvent& event) {
  auto& desk = tokenDesk();
  switch (event.key()) {
    case Qt::Key_Left: return desk.moveHover(-1, 0), true;
    case Qt::Key_Right: return desk.moveHover(1, 0), true;
    case Qt::Key_Up: return desk.moveHover(0, -1), true;
    case Qt::Key_Down: return desk.moveHover(0, 1), true;
    case Qt::Key_Return:
    case Qt::Key_Enter:
      if (desk.hover() >= 0) desk.touch(desk.hover(), true), desk.endGesture();
      return true;
    case Qt::Key_Delete:
    case Qt::Key_Backspace:
      if (desk.hover() >= 0) desk.touch(desk.hover(), false), desk.endGesture();
      return true;
    case Qt::Key_A: return desk.pinAll(), true;
    case Qt::Key_N: return desk.freeAll(), true;
    case Qt::Key_E: return desk.setHeat(static_cast<TokenHeat>((static_cast<int>(desk.heat()) + 1) % kTokenHeats)), true;
    case Qt::Key_BracketLeft: return desk.setBrush(desk.brush() - 1), true;
    case Qt::Key_BracketRight: return desk.setBrush(desk.brush() + 1), true;
    case Qt::Key_Escape: return desk.setOn(false), true;
    default: return false;
  }
}

void StageCore::addTokens(OverlayModel& model) const {
  const auto& desk = tokenDesk();
  const auto size = picture_sizes_.find(session_.activeView());
  if (size == picture_sizes_.end() || desk.rows() <= 0) return;
  OverlayTokens tokens;
  tokens.within = viewRect(session_.activeView());
  const auto& transform = transforms_[single() ? 0 : session_.activeView()];
  const QRectF picture = transform.pictureRect();
  tokens.picture = {picture.topLeft() / ratio_, picture.size() / ratio_};
  tokens.rows = desk.rows(), tokens.cols = desk.cols();
  const TokenLook* look = desk.look();
  const auto marked = desk.code() >= 0 ? desk.placesOf(desk.code()) : std::vector<int>();
  for (int cell = 0; cell < tokens.rows * tokens.cols; ++cell) {
    OverlayTokens::Cell shown;
    shown.pinned = desk.pinned(cell);
    shown.masked = look && cell < static_cast<int>(look->cells.size()) && look->cells[static_cast<std::size_t>(cell)].code < 0;
    shown.heat = desk.heatOf(cell);
    tokens.cells.push_back(shown);
  }
  for (const int cell : marked) tokens.cells[static_cast<std::size_t>(cell)].marked = true;
  if (const int cell = desk.hover(); cell >= 0) {
    tokens.hovered = desk.cellsUnderBrush(cell);
    tokens.lines = desk.describe(cell);
    if (look && cell < static_cast<int>(look->cells.size())) {
      for (const auto& candidate : look->cells[static_cast<std::size_t>(cell)].candidates) {
        tokens.candidates.push_back({candidate.code, candidate.probability, tr("%1   %2 %").arg(candidate.code).arg(formatNumber(candidate.probability * 100.0, 1))});
      }
    }
  }
  if (const Codebook* book = desk.codebook()) {
    tokens.atlas_slot = kAtlasSlot;
    tokens.atlas_px = {book->atlas.width_px, book->atlas.height_px};
    tokens.atlas_columns = book->columns, tokens.patch_px = book->patch_px;
  }
  if (tokening()) {
    const QString what = desk.code() >= 0 ? tr("Paint code %1: it stays where you put it").arg(desk.code()) : tr("Click pins a token: it stays, the rest is made anew");
    model.chips.push_back({OverlayChip::Corner::top_right, tokens.within, {what, tr("right click  let go     A  pin all     N  none     [ ]  brush %1     E  %2     T  done").arg(desk.brush()).arg(heatName(desk.heat()))}, 1.0});
  } else {
    model.chips.push_back({OverlayChip::Corner::top_right, tokens.within, {heatName(desk.heat())}, 1.0});
  }
  model.tokens = std::move(tokens);
}

}  // namespace orrery::ui
