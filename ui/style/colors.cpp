#include "ui/style/colors.h"

#include <cmath>

namespace orrery::ui {

const QColor& Colors::kind(Kind kind) const {
  switch (kind) {
    case Kind::generator:
      return generator;
    case Kind::denoiser:
      return denoiser;
    case Kind::autoencoder:
      return autoencoder;
    case Kind::token_model:
      return token_model;
  }
  return generator;
}

const Colors& darkColors() {
  static const Colors colors{true,      "#16181d", "#1d2026", "#262a32", "#2f343e", "#333843", "#e6e8ec", "#9aa3b2",
                             "#5d6675", "#f2a65a", "#6cb8ff", "#8fd694", "#d49bff", "#ff6b6b", "#8fd694", "#f2c55a"};
  return colors;
}

const Colors& lightColors() {
  static const Colors colors{false,     "#eef0f3", "#f8f9fb", "#e4e7ec", "#d9dde4", "#ccd1da", "#1b1e24", "#535c6b",
                             "#98a1af", "#a5540a", "#0a62b8", "#2a7431", "#7f3fbf", "#c22f2f", "#2a7431", "#8a6100"};
  return colors;
}

const Colors& colorsOf(const QPalette& palette) { return palette.color(QPalette::Window).lightness() < 128 ? darkColors() : lightColors(); }

double contrast(const QColor& a, const QColor& b) {
  const auto luminance = [](const QColor& color) {
    const auto linear = [](double c) { return c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
  };
  const double la = luminance(a), lb = luminance(b);
  return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

QColor mixed(const QColor& a, const QColor& b, double t) {
  return QColor::fromRgbF(a.redF() + (b.redF() - a.redF()) * t, a.greenF() + (b.greenF() - a.greenF()) * t,
                          a.blueF() + (b.blueF() - a.blueF()) * t, a.alphaF() + (b.alphaF() - a.alphaF()) * t);
}

}  // namespace orrery::ui
