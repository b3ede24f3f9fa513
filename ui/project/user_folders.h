// Where the window keeps what is its own, by the XDG rules (a relative XDG variable counts as unset).
#pragma once

#include <QString>

namespace orrery::ui {

QString dataFolder();    // $XDG_DATA_HOME/orrery: shelf, thumbnails, stores, runs
QString stateFolder();   // $XDG_STATE_HOME/orrery: autosave, recent list, crash mark
QString storesFolder();  // imported data sets
QString runsFolder();    // training runs
QString exportsFolder(); // the person's Pictures folder + Orrery

// "name", or "name-2", "name-3"...: the first of which no file or folder exists. `suffix` as in ".zip", "" for folders.
QString freePath(const QString& folder, const QString& name, const QString& suffix);
// A file name made from any text: letters, digits, - and _ stay, runs of others become one -; never empty.
QString fileNameFrom(const QString& text);

}  // namespace orrery::ui
