#include "ui/tokens/token_desk.h"

#include <QLocale>
#include <QPainter>
#include <QSettings>
#include <algorithm>
#include <cmath>

#include "ui/project/attached.h"
#include "ui/tape/tape_desk.h"
#include "ui/widgets/format.h"
#include "ui/widgets/picture.h"
#include "ui/widgets/picture_value.h"

namespace orrery::ui {

QString heatName(TokenHeat heat) {
  switch (heat) {
    case TokenHeat::none: return TokenDesk::tr("picture");
    case TokenHeat::probability: return TokenDesk::tr("confidence");
    case TokenHeat::entropy: return TokenDesk::tr("entropy");
    case TokenHeat::round: return TokenDesk::tr("order");
  }
  return {};
}

TokenDesk::TokenDesk(Session& session) : QObject(&session), session_(session) {
  brush_ = std::clamp(QSettings().value("tokens/brush", 1).toInt(), 1, kLargestBrush);
  later_.setSingleShot(true);
  later_.setInterval(0);
  connect(&later_, &QTimer::timeout, this, &TokenDesk::refresh);
  const auto soon = [this] { later_.start(); };
  auto& tape = attached<TapeDesk>(session_);
  connect(&tape, &TapeDesk::tapeChanged, this, soon);
  connect(&tape, &TapeDesk::headMoved, this, soon);
  connect(&session_, &Session::viewsChanged, this, [this] {
    readPins();
    later_.start();
  });
  connect(&session_, &Session::requestChanged, this, [this](int view) {
    if (view == session_.activeView()) readPins();
  });
  connect(&session_, &Session::viewModelChanged, this, [this](int view) {
    if (view != session_.activeView()) return;
    readPins();
    later_.start();
    Q_EMIT changed();
  });
  readPins();
  soon();
}

void TokenDesk::setOn(bool on) {
  if (on && !possible()) return session_.say(tr("This model has no tokens to work on."));
  if (on == on_) return;
  on_ = on;
  if (on) session_.setBrush(false);
  if (!on) setHover(-1);
  later_.start();
  Q_EMIT changed();
}

void TokenDesk::setHeat(TokenHeat heat) {
  heat_ = heat;
  later_.start();
  Q_EMIT changed();
}

void TokenDesk::setWatched(bool watched) {
  watched_ = watched;
  if (watched) later_.start();
}

void TokenDesk::setHover(int cell) {
  if (cell < -1 || cell >= rows() * cols()) cell = -1;
  if (std::exchange(hover_, cell) != cell) Q_EMIT hoverChanged();
}

void TokenDesk::moveHover(int dx, int dy) {
  if (!possible()) return;
  if (hover_ < 0) return setHover(rows() / 2 * cols() + cols() / 2);
  setHover(std::clamp(hover_ / cols() + dy, 0, rows() - 1) * cols() + std::clamp(hover_ % cols() + dx, 0, cols() - 1));
}

void TokenDesk::setBrush(int cells) {
  brush_ = std::clamp(cells, 1, kLargestBrush);
  QSettings().setValue("tokens/brush", brush_);
  Q_EMIT changed();
}

std::vector<int> TokenDesk::cellsUnderBrush(int cell) const {
  std::vector<int> cells;
  if (cell < 0 || cell >= rows() * cols()) return cells;
  const int before = (brush_ - 1) / 2, after = brush_ / 2, row = cell / cols(), col = cell % cols();
  for (int y = std::max(0, row - before); y <= std::min(rows() - 1, row + after); ++y) {
    for (int x = std::max(0, col - before); x <= std::min(cols() - 1, col + after); ++x) cells.push_back(y * cols() + x);
  }
  return cells;
}

// ---- what the model thinks ----

void TokenDesk::refresh() {
  const auto& tape = attached<TapeDesk>(session_);
  const TapeInfo* now = tape.tape();
  if (!possible() || !now || now->steps.empty()) {
    if (look_) {
      look_.reset();
      Q_EMIT lookChanged();
    }
    return;
  }
  wanted_ = {now->id, std::min<std::int64_t>(tape.step(), static_cast<std::int64_t>(now->steps.size()) - 1)};
  ask();
  askCodebook();
}

void TokenDesk::ask() {
  Tokens* tokens = session_.studio().tokens.get();
  if (!tokens || asking_ || wanted_ == asked_) return;
  // Nobody looks: the network has better things to do.
  if (!on() && heat_ == TokenHeat::none && !watched_) return;
  asking_ = true;
  asked_ = wanted_;
  session_.background<Result<TokenLook>>(
      this, [tokens, key = wanted_] { return tokens->look(key.first, key.second, kCandidates); },
      [this, key = wanted_](Result<TokenLook> result) {
        asking_ = false;
        if (result && key == wanted_) {
          look_ = std::move(result.value());
          Q_EMIT lookChanged();
        } else if (!result && result.error().code != ErrorCode::wrong_use) {  // the tape or the step went meanwhile
          session_.report(result.error());
        }
        if (wanted_ != asked_) ask();
      });
}

void TokenDesk::askCodebook() {
  Tokens* tokens = session_.studio().tokens.get();
  const ModelInfo* model = session_.model();
  if (!tokens || !model || asking_codebook_) return;
  const std::string key = model->id + " " + model->hash;
  if (key == codebook_asked_) return;
  codebook_asked_ = key;
  asking_codebook_ = true;
  session_.background<Result<Codebook>>(
      this, [tokens, request = session_.request()] { return tokens->codebook(request); },
      [this](Result<Codebook> result) {
        asking_codebook_ = false;
        if (!result) return session_.report(result.error());
        codebook_ = std::move(result.value());
        atlas_ = imageOf(codebook_->atlas);
        if (code_ >= codebook_->codes) code_ = -1;
        Q_EMIT codebookChanged();
        later_.start();  // the model may be another one by now
      });
}

QImage TokenDesk::patch(int code) const {
  if (!codebook_ || atlas_.isNull() || code < 0 || code >= codebook_->codes) return {};
  const int px = codebook_->patch_px;
  return atlas_.copy(code % codebook_->columns * px, code / codebook_->columns * px, px, px);
}

double TokenDesk::heatOf(int cell) const {
  if (!look_ || cell < 0 || cell >= static_cast<int>(look_->cells.size())) return -1.0;
  const TokenCell& at = look_->cells[static_cast<std::size_t>(cell)];
  switch (heat_) {
    case TokenHeat::none: return -1.0;
    case TokenHeat::probability: return at.code < 0 ? -1.0 : at.probability;
    case TokenHeat::entropy: return look_->codes > 1 ? at.entropy_bits / std::log2(static_cast<double>(look_->codes)) : -1.0;
    case TokenHeat::round: {
      const auto& tape = attached<TapeDesk>(session_);
      return at.came < 0 ? -1.0 : static_cast<double>(at.came) / std::max(1, tape.steps());
    }
  }
  return -1.0;
}

QStringList TokenDesk::describe(int cell) const {
  if (cell < 0 || cell >= rows() * cols()) return {};
  QStringList lines{tr("row %1, column %2").arg(cell / cols() + 1).arg(cell % cols() + 1)};
  if (!look_ || cell >= static_cast<int>(look_->cells.size())) return lines;
  const TokenCell& at = look_->cells[static_cast<std::size_t>(cell)];
  if (at.code < 0) lines << tr("not known yet");
  else if (at.came > 0) lines << tr("code %1, came in round %2").arg(at.code).arg(at.came);
  else lines << tr("code %1, known from the start").arg(at.code);
  if (pinned(cell)) lines.back() += tr(", pinned");
  if (at.code >= 0) lines << tr("confidence %1 %").arg(formatNumber(at.probability * 100.0, 1));
  lines << tr("entropy %1 bits").arg(formatNumber(at.entropy_bits, 2));
  return lines;
}

std::vector<int> TokenDesk::placesOf(int code) const {
  std::vector<int> cells;
  if (!look_) return cells;
  for (std::size_t cell = 0; cell < look_->cells.size(); ++cell) {
    if (look_->cells[cell].code == code) cells.push_back(static_cast<int>(cell));
  }
  return cells;
}

// ---- pins ----

void TokenDesk::readPins() {
  const auto cells = static_cast<std::size_t>(rows() * cols());
  std::vector<double> pins = possible() ? session_.request().get<std::vector<double>>(spec()->id, {}) : std::vector<double>();
  if (pins.size() != cells) pins.assign(cells, -1.0);
  if (pins == pins_) return;
  pins_ = std::move(pins);
  Q_EMIT pinsChanged();
}

int TokenDesk::pinnedCount() const {
  return static_cast<int>(std::count_if(pins_.begin(), pins_.end(), [](double code) { return code >= 0.0; }));
}

// What pinning a cell as it is would hold: its token, or where none is known yet the likeliest.
int TokenDesk::codeAt(int cell) const {
  if (pinned(cell)) return static_cast<int>(pins_[static_cast<std::size_t>(cell)]);
  if (!look_ || cell < 0 || cell >= static_cast<int>(look_->cells.size())) return -1;
  const TokenCell& at = look_->cells[static_cast<std::size_t>(cell)];
  return at.code >= 0 ? at.code : at.candidates.empty() ? -1 : at.candidates.front().code;
}

void TokenDesk::put(const std::vector<int>& cells, const std::vector<int>& codes) {
  if (!possible()) return;
  std::vector<double> next = pins_;
  bool unknown = false;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (codes[i] == -2) unknown = true;
    else next[static_cast<std::size_t>(cells[i])] = codes[i];
  }
  if (unknown) session_.say(tr("Wait for the picture, then pin."));
  if (next == pins_) return;
  session_.noteAction();
  const bool none = std::all_of(next.begin(), next.end(), [](double code) { return code < 0.0; });
  session_.setControl(spec()->id, none ? std::vector<double>{} : next);
}

void TokenDesk::pick(int code) {
  code_ = code_ == code ? -1 : code;
  Q_EMIT changed();
}

void TokenDesk::pin(int cell) {
  const int code = code_ >= 0 ? code_ : codeAt(cell);
  put({cell}, {code >= 0 ? code : -2});
}

void TokenDesk::free(int cell) { release({cell}); }

void TokenDesk::touch(int cell, bool pin) {
  const auto cells = cellsUnderBrush(cell);
  if (!pin) return release(cells);
  std::vector<int> codes;
  for (const int one : cells) {
    const int code = code_ >= 0 ? code_ : codeAt(one);
    codes.push_back(code < 0 ? -2 : code);
  }
  put(cells, codes);
}

// Lets pins go. What no pin holds but a photo comes under the photo's mask, which is where tokens are made anew.
void TokenDesk::release(const std::vector<int>& cells) {
  std::vector<int> held, kept;
  for (const int cell : cells) (pinned(cell) ? held : kept).push_back(cell);
  if (!held.empty()) put(held, std::vector<int>(held.size(), -1));
  const ControlSpec *photo = session_.firstOfKind(ControlKind::photo), *mask = session_.firstOfKind(ControlKind::mask);
  const ModelInfo* model = session_.model();
  if (kept.empty() || !photo || !mask || !model || session_.isNeutral(photo->id)) return;
  QImage painted = imageOfValue(session_.value(mask->id)).convertToFormat(QImage::Format_Grayscale8);
  if (painted.size() != QSize(model->width_px, model->height_px)) {
    painted = QImage(model->width_px, model->height_px, QImage::Format_Grayscale8);
    painted.fill(0);
  }
  const QImage before = painted.copy();
  QPainter painter(&painted);
  for (const int cell : kept) {
    const int left = cell % cols() * painted.width() / cols(), top = cell / cols() * painted.height() / rows();
    painter.fillRect(left, top, painted.width() / cols(), painted.height() / rows(), Qt::white);
  }
  painter.end();
  if (painted == before) return;
  session_.noteAction();
  session_.setControl(mask->id, valueOfImage(painted));
}

void TokenDesk::pinAll() {
  std::vector<int> cells, codes;
  for (int cell = 0; cell < rows() * cols(); ++cell) {
    const int code = codeAt(cell);
    cells.push_back(cell);
    codes.push_back(code >= 0 ? code : -2);
  }
  put(cells, codes);
  endGesture();
}

void TokenDesk::freeAll() {
  if (possible() && pinnedCount() > 0) session_.resetControl(spec()->id);
}

}  // namespace orrery::ui
