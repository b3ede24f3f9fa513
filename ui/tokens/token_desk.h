// What is done with the tokens of the active view, whoever asks for it (the canvas, the list beside it, keys): pins, lets go, paints codes; and
// fetches what the model thinks of them at the step that is looked at. Hangs on the Session: attached<TokenDesk>(session).
#pragma once

#include <QImage>
#include <QObject>
#include <QTimer>
#include <optional>
#include <vector>

#include "engine/api/tokens.h"
#include "ui/session/session.h"

namespace orrery::ui {

// What the grid is coloured by.
enum class TokenHeat { none, probability, entropy, round };
inline constexpr int kTokenHeats = 4;
QString heatName(TokenHeat heat);

class TokenDesk : public QObject {
  Q_OBJECT

 public:
  static constexpr int kCandidates = 8;
  static constexpr int kLargestBrush = 8;

  explicit TokenDesk(Session& session);

  // ---- the canvas ----
  bool possible() const { return spec() != nullptr; }  // the active view's model has tokens to pin
  const ControlSpec* spec() const { return session_.firstOfKind(ControlKind::token_grid); }
  bool on() const { return on_ && possible(); }  // the pointer works on tokens
  void setOn(bool on);
  TokenHeat heat() const { return heat_; }
  void setHeat(TokenHeat heat);
  void setWatched(bool watched);  // a list shows what the model thinks, also while the canvas is off
  int rows() const { return spec() ? spec()->rows : 0; }
  int cols() const { return spec() ? spec()->cols : 0; }
  int hover() const { return hover_; }  // the cell under the pointer or the keys; -1: none
  void setHover(int cell);
  void moveHover(int dx, int dy);
  int brush() const { return brush_; }  // cells to a side
  void setBrush(int cells);
  std::vector<int> cellsUnderBrush(int cell) const;

  // ---- what the model thinks ----
  // Of the step that the active view shows; null until the engine has said.
  const TokenLook* look() const { return look_ ? &*look_ : nullptr; }
  const Codebook* codebook() const { return codebook_ ? &*codebook_ : nullptr; }
  QImage patch(int code) const;  // null without a codebook
  // Cell's heat in [0, 1], or less than 0 where there is none.
  double heatOf(int cell) const;
  QStringList describe(int cell) const;  // for the canvas and for screen readers

  // ---- pins; every gesture is one step of the history ----
  const std::vector<double>& pins() const { return pins_; }  // one for each cell, -1: free
  bool pinned(int cell) const { return cell >= 0 && cell < static_cast<int>(pins_.size()) && pins_[static_cast<std::size_t>(cell)] >= 0.0; }
  int pinnedCount() const;
  int code() const { return code_; }  // picked from the codebook to paint with; -1: tokens are pinned as they are
  void pick(int code);
  void pin(int cell);             // as it is, or with the picked code
  void free(int cell);            // to be made anew; where a photo is, a token that is not pinned comes under its mask
  void touch(int cell, bool pin);  // all cells under the brush
  void endGesture() { session_.endGesture(); }
  void pinAll();
  void freeAll();
  // The cells whose token is this code at the step that is looked at.
  std::vector<int> placesOf(int code) const;

 Q_SIGNALS:
  void changed();         // on, heat, brush, picked code
  void hoverChanged();
  void pinsChanged();
  void lookChanged();
  void codebookChanged();

 private:
  void refresh();
  void readPins();
  void ask();
  void askCodebook();
  void put(const std::vector<int>& cells, const std::vector<int>& codes);
  void release(const std::vector<int>& cells);
  int codeAt(int cell) const;

  Session& session_;
  bool on_ = false, watched_ = false;
  TokenHeat heat_ = TokenHeat::none;
  int hover_ = -1, brush_ = 1, code_ = -1;
  std::vector<double> pins_;
  std::optional<TokenLook> look_;
  std::optional<Codebook> codebook_;
  QImage atlas_;
  std::pair<TapeId, std::int64_t> wanted_{0, 0}, asked_{0, 0};
  bool asking_ = false, asking_codebook_ = false;
  std::string codebook_asked_;
  QTimer later_;
};

}  // namespace orrery::ui
