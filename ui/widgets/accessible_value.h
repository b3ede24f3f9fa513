// Makes ValueSlider speak: role, value, range and steps for screen readers.
#pragma once

namespace orrery::ui {

// Once, before the first window.
void installAccessibleFactories();

}  // namespace orrery::ui
