// A control's value as a person reads and types it.
#pragma once

#include <QString>
#include <optional>

#include "engine/api/value.h"

namespace orrery::ui {

QString valueText(const Value& value);  // "0.75", "12", "on", "1.5; 2" (lists by semicolons: commas may be decimal points)
// The same type as `like`, or nothing when the text is not of that form.
std::optional<Value> valueFromText(const QString& text, const Value& like);

}  // namespace orrery::ui
