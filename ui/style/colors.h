// The window's colours. A table for dark and one for light; which one holds is read from the palette, so widgets need no global.
#pragma once

#include <QColor>
#include <QPalette>

#include "engine/api/catalogue.h"

namespace orrery::ui {

struct Colors {
  bool dark;
  QColor window, panel, field, hover, line, text, dim, faint;  // faint: disabled text and tick marks, not for reading
  QColor generator, denoiser, autoencoder, token_model;
  QColor danger, good, warning;

  const QColor& kind(Kind kind) const;
};

const Colors& darkColors();
const Colors& lightColors();
// The table in force for a widget's palette.
const Colors& colorsOf(const QPalette& palette);

// Contrast ratio of two opaque colours by WCAG 2.1 (1 to 21).
double contrast(const QColor& a, const QColor& b);
QColor mixed(const QColor& a, const QColor& b, double amount_of_b);

}  // namespace orrery::ui
