// Draws an OverlayModel: by ImGui on the canvas, by QPainter in the software viewer.
#pragma once

#include <functional>

#include "ui/stage/overlay_model.h"

class QImage;
class QPainter;

namespace orrery::ui {

// Inside an ImGui frame. `texture` gives the OpenGL texture of a slot; `walk_to` is called with the place that somebody drags to in the
// pad.
void drawOverlay(const OverlayModel& model, const std::function<unsigned(int slot)>& texture,
                 const std::function<void(QPointF place, bool released)>& walk_to);
void paintOverlay(QPainter& painter, const OverlayModel& model, const std::function<QImage(int slot)>& picture);

}  // namespace orrery::ui
