// The bytes of a font that Qt uses, for libraries that want a font file.
#pragma once

#include <QByteArray>
#include <QFont>

namespace orrery::render {

// Puts the tables of the resolved font together into one TrueType/OpenType file; empty when it has no outlines.
QByteArray fontFileOf(const QFont& font);

}  // namespace orrery::render
