// What adaptive augmentation may do to one picture: strengths, and the random numbers of one draw (Karras et al. 2020, appendix B).
#pragma once

#include <array>

#include "engine/config/fields.h"
#include "engine/device/rng.h"

namespace orrery::gan {

// Probability multipliers of the 18 operations (0: never, 1: with probability p; rotation stands for two, the filter for four bands)
// and their strengths.
struct AugmentConfig {
  double xflip = 1, rotate90 = 1, xint = 1;                                            // pixel blitting
  double scale = 1, rotate = 1, aniso = 1, xfrac = 1;                                   // general geometry
  double brightness = 1, contrast = 1, lumaflip = 1, hue = 1, saturation = 1;           // colour
  double imgfilter = 0, noise = 0, cutout = 0;                                          // filtering, corruption
  double xint_max = 0.125, scale_std = 0.2, rotate_max = 1.0, aniso_std = 0.2, xfrac_std = 0.125;
  double brightness_std = 0.2, contrast_std = 0.5, hue_max = 1.0, saturation_std = 1.0;
  std::vector<double> imgfilter_bands = {1, 1, 1, 1};
  double imgfilter_std = 1.0, noise_std = 0.1, cutout_size = 0.5;

  bool geometric() const { return xflip > 0 || rotate90 > 0 || xint > 0 || scale > 0 || rotate > 0 || aniso > 0 || xfrac > 0; }
  bool colours() const { return brightness > 0 || contrast > 0 || lumaflip > 0 || hue > 0 || saturation > 0; }
};

template <class Visitor>
void visit_fields(Visitor& v, AugmentConfig& c) {
  const auto chance = [&](const char* key, double& value, const char* help) { v(key, value, {.help = help, .min = 0, .max = 1}); };
  const auto strength = [&](const char* key, double& value, const char* help) { v(key, value, {.help = help, .min = 0, .max = 10}); };
  chance("xflip", c.xflip, "mirroring: multiplier of p");
  chance("rotate90", c.rotate90, "quarter turns: multiplier of p");
  chance("xint", c.xint, "shifts by whole pixels: multiplier of p");
  chance("scale", c.scale, "scaling: multiplier of p");
  chance("rotate", c.rotate, "rotation before and after stretching: multiplier of p");
  chance("aniso", c.aniso, "stretching: multiplier of p");
  chance("xfrac", c.xfrac, "shifts by fractions of pixels: multiplier of p");
  chance("brightness", c.brightness, "brightness: multiplier of p");
  chance("contrast", c.contrast, "contrast: multiplier of p");
  chance("lumaflip", c.lumaflip, "inverted luminance: multiplier of p");
  chance("hue", c.hue, "hue rotation: multiplier of p");
  chance("saturation", c.saturation, "saturation: multiplier of p");
  chance("imgfilter", c.imgfilter, "amplified frequency bands: multiplier of p");
  chance("noise", c.noise, "added noise: multiplier of p");
  chance("cutout", c.cutout, "a blanked square: multiplier of p");
  strength("xint_max", c.xint_max, "largest whole-pixel shift, of the width");
  strength("scale_std", c.scale_std, "spread of log2 of the scale");
  strength("rotate_max", c.rotate_max, "largest rotation, of half a turn");
  strength("aniso_std", c.aniso_std, "spread of log2 of the stretch");
  strength("xfrac_std", c.xfrac_std, "spread of the fractional shift, of the width");
  strength("brightness_std", c.brightness_std, "spread of the brightness");
  strength("contrast_std", c.contrast_std, "spread of log2 of the contrast");
  strength("hue_max", c.hue_max, "largest hue rotation, of half a turn");
  strength("saturation_std", c.saturation_std, "spread of log2 of the saturation");
  v("imgfilter_bands", c.imgfilter_bands, {.help = "multiplier of p for each of the four frequency bands"});
  strength("imgfilter_std", c.imgfilter_std, "spread of log2 of a band's gain");
  strength("noise_std", c.noise_std, "spread of the noise's strength");
  strength("cutout_size", c.cutout_size, "side of the blanked square, of the picture's");
}

// A raw random number (uniform [0, 1) or standard normal, as the operation asks) and the number that decides whether it acts: it does
// when `on` is below multiplier * p.
struct Toss {
  double value = 0.0;
  double on = 0.0;
};
struct Toss2 {
  std::array<double, 2> value{0.0, 0.0};
  double on = 0.0;
};

// One picture's random numbers, before multipliers, p and strengths are applied to them.
struct AugmentDraw {
  Toss xflip, rotate90;           // uniform
  Toss2 xint;                     // uniform
  Toss scale;                     // normal
  Toss rotate_pre;                // uniform
  Toss aniso;                     // normal
  Toss rotate_post;               // uniform
  Toss2 xfrac;                    // normal
  Toss brightness, contrast;      // normal
  Toss lumaflip, hue;             // uniform
  Toss saturation;                // normal
  std::array<Toss, 4> imgfilter;  // normal
  Toss noise;                     // normal
  Toss2 cutout;                   // uniform

  static AugmentDraw random(Rng rng);
  // Every operation acts, with the q-quantile of its value; normal quantiles lack the factor sqrt(2), as in the recorded cases.
  static AugmentDraw at_percentile(double q);
};

}  // namespace orrery::gan
