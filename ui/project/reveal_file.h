// Shows a file in its folder, by the desktop's file manager.
#pragma once

#include <QString>

namespace orrery::ui {

void revealFile(const QString& path);

}  // namespace orrery::ui
