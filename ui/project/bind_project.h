// Joins the window and the project: the layout is saved with it, the title bar shows its name, what a crash left is offered at the start, and
// what is unsaved is kept when the window closes.
#pragma once

namespace orrery::ui {

class MainWindow;

// Once, when the window shows.
void bindProject(MainWindow& window);

}  // namespace orrery::ui
