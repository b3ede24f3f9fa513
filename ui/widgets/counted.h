// "1 picture" or "1,204 pictures": the number in the person's locale, the word in its right form.
#pragma once

#include <QLocale>
#include <QString>

namespace orrery::ui {

// `many` has %1 where the number goes.
inline QString counted(qint64 n, const QString& one, const QString& many) { return n == 1 ? one : many.arg(QLocale().toString(n)); }

}  // namespace orrery::ui
