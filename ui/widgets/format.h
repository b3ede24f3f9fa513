// Numbers, sizes and times as a person reads them, in the person's locale.
#pragma once

#include <QString>
#include <cstdint>

namespace orrery::ui {

QString formatNumber(double value, int decimals);              // fixed decimals: columns stay still
QString formatBytes(std::int64_t bytes);                       // "4.9 MB"
QString formatDuration(double seconds);                        // "8 s", "3 min 20 s", "2 h 05 min"
QString formatAgo(std::int64_t seconds);                       // "just now", "5 min ago", "3 days ago"
QString withUnit(const QString& number, const QString& unit);  // a thin space between, none before % and °
int decimalsFor(double step);                                  // decimals that tell one step from the next
bool parseNumber(const QString& text, double* value);          // in the locale or in C; false leaves *value

}  // namespace orrery::ui
