// Augmentation that the network is told of: pictures are changed and the changes become a label, so that generated pictures (label 0) stay
// unchanged. Source: Karras et al. 2022 (EDM), appendix F.2 and table 8; operations of Karras et al. 2020 (StyleGAN2-ADA), appendix B.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "engine/config/fields.h"
#include "engine/device/rng.h"
#include "engine/gan/augment_draw.h"

namespace orrery::diffusion {

struct ToldAugmentConfig {
  double p = 0.0;  // 0: off
  // How often each operation acts, as a multiple of p (at most certain); 0: it has no label either.
  double xflip = 0.0, yflip = 0.0, rotate_int = 0.0, translate_int = 0.0;
  double scale = 0.0, rotate_frac = 0.0, aniso = 0.0, translate_frac = 0.0;
  double brightness = 0.0, contrast = 0.0, lumaflip = 0.0, hue = 0.0, saturation = 0.0;
  double translate_int_max = 0.125, scale_std = 0.2, rotate_frac_max = 1.0, aniso_std = 0.2, aniso_rotate = 0.5, translate_frac_std = 0.125;
  double brightness_std = 0.2, contrast_std = 0.5, hue_max = 1.0, saturation_std = 1.0;

  // Labels: 1 each of xflip, yflip, scale, brightness, contrast, lumaflip, saturation; 2 each of the others. 0 when off.
  std::int64_t label_dim() const;
  bool on() const { return p > 0.0; }
};

template <class Visitor>
void visit_fields(Visitor& v, ToldAugmentConfig& c) {
  const auto often = [&](const char* key, double& value, const char* what) { v(key, value, {.help = std::string("how often ") + what + ", as a multiple of p; 0: never", .min = 0, .max = 1e9}); };
  const auto strength = [&](const char* key, double& value, const char* what) { v(key, value, {.help = what, .min = 0, .max = 10}); };
  v("p", c.p, {.help = "probability of each operation, which the network is told of; 0: no augmentation", .min = 0, .max = 1});
  often("xflip", c.xflip, "left and right are swapped");
  often("yflip", c.yflip, "top and bottom are swapped");
  often("rotate_int", c.rotate_int, "the picture is turned by quarters");
  often("translate_int", c.translate_int, "the picture is shifted by whole pixels");
  often("scale", c.scale, "the picture is scaled");
  often("rotate_frac", c.rotate_frac, "the picture is rotated");
  often("aniso", c.aniso, "the picture is stretched");
  often("translate_frac", c.translate_frac, "the picture is shifted");
  often("brightness", c.brightness, "the brightness changes");
  often("contrast", c.contrast, "the contrast changes");
  often("lumaflip", c.lumaflip, "light and dark are swapped");
  often("hue", c.hue, "hues are rotated");
  often("saturation", c.saturation, "the saturation changes");
  strength("translate_int_max", c.translate_int_max, "largest whole-pixel shift, of the side");
  strength("scale_std", c.scale_std, "spread of log2 of the scale");
  strength("rotate_frac_max", c.rotate_frac_max, "largest rotation, of half a turn");
  strength("aniso_std", c.aniso_std, "spread of log2 of the stretch");
  strength("aniso_rotate", c.aniso_rotate, "probability that a stretch has a direction other than the axes");
  strength("translate_frac_std", c.translate_frac_std, "spread of the shift, of the side");
  strength("brightness_std", c.brightness_std, "spread of the brightness");
  strength("contrast_std", c.contrast_std, "spread of log2 of the contrast");
  strength("hue_max", c.hue_max, "largest hue rotation, of half a turn");
  strength("saturation_std", c.saturation_std, "spread of log2 of the saturation");
}

// The random numbers of one picture: whole numbers, uniform in [0, 1) or standard normal, and the uniform number that lets an operation act.
struct ToldDraw {
  gan::Toss xflip, yflip, rotate_int;  // 0, 1; 0, 1; 0 ... 3
  gan::Toss2 translate_int;            // uniform
  gan::Toss scale, rotate_frac;        // normal, uniform
  gan::Toss aniso, aniso_angle;        // normal; uniform, of the direction
  gan::Toss2 translate_frac;           // normal
  gan::Toss brightness, contrast;      // normal
  gan::Toss lumaflip, hue;             // 0, 1; uniform
  gan::Toss saturation;                // normal
  static ToldDraw random(Rng rng);
};

struct Told {
  at::Tensor images, labels;
};
// images [N, 1 or 3, H, W] float32 or float64; one draw per picture. labels [N, label_dim] in the type of the images. rotate_int needs squares.
Told told_augment(const at::Tensor& images, const ToldAugmentConfig& config, const std::vector<ToldDraw>& draws);

}  // namespace orrery::diffusion
