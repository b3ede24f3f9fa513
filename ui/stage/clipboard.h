// A picture on the clipboard together with what made it.
#pragma once

#include <QImage>
#include <QMimeData>

#include "engine/api/frame.h"
#include "engine/api/model.h"

namespace orrery::ui {

inline constexpr const char* kRequestMime = "application/x-orrery-request+json";

// Image, PNG bytes with the recipe as an uncompressed tEXt chunk (as in an exported file: saved by another program and dropped back, it restores
// the view), and the request itself for pasting back.
QMimeData* pictureMime(const QImage& picture, const Frame& frame, const ModelInfo& model);
// The PNG with `text` under `keyword` right after its header. Both are ASCII.
QByteArray pngWithText(const QImage& picture, const std::vector<std::pair<QByteArray, QByteArray>>& texts);

}  // namespace orrery::ui
