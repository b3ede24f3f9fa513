#include <imgui.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "ui/stage/overlay_draw.h"

namespace orrery::ui {
namespace {

ImU32 packed(const QColor& color, double opacity = 1.0) {
  return IM_COL32(color.red(), color.green(), color.blue(), static_cast<int>(std::min(1.0, color.alphaF() * opacity) * 255.0));
}
ImVec2 at(const QPointF& point) { return {static_cast<float>(point.x()), static_cast<float>(point.y())}; }

void drawChip(ImDrawList& list, const OverlayModel& model, const OverlayChip& chip) {
  QSizeF size;
  std::vector<QByteArray> lines;
  for (const auto& line : chip.lines) {
    lines.push_back(line.toUtf8());
    const ImVec2 wide = ImGui::CalcTextSize(lines.back().constData());
    size = {std::max(size.width(), static_cast<double>(wide.x)), size.height() + ImGui::GetTextLineHeight()};
  }
  const QRectF rect = chipRect(chip, size);
  list.AddRectFilled(at(rect.topLeft()), at(rect.bottomRight()), packed(model.back, chip.opacity), 5.0f);
  QPointF pen = rect.topLeft() + QPointF(8, 5);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    pen.setX(std::round(pen.x())), pen.setY(std::round(pen.y()));
    list.AddText(at(pen), packed(i == 0 ? model.text : model.dim, chip.opacity), lines[i].constData());
    pen.ry() += ImGui::GetTextLineHeight();
  }
}

void drawPad(ImDrawList& list, const OverlayModel& model, const OverlayPad& pad) {
  list.AddRectFilled(at(pad.rect.topLeft()), at(pad.rect.bottomRight()), packed(model.back, pad.opacity), 6.0f);
  list.PushClipRect(at(pad.rect.topLeft()), at(pad.rect.bottomRight()), true);
  const double half = pad.seeds_across / 2;
  for (double sx = std::ceil(pad.x - half); sx <= pad.x + half; sx += 1.0) {
    for (double sy = std::ceil(pad.y - half); sy <= pad.y + half; sy += 1.0) {
      list.AddCircleFilled(at(pad.toPx({sx, sy})), 1.6f, packed(model.dim, 0.75 * pad.opacity), 8);
    }
  }
  for (std::size_t i = 1; i < pad.trail.size(); ++i) {
    const double age = static_cast<double>(i) / static_cast<double>(pad.trail.size());
    list.AddLine(at(pad.toPx(pad.trail[i - 1])), at(pad.toPx(pad.trail[i])), packed(model.accent, age * 0.9 * pad.opacity), 1.5f);
  }
  for (const auto& [number, place] : pad.marks) {
    const QPointF middle = pad.toPx(place);
    if (!pad.rect.contains(middle)) continue;
    const QByteArray text = QByteArray::number(number);
    const ImVec2 size = ImGui::CalcTextSize(text.constData());
    list.AddCircleFilled(at(middle), 8.0f, packed(model.accent, 0.25 * pad.opacity), 16);
    list.AddText({static_cast<float>(std::round(middle.x() - size.x / 2)), static_cast<float>(std::round(middle.y() - size.y / 2))},
                 packed(model.text, pad.opacity), text.constData());
  }
  const ImVec2 middle = at(pad.rect.center());
  list.AddCircleFilled(middle, pad.active ? 5.5f : 4.5f, packed(model.accent, pad.opacity), 20);
  list.AddCircle(middle, pad.active ? 5.5f : 4.5f, packed(model.back, pad.opacity), 20, 1.0f);
  list.PopClipRect();
}

void drawLens(ImDrawList& list, const OverlayModel& model, const OverlayLens& lens, unsigned texture) {
  const QRectF rect = lensRect(lens);
  const QRectF square(rect.topLeft(), QSizeF(kLensSide, kLensSide));
  list.AddRectFilled(at(rect.topLeft()), at(rect.bottomRight()), packed(model.back, 1.1), 6.0f);
  const QPointF first =
      QPointF(std::floor(lens.picture_px.x()), std::floor(lens.picture_px.y())) - QPointF(kLensPixels / 2, kLensPixels / 2);
  const double w = lens.picture_size.width(), h = lens.picture_size.height();
  // Cut to the picture: outside it there is nothing to show.
  const QRectF wanted(first, QSizeF(kLensPixels, kLensPixels));
  const QRectF shown = wanted & QRectF(0, 0, w, h);
  const double cell = kLensSide / kLensPixels;
  const QPointF corner = square.topLeft() + (shown.topLeft() - wanted.topLeft()) * cell;
  if (!shown.isEmpty()) {
    list.AddImage(reinterpret_cast<ImTextureID>(static_cast<std::uintptr_t>(texture)), at(corner),
                  at(corner + QPointF(shown.width() * cell, shown.height() * cell)), at({shown.left() / w, shown.top() / h}),
                  at({shown.right() / w, shown.bottom() / h}));
  }
  list.AddRect(at(rect.topLeft()), at(rect.bottomRight()), packed(model.text, 0.5), 6.0f, 0, 1.0f);
  const QPointF middle = square.topLeft() + QPointF(kLensPixels / 2, kLensPixels / 2) * cell;
  list.AddRect(at(middle - QPointF(1, 1)), at(middle + QPointF(cell + 1, cell + 1)), packed(Qt::black), 0.0f, 0, 1.0f);
  list.AddRect(at(middle), at(middle + QPointF(cell, cell)), packed(model.accent), 0.0f, 0, 1.0f);
  const QByteArray text = lens.text.toUtf8();
  const ImVec2 size = ImGui::CalcTextSize(text.constData());
  list.AddText(
      {static_cast<float>(std::round(rect.center().x() - size.x / 2)), static_cast<float>(std::round(square.bottom() + 12 - size.y / 2))},
      packed(model.text), text.constData());
}

void drawMask(ImDrawList& list, const OverlayMask& mask) {
  list.PushClipRect(at(mask.within.topLeft()), at(mask.within.bottomRight()), true);
  const QColor paint(kMaskPaint), erase(kMaskErase);
  // Rectangles that touch must not be smoothed at their edges.
  const ImDrawListFlags flags = list.Flags;
  list.Flags &= ~ImDrawListFlags_AntiAliasedFill;
  for (const QRectF& run : mask.runs()) list.AddRectFilled(at(run.topLeft()), at(run.bottomRight()), packed(paint, mask.painting ? 0.4 : 0.22));
  list.Flags = flags;
  for (const QLineF& edge : mask.edges()) list.AddLine(at(edge.p1()), at(edge.p2()), packed(paint, 0.9), 1.0f);
  if (mask.brush) {
    list.AddCircle(at(mask.cursor), static_cast<float>(std::max(2.0, mask.radius_px)), packed(Qt::black, 0.5), 0, 3.0f);
    list.AddCircle(at(mask.cursor), static_cast<float>(std::max(2.0, mask.radius_px)), packed(mask.erases ? erase : paint), 0, 1.5f);
  }
  list.PopClipRect();
}

void drawTokens(ImDrawList& list, const OverlayTokens& tokens, const OverlayModel& model) {
  list.PushClipRect(at(tokens.within.topLeft()), at(tokens.within.bottomRight()), true);
  const ImDrawListFlags flags = list.Flags;
  list.Flags &= ~ImDrawListFlags_AntiAliasedFill;
  for (int i = 0; i < static_cast<int>(tokens.cells.size()); ++i) {
    const auto& cell = tokens.cells[static_cast<std::size_t>(i)];
    const QRectF rect = tokens.cellRect(i);
    if (cell.heat >= 0.0) list.AddRectFilled(at(rect.topLeft()), at(rect.bottomRight()), packed(heatColor(cell.heat, model.accent), 0.72));
    if (cell.masked) list.AddRectFilled(at(rect.topLeft()), at(rect.bottomRight()), packed(model.back, 0.6));
  }
  list.Flags = flags;
  const ImU32 thin = packed(Qt::white, 0.22), under = packed(Qt::black, 0.25);
  for (int pass = 0; pass < 2; ++pass) {  // seen on light and on dark
    const double shift = pass == 0 ? 1.0 : 0.0;
    for (int row = 0; row <= tokens.rows; ++row) {
      const double y = std::round(tokens.picture.top() + row * tokens.picture.height() / tokens.rows) + shift;
      list.AddLine(at({tokens.picture.left(), y}), at({tokens.picture.right(), y}), pass == 0 ? under : thin);
    }
    for (int col = 0; col <= tokens.cols; ++col) {
      const double x = std::round(tokens.picture.left() + col * tokens.picture.width() / tokens.cols) + shift;
      list.AddLine(at({x, tokens.picture.top()}), at({x, tokens.picture.bottom()}), pass == 0 ? under : thin);
    }
  }
  for (int i = 0; i < static_cast<int>(tokens.cells.size()); ++i) {
    const auto& cell = tokens.cells[static_cast<std::size_t>(i)];
    const QRectF rect = tokens.cellRect(i);
    if (cell.pinned) {
      list.AddRect(at(rect.topLeft() + QPointF(1.5, 1.5)), at(rect.bottomRight() - QPointF(0.5, 0.5)), packed(model.accent), 2.0f, 0, 2.0f);
      list.AddCircleFilled(at(rect.topLeft() + QPointF(6.5, 6.5)), 2.5f, packed(model.accent), 12);
    }
    if (cell.marked) list.AddRect(at(rect.topLeft() + QPointF(3.5, 3.5)), at(rect.bottomRight() - QPointF(2.5, 2.5)), packed(Qt::white, 0.9), 1.0f, 0, 1.0f);
  }
  for (const int i : tokens.hovered) {
    const QRectF rect = tokens.cellRect(i);
    list.AddRect(at(rect.topLeft()), at(rect.bottomRight() + QPointF(1, 1)), packed(model.text), 0.0f, 0, 1.5f);
  }
  list.PopClipRect();
}

// What the model thinks of the token under the pointer.
void drawTokenCard(ImDrawList& list, const OverlayTokens& tokens, const OverlayModel& model, unsigned atlas) {
  if (tokens.hovered.empty() || tokens.lines.isEmpty()) return;
  double wide = 0.0;
  for (const auto& line : tokens.lines) wide = std::max(wide, static_cast<double>(ImGui::CalcTextSize(line.toUtf8().constData()).x));
  const double height = ImGui::GetTextLineHeight();
  const QRectF card = tokens.cardRect(wide, height);
  list.AddRectFilled(at(card.topLeft()), at(card.bottomRight()), packed(model.back, 1.2), 6.0f);
  QPointF pen = card.topLeft() + QPointF(8, 5);
  for (int i = 0; i < tokens.lines.size(); ++i, pen.ry() += height) {
    list.AddText({static_cast<float>(std::round(pen.x())), static_cast<float>(std::round(pen.y()))}, packed(i == 0 ? model.text : model.dim), tokens.lines[i].toUtf8().constData());
  }
  for (int i = 0; i < static_cast<int>(tokens.candidates.size()); ++i) {
    const auto& candidate = tokens.candidates[static_cast<std::size_t>(i)];
    const QRectF rect = tokens.candidateRect(card, i, height);
    const QRectF bar(rect.left() + kTokenPatchSide + 6.0, rect.bottom() - 4.0, (rect.width() - kTokenPatchSide - 6.0), 3.0);
    if (atlas && tokens.atlas_slot >= 0) {
      const QRectF patch = tokens.patchOf(candidate.code);
      const double w = tokens.atlas_px.width(), h = tokens.atlas_px.height();
      list.AddImage(reinterpret_cast<ImTextureID>(static_cast<std::uintptr_t>(atlas)), at(rect.topLeft()), at(rect.topLeft() + QPointF(kTokenPatchSide, kTokenPatchSide)), at({patch.left() / w, patch.top() / h}),
                    at({patch.right() / w, patch.bottom() / h}));
    }
    list.AddText({static_cast<float>(std::round(bar.left())), static_cast<float>(std::round(rect.top()))}, packed(model.text), candidate.text.toUtf8().constData());
    list.AddRectFilled(at(bar.topLeft()), at(bar.bottomRight()), packed(model.dim, 0.25), 1.5f);
    list.AddRectFilled(at(bar.topLeft()), at(bar.topLeft() + QPointF(std::max(1.0, bar.width() * candidate.probability), bar.height())), packed(model.accent), 1.5f);
  }
}

}  // namespace

void drawOverlay(const OverlayModel& model, const std::function<unsigned(int)>& texture,
                 const std::function<void(QPointF, bool)>& walk_to) {
  ImDrawList& list = *ImGui::GetForegroundDrawList();
  if (model.mask) drawMask(list, *model.mask);
  if (model.tokens) drawTokens(list, *model.tokens, model);
  for (const auto& chip : model.chips) drawChip(list, model, chip);
  if (model.tokens) drawTokenCard(list, *model.tokens, model, model.tokens->atlas_slot >= 0 ? texture(model.tokens->atlas_slot) : 0);
  if (model.pad) {
    const OverlayPad& pad = *model.pad;
    ImGui::SetNextWindowPos(at(pad.rect.topLeft()));
    ImGui::SetNextWindowSize(at({pad.rect.width(), pad.rect.height()}));
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
    ImGui::PushStyleVar(ImGuiStyleVar_WindowMinSize, ImVec2(1, 1));
    ImGui::Begin("pad", nullptr,
                 ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings |
                     ImGuiWindowFlags_NoBackground | ImGuiWindowFlags_NoNav);
    ImGui::InvisibleButton("walk", at({pad.rect.width(), pad.rect.height()}));
    const bool released = ImGui::IsItemDeactivated();
    if (ImGui::IsItemActive() || released) {
      // The map moves under the hand: what was grabbed stays under the cursor.
      const ImVec2 moved = ImGui::GetIO().MouseDelta;
      const double seeds_per_px = pad.seeds_across / pad.rect.width();
      if (moved.x != 0.0f || moved.y != 0.0f || released)
        walk_to({pad.x - moved.x * seeds_per_px, pad.y + moved.y * seeds_per_px}, released);
    }
    ImGui::End();
    ImGui::PopStyleVar(2);
    drawPad(list, model, pad);
  }
  if (model.lens) {
    if (const unsigned id = texture(model.lens->slot)) drawLens(list, model, *model.lens, id);
  }
}

}  // namespace orrery::ui
