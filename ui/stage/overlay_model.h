// What lies over the pictures, as a value in logical pixels: the same for the ImGui overlay and the software viewer.
#pragma once

#include <QColor>
#include <QImage>
#include <QLineF>
#include <QPointF>
#include <QRectF>
#include <QSize>
#include <QStringList>
#include <optional>
#include <vector>

namespace orrery::ui {

struct OverlayChip {
  enum class Corner { bottom_left, top_left, top_right, top_middle, bottom_middle, middle } corner = Corner::bottom_left;
  QRectF within;  // the view
  QStringList lines;
  double opacity = 1.0;
};

// A small map of latent space with the place in its middle; dragging in it goes there.
struct OverlayPad {
  QRectF rect;
  double x = 0.0, y = 0.0;  // the place, in seeds
  double seeds_across = 4.0;
  std::vector<QPointF> trail;                  // places, oldest first
  std::vector<std::pair<int, QPointF>> marks;  // stored positions: number and place
  double opacity = 1.0;
  bool active = false;

  QPointF toPx(const QPointF& place) const { return rect.center() + QPointF(place.x() - x, y - place.y()) * (rect.width() / seeds_across); }
};

struct OverlayLens {
  QPointF cursor;
  QRectF within;
  int slot = 0;
  QPointF picture_px;  // under the cursor
  QSize picture_size;
  QString text;  // "x 12  y 40   #f2a65a"
};

// The mask over the picture that it is painted on, and the brush.
struct OverlayMask {
  QRectF within;           // the view
  QRectF picture;          // where the picture lies, all of it
  QImage mask;             // 255: made anew; null: none
  bool painting = false;
  bool brush = false;      // the pointer is over the picture
  QPointF cursor;
  double radius_px = 0.0;  // on the stage
  bool erases = false;

  // Where `runs` of painted pixels lie, row by row.
  std::vector<QRectF> runs() const;
  // The border of what is painted, as lines along the pixels.
  std::vector<QLineF> edges() const;
};
inline constexpr QRgb kMaskPaint = 0xffff5a5a, kMaskErase = 0xff5aa0ff;

// The tokens of the picture in view: the grid, what is pinned, where the pointer is, and what the model would put there.
struct OverlayTokens {
  struct Cell {
    bool pinned = false, masked = false, marked = false;  // marked: uses the code that is picked
    double heat = -1.0;                                   // in [0, 1]; less: none
  };
  struct Candidate {
    int code = 0;
    double probability = 0.0;
    QString text;
  };
  QRectF within, picture;  // the view, the whole picture
  int rows = 0, cols = 0;
  std::vector<Cell> cells;
  std::vector<int> hovered;  // under the brush
  QStringList lines;         // about the cell in its middle
  std::vector<Candidate> candidates;
  int atlas_slot = -1;       // < 0: no codebook yet
  QSize atlas_px;
  int atlas_columns = 1, patch_px = 1;

  QRectF cellRect(int cell) const {
    const double w = picture.width() / cols, h = picture.height() / rows;
    return {picture.left() + cell % cols * w, picture.top() + cell / cols * h, w, h};
  }
  QRectF patchOf(int code) const { return QRectF(code % atlas_columns * patch_px, code / atlas_columns * patch_px, patch_px, patch_px); }
  // Where the card about the hovered cell lies, and its parts.
  QRectF cardRect(double text_width, double line_height) const;
  QRectF candidateRect(const QRectF& card, int index, double line_height) const;
};
inline constexpr double kTokenPatchSide = 20.0;
// From dark to the accent.
QColor heatColor(double heat, const QColor& accent);

struct OverlayModel {
  std::vector<OverlayChip> chips;
  std::optional<OverlayMask> mask;  // under the rest
  std::optional<OverlayTokens> tokens;
  std::optional<OverlayPad> pad;
  std::optional<OverlayLens> lens;
  QColor accent, text, dim, back;
};

// Where a chip of this size lies.
QRectF chipRect(const OverlayChip& chip, const QSizeF& text_size);
// The pixels the lens shows, in picture pixels, and where it lies on the stage.
inline constexpr int kLensPixels = 11;
inline constexpr double kLensSide = 132.0;
QRectF lensRect(const OverlayLens& lens);

}  // namespace orrery::ui
