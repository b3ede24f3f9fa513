#include "engine/explore/photo_tokens.h"

#include <ATen/ops/lerp.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/where.h>

#include <algorithm>

#include "engine/api/error_scale.h"
#include "engine/explore/control_parts.h"
#include "engine/explore/picture_value.h"
#include "engine/tokens/quantizer.h"

namespace orrery {
namespace {

constexpr std::size_t kMost = 4;
constexpr const char* kGenerated = "generated";
constexpr const char* kReconstruction = "reconstruction";

PhotoView view_named(const std::string& name) {
  return name == kReconstruction ? PhotoView::reconstruction : name == kErrorMap ? PhotoView::error : PhotoView::generated;
}

}  // namespace

void add_photo_controls(std::vector<ControlSpec>& specs, bool causal) {
  const char* section = "Photo";
  static_assert(kErrorWhite == 0.25, "the help below says a quarter");
  specs.push_back(picture_control(ControlKind::photo, "photo", section, "Photo", "A picture to begin with, as the tokens that the tokenizer makes of it. They stay, but for those under the mask and those that are pinned. Drop one here or on the stage."));
  specs.push_back(choice_control("photo.show", section, "Show",
                                 "generated: the photo's tokens, with what is made anew. reconstruction: the photo's tokens alone, decoded. error map: how far that is from the photo, averaged "
                                 "over the colours: black is no difference, white a quarter of the way from black to white, or more.", {kGenerated, kReconstruction, kErrorMap}));
  specs.push_back(picture_control(ControlKind::mask, "photo.mask", section, "Mask", causal ? "Where tokens are made anew: those whose cell it touches; everywhere else those of the photo stay. This model writes row by row: what is made anew fits what stands "
                                              "above it and to its left; the photo's tokens behind it stay too, but the model does not see them. Paint it on the picture (B)."
                                            : "Where tokens are made anew, to fit the others: those whose cell it touches; everywhere else those of the photo stay. Paint it on the picture (B)."));
  specs.push_back(picture_control(ControlKind::photo, "photo.second", section, "Second photo", "Another picture, for what is swapped or blended."));
  specs.push_back(control(ControlKind::toggle, "photo.second.swap", section, "Swap", "The tokens under the mask are those of the second photo, instead of being made anew.", false));
  specs.push_back(ranged(control(ControlKind::slider, "photo.second.blend", section, "Blend", "How far to go from the first photo's codes to the second's, as vectors before the decoder: 0 is the first photo, 1 the second. "
                                 "What is under the mask is not blended.", 0.0), 0.0, 1.0, 0.01));
  specs.push_back(expert(control(ControlKind::toggle, "photo.second.requantise", section, "Requantise", "On the way between two photos, each vector becomes the nearest code before it is decoded: only what the codebook can say.", false)));
}

PhotoTokens::Known PhotoTokens::encoded(const std::string& value) {
  const auto found = std::find_if(known_.begin(), known_.end(), [&](const Known& known) { return known.value == value; });
  if (found == known_.end()) {
    const auto options = net_.tokenizer->parameters().front().options().requires_grad(false);
    const at::Tensor pixels = photo_of_value(value, shape_).to(options);
    known_.push_front({value, pixels, net_.tokens_of(pixels)});
    if (known_.size() > kMost) known_.pop_back();
  } else {
    known_.splice(known_.begin(), known_, found);
  }
  return known_.front();
}

TokenPhoto PhotoTokens::of(const Request& request) {
  TokenPhoto out;
  const std::string value = request.get<std::string>("photo", "");
  if (value.empty()) return out;
  out.view = view_named(request.get<std::string>("photo.show", kGenerated));
  const Known first = encoded(value);
  out.tokens = first.tokens;
  out.pixels = first.pixels;
  const std::int64_t factor = shape_.height_px / net_.rows();
  at::Tensor cells;  // bool [1, 1, rows, cols]: touched by the mask
  if (const std::string mask = request.get<std::string>("photo.mask", ""); !mask.empty()) {
    cells = at::max_pool2d(mask_of_value(mask, shape_).to(first.tokens.device()), {factor, factor}).ge(0.5);
    out.open = cells.flatten(1);
  }
  const std::string other_value = request.get<std::string>("photo.second", "");
  if (other_value.empty()) return out;

  const Known other = encoded(other_value);
  const double t = request.get<double>("photo.second.blend", 0.0);
  const at::Tensor book = net_.tokenizer->codebook();
  const auto vectors_of = [&](const at::Tensor& tokens) { return tokens::look_up(tokens.view({1, net_.rows(), net_.cols()}), book); };
  if (t >= 1.0) {
    out.tokens = other.tokens;
    out.pixels = other.pixels;
  } else if (t > 0.0) {
    const at::Tensor between = at::lerp(vectors_of(first.tokens), vectors_of(other.tokens), t);
    out.tokens = tokens::nearest_codes(between, book).flatten(1);
    if (!request.get<bool>("photo.second.requantise", false)) out.vectors = between;
    out.pixels = at::lerp(first.pixels, other.pixels, t);
  }
  if (!request.get<bool>("photo.second.swap", false)) return out;
  if (cells.defined()) {
    out.tokens = at::where(out.open, other.tokens, out.tokens);
    if (out.vectors.defined()) out.vectors = at::where(tokens::to_rows(cells), vectors_of(other.tokens), out.vectors);
    out.pixels = at::where(cells.repeat_interleave(factor, 2).repeat_interleave(factor, 3), other.pixels, out.pixels);
  }
  out.open.reset();
  return out;
}

}  // namespace orrery
